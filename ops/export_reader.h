// ops/export_reader.h
//
// Reads a helpdesk's export through a mapping.
//
//   Input       JSON texts, one a line; what came with each of them
//   Output      the events in order of occurred_at, those of one moment in the order of the
//               export
//   Invariants  a line that is not mapped, or gives an event that no source would accept or that
//               has no occurred_at, gives none: it is told and, if wanted, copied
//   Errors      those of the mapping's process (kUnavailable, kFailedPrecondition); kDataLoss:
//               the input cannot be read to its end
//   Threads     one thread
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/source/source_message.h"
#include "state/base/instant.h"

namespace escalation {

struct ExportedEvent {
  Instant at;
  v1::Event event;
};

struct ExportCounts {
  int64_t lines = 0;
  int64_t rejected = 0;
};

class ExportReader {
 public:
  // `reject` gets each line that was not taken: its number, itself, and why.
  using Reject =
      std::function<void(int64_t number, const std::string& line, const absl::Status& why)>;

  // `common` is what every line's message has: headers, topic. Borrows `mapping`.
  ExportReader(EventDecoder* mapping, SourceMessage common, std::string tenant, Reject reject);

  absl::Status Read(std::istream& in);

  const ExportCounts& counts() const { return counts_; }
  std::vector<ExportedEvent> TakeSorted();

 private:
  absl::Status Map(const std::string& line);

  EventDecoder& mapping_;
  SourceMessage message_;
  const std::string tenant_;
  const Reject reject_;
  ExportCounts counts_;
  std::vector<ExportedEvent> events_;
};

}  // namespace escalation
