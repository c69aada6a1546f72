// ops/log_command.h
//
// escalationctl log create|describe|verify: makes the topics of a log on Kafka, tells what a log is
// and how its topics are set, reads a log to its end and checks every record.
//
//   Input       a log's URI; ESCALATION_KAFKA_SETTINGS (daemon/log/open_log.h)
//   Output      `out`: what was made, found or checked, as text or JSON; `err`: errors
//   Errors      exit 1: the log cannot be made or read, or is not as it should be; 2 usage
#pragma once

#include "ops/command.h"

namespace CLI {
class App;
}

namespace escalation {

// `context` outlives the app.
void AddLogCommand(CLI::App& app, CommandContext& context);

}  // namespace escalation
