// daemon/logging.h
//
// The daemon's own log of what it does: JSON lines to standard output, or readable lines on a
// terminal.
//
//   Input       a message that is a constant text, and what varies as fields
//   Output      one line each; flushed at once
//   Invariants  text from outside can neither begin a line nor end a field nor move a cursor
//   Time        the wall clock, for people only
//   Errors      none: what cannot be written is lost
//   Threads     all functions from any thread; InitLogging first, once
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

// kAuto: pretty on a terminal, JSON elsewhere.
enum class LogFormat { kAuto, kJson, kPretty };

// One name and value. Text is copied.
class LogField {
 public:
  LogField(std::string_view name, std::string_view text) : name_(name), text_(text) {}
  LogField(std::string_view name, const char* text) : name_(name), text_(text) {}
  LogField(std::string_view name, const std::string& text) : name_(name), text_(text) {}
  LogField(std::string_view name, Instant t) : name_(name), text_(ToText(t)) {}
  LogField(std::string_view name, Duration d) : name_(name), text_(ToText(d)) {}
  LogField(std::string_view name, bool flag)
      : name_(name), text_(flag ? "true" : "false"), bare_(true) {}
  LogField(std::string_view name, Offset offset) : LogField(name, offset.value) {}
  LogField(std::string_view name, Partition partition) : LogField(name, partition.value) {}
  template <std::integral Int>
  LogField(std::string_view name, Int number)
      : name_(name), text_(std::to_string(number)), bare_(true) {}

  std::string_view name() const { return name_; }
  const std::string& text() const { return text_; }
  // A number or truth value: stands without quotes in JSON.
  bool bare() const { return bare_; }

 private:
  std::string_view name_;
  std::string text_;
  bool bare_ = false;
};

using LogFields = std::initializer_list<LogField>;

// Before it, lines go to standard output as JSON from kInfo on.
void InitLogging(LogLevel level, LogFormat format);
void SetLogLevel(LogLevel level);
bool IsLogged(LogLevel level);

void LogMessage(LogLevel level, std::string_view message, LogFields fields = {});
inline void LogDebug(std::string_view message, LogFields fields = {}) {
  LogMessage(LogLevel::kDebug, message, fields);
}
inline void LogInfo(std::string_view message, LogFields fields = {}) {
  LogMessage(LogLevel::kInfo, message, fields);
}
inline void LogWarning(std::string_view message, LogFields fields = {}) {
  LogMessage(LogLevel::kWarning, message, fields);
}
inline void LogError(std::string_view message, LogFields fields = {}) {
  LogMessage(LogLevel::kError, message, fields);
}

// The two forms of a line, without its end.
//   {"time":"2026-03-11T07:00:00.125Z","level":"info","message":"...","name":"value",...}
//   2026-03-11T07:00:00.125Z INFO  message  name=value name="two words"
std::string JsonLogLine(Instant time, LogLevel level, std::string_view message, LogFields fields);
std::string PrettyLogLine(Instant time, LogLevel level, std::string_view message, LogFields fields);

}  // namespace escalation
