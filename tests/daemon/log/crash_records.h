// tests/daemon/log/crash_records.h
//
// What log_crash_writer appends: values that name their round and number, of many sizes, so that
// they end anywhere in the blocks of the write-ahead log.
#pragma once

#include <string>

#include "daemon/log/log.h"
#include "state/base/text.h"

namespace escalation {

inline std::string CrashRecord(int round, int64_t number) {
  std::string value = Cat("round ", round, " record ", number, " ");
  const size_t filling = number % 50 == 49 ? 40'000 : static_cast<size_t>(number * 37 % 300);
  return value.append(filling, static_cast<char>('a' + number % 26));
}

inline PublishedDecision CrashDecision(uint64_t seq) {
  return {seq, Cat("incarnation/0/", seq, "/0"), std::string(seq * 53 % 400, 'd')};
}

}  // namespace escalation
