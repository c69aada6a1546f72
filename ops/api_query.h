// ops/api_query.h
//
// What the commands share that ask a running daemon: its address, the tenant, JSON answers, and
// text that is safe on a terminal.
//
//   Errors      GetJson: kUnavailable, the daemon cannot be reached; kNotFound and
//               kInvalidArgument, what the daemon said; kInternal else
//   Threads     one command runs at a time
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/api/http.h"
#include "ops/api_client.h"
#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

struct ApiQuery {
  std::string url = kDefaultApiUrl;
  // As ApiCall has it.
  std::string token_file;
  // Empty: the daemon's default tenant.
  std::string tenant;
};

// --url, --token-file and --tenant; `query` must live as long as the command.
void AddQueryOptions(CLI::App* command, ApiQuery* query);
// --url and --token-file, which must live as long as the command.
void AddAddressOptions(CLI::App* command, std::string* url, std::string* token_file);

// GET of a path that is percent-encoded already, with parameters that are not.
absl::StatusOr<nlohmann::ordered_json> GetJson(const ApiQuery& query, const std::string& path,
                                               HttpPairs params);

// Tells on `err` why `command` failed, and sets the exit code.
void FailQuery(CommandContext& context, std::string_view command, const absl::Status& status);

// Without control characters and line ends; runs of spaces stay.
std::string Printable(std::string_view text);

}  // namespace escalation
