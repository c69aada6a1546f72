#include "daemon/logging.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>

#include "daemon/deliver/plain_text.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

std::atomic<bool> pretty_lines{false};

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view NameOf(LogLevel level) {
  static constexpr std::string_view kNames[] = {"trace", "debug", "info", "warning", "error"};
  return kNames[static_cast<int>(level)];
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("escalationd",
                                                 std::make_shared<spdlog::sinks::stdout_sink_mt>());
    made->set_pattern("%v");
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

Instant Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

// Always with milliseconds, so that columns align.
std::string TimeText(Instant time) {
  char fraction[8];
  std::snprintf(fraction, sizeof(fraction), ".%03dZ", static_cast<int>(time.ms % 1000));
  std::string text = ToText(Instant{time.ms - time.ms % 1000});
  text.pop_back();
  return text + fraction;
}

bool NeedsQuotes(std::string_view text) {
  return text.empty() || text.find_first_of(" \"=\\") != std::string_view::npos;
}

}  // namespace

std::string JsonLogLine(Instant time, LogLevel level, std::string_view message, LogFields fields) {
  std::string out =
      Cat("{\"time\":\"", TimeText(time), "\",\"level\":\"", NameOf(level), "\",\"message\":");
  AppendJsonString(message, &out);
  for (const LogField& field : fields) {
    out.push_back(',');
    AppendJsonString(field.name(), &out);
    out.push_back(':');
    if (field.bare()) {
      out.append(field.text());
    } else {
      AppendJsonString(field.text(), &out);
    }
  }
  out.push_back('}');
  return out;
}

std::string PrettyLogLine(Instant time, LogLevel level, std::string_view message,
                          LogFields fields) {
  static constexpr std::string_view kNames[] = {"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR"};
  std::string out =
      Cat(TimeText(time), " ", kNames[static_cast<int>(level)], " ", OneLine(message));
  std::string_view gap = "  ";
  for (const LogField& field : fields) {
    const std::string text = OneLine(field.text());
    CatTo(&out, gap, field.name(), "=");
    gap = " ";
    if (NeedsQuotes(text)) {
      AppendJsonString(text, &out);
    } else {
      out.append(text);
    }
  }
  return out;
}

void InitLogging(LogLevel level, LogFormat format) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  pretty_lines = format == LogFormat::kPretty || (format == LogFormat::kAuto && terminal);
  SetLogLevel(level);
}

void SetLogLevel(LogLevel level) { Logger().set_level(ToSpdlog(level)); }

bool IsLogged(LogLevel level) { return Logger().should_log(ToSpdlog(level)); }

void LogMessage(LogLevel level, std::string_view message, LogFields fields) {
  if (!IsLogged(level)) return;
  const std::string line = pretty_lines ? PrettyLogLine(Now(), level, message, fields)
                                        : JsonLogLine(Now(), level, message, fields);
  Logger().log(ToSpdlog(level), spdlog::string_view_t(line));
}

}  // namespace escalation
