// daemon/source/source_status.h
//
// What one source did since the start, and where it stands: for metrics and for people.
//
//   Threads     values
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "escalation/v1/source.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct SourceStatus {
  enum class Kind { kKafka, kHook };
  std::string name;
  std::string tenant;
  Kind kind = Kind::kKafka;
  // A hook always; a topic while this instance owns the tenant's partition.
  bool reading = false;

  uint64_t messages = 0;
  uint64_t events = 0;
  // Messages that gave no event and no letter: about nothing that policies act on.
  uint64_t ignored = 0;
  // By DeadLetter.Kind.
  std::array<uint64_t, v1::DeadLetter::Kind_ARRAYSIZE> letters = {};
  // Requests whose sender could not be verified.
  uint64_t unverified = 0;
  // Rounds that failed and were tried again: the broker, the log or the dead letters were away.
  uint64_t failures = 0;
  // Records that retention removed before they were read, and how often that was found.
  uint64_t gaps = 0;
  uint64_t records_missed = 0;
  // How often a partition turned out to be another than before.
  uint64_t recreations = 0;

  // Of what is read. Records in the source that are not in the log yet, as last asked; -1: not
  // known.
  int64_t lag_records = -1;
  // Of the latest mark: everything that the source held up to then is in the log. Past(): none yet.
  Instant through = Instant::Past();
};

}  // namespace escalation
