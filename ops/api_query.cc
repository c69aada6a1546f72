#include "ops/api_query.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {

void AddAddressOptions(CLI::App* command, std::string* url, std::string* token_file) {
  command->add_option("--url", *url, "Address of the daemon's HTTP API; unix:PATH for its socket")
      ->option_text("URL")
      ->capture_default_str();
  command->add_option("--token-file", *token_file, "Holds a token; else $ESCALATION_TOKEN does")
      ->option_text("FILE");
}

void AddQueryOptions(CLI::App* command, ApiQuery* query) {
  AddAddressOptions(command, &query->url, &query->token_file);
  command->add_option("--tenant", query->tenant, "Default: the daemon's own default")
      ->option_text("NAME");
}

absl::StatusOr<nlohmann::ordered_json> GetJson(const ApiQuery& query, const std::string& path,
                                               HttpPairs params) {
  if (!query.tenant.empty()) params.emplace_back("tenant", query.tenant);
  ApiCall call;
  call.url = query.url;
  call.token_file = query.token_file;
  call.target = path;
  for (size_t i = 0; i < params.size(); ++i) {
    CatTo(&call.target, i == 0 ? '?' : '&', params[i].first, '=', PercentEncode(params[i].second));
  }
  const absl::StatusOr<ApiReply> reply = CallApi(call);
  if (!reply.ok()) return reply.status();
  if (absl::Status status = ApiStatus(*reply); !status.ok()) return status;
  nlohmann::ordered_json document = nlohmann::ordered_json::parse(reply->body, nullptr, false);
  if (!document.is_object()) {
    return absl::InternalError(Cat("what answers at ", query.url, " is not escalationd"));
  }
  return document;
}

void FailQuery(CommandContext& context, std::string_view command, const absl::Status& status) {
  context.err << "escalationctl " << command << ": " << status.message() << "\n";
  context.exit_code = kExitFailed;
}

std::string Printable(std::string_view text) {
  // OneLine folds runs of spaces, which columns are made of; so it works between them.
  std::string out;
  while (!text.empty()) {
    const size_t spaces = std::min(text.find_first_not_of(' '), text.size());
    out.append(text.substr(0, spaces));
    text.remove_prefix(spaces);
    const size_t word = std::min(text.find(' '), text.size());
    out += OneLine(text.substr(0, word));
    text.remove_prefix(word);
  }
  return out;
}

}  // namespace escalation
