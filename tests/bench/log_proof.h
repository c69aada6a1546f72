// tests/bench/log_proof.h
//
// Shows that an embedded log holds what was acknowledged: each event once, at its offset.
//
//   Input       the directory of a log whose process was killed; the offsets that were acknowledged
//   Output      empty, or the first thing that is wrong
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "daemon/log/embedded_log.h"
#include "escalation/v1/event.pb.h"
#include "state/base/check.h"
#include "state/base/text.h"

namespace escalation {

// `id_of(i)` is the id of the event that got offsets[i]; -1: it was not acknowledged.
inline std::string ProveLog(const std::string& dir, const std::vector<int64_t>& offsets,
                            const std::function<std::string(int64_t)>& id_of) {
  EmbeddedLogOptions options;
  options.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(dir, options);
  if (!log.ok()) return std::string(log.status().message());
  static constexpr Partition kZero{0};
  const Offset end = *(*log)->End(kZero);
  std::vector<std::string> ids(static_cast<size_t>(end.value));
  std::unordered_set<std::string> seen;
  for (Offset from{0}; from < end;) {
    const absl::StatusOr<RecordBatch> batch = (*log)->Read(kZero, from, size_t{1} << 20);
    if (!batch.ok()) return std::string(batch.status().message());
    for (const Record& record : batch->records) {
      v1::Event event;
      if (!event.ParseFromString(record.value)) return Cat("offset ", record.offset, ": no event");
      if (!event.id().empty() && event.origin().source() == "http" &&
          !seen.insert(event.id()).second) {
        return Cat("offset ", record.offset, ": event ", event.id(), " comes again");
      }
      ids[static_cast<size_t>(record.offset.value)] = event.id();
    }
    from = batch->records.back().offset + 1;
  }
  for (size_t i = 0; i < offsets.size(); ++i) {
    if (offsets[i] < 0) continue;
    const std::string id = id_of(static_cast<int64_t>(i));
    if (offsets[i] >= end.value) return Cat("event ", id, ": offset ", offsets[i], " is lost");
    const std::string& found = ids[static_cast<size_t>(offsets[i])];
    if (found != id) return Cat("offset ", offsets[i], ": ", found, ", acknowledged was ", id);
  }
  return "";
}

}  // namespace escalation
