// ops/manual_record.h
//
// What a person asks for by hand: one event, sent to the daemon, and what became of it.
//
//   Input       the event's body and ticket; who asks
//   Output      the decisions of its record and the outcomes of its pages
//   Invariants  1. the same --id and content is taken once, however often it is sent
//               2. exit 0 says that it is done: what the daemon flags, and a page that does not
//                  arrive, are failures
//   Time        waits for the fold and for outcomes, --wait seconds at most
//   Errors      as ops/api_client.h
//   Threads     one command runs at a time; blocks
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "escalation/v1/event.pb.h"
#include "ops/api_query.h"
#include "ops/command.h"
#include "ops/decision_output.h"

namespace escalation {

struct ManualOptions {
  ApiQuery query;
  // Who asks.
  std::string by;
  // Of the event; empty: one of its own.
  std::string id;
  std::string reason;
  int wait_s = 30;
  OutputForm form = OutputForm::kTable;
};

// --by, --id, --wait, -o and those of a query; `options` must live as long as the
// command.
void AddManualOptions(CLI::App* command, ManualOptions* options);

std::string WhoAsks(const ManualOptions& options);

// Sixteen hexadecimal digits that were never drawn before.
std::string RandomName();

// The daemon's answer to GET /v1/records/OFFSET once the fold has come to it and every page that it
// asks for has an outcome, or the time is over; printed, with the exit code set.
// False: it is not done.
bool SendManual(const ManualOptions& options, std::string_view command, v1::Event event,
                CommandContext& context);

}  // namespace escalation
