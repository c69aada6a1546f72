// state/base/check.h
//
// Invariants of our own that stay on in every build. A failure prints the place, the condition and
// the values, and aborts: a restart replays the log. MUST NOT guard anything that a producer can
// send.
#pragma once

#include <string>

namespace escalation::internal {
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              const std::string& values);
}  // namespace escalation::internal

#define ESCALATION_CHECK(condition, values)                                          \
  do {                                                                               \
    if (!(condition)) [[unlikely]]                                                   \
      ::escalation::internal::CheckFailed(__FILE__, __LINE__, #condition, (values)); \
  } while (false)
