// Marks: up to when everything that the source held is in the log.

#include <algorithm>
#include <utility>

#include "daemon/source/source_reader.h"
#include "daemon/source/source_reader_shared.h"
#include "state/base/text.h"

namespace escalation {

absl::Status SourceReader::Hold() {
  const auto refused = std::make_shared<absl::Status>();
  AppendMark(kInstantMin, refused);
  const std::lock_guard lock(shared_->mutex);
  return *refused;
}

// `fate` is written under the mutex.
void SourceReader::AppendMark(Instant through, std::shared_ptr<absl::Status> fate) {
  v1::Event event;
  event.set_tenant(world_.intake->tenant());
  ToProto(world_.now(), event.mutable_written_at());
  event.mutable_actor()->set_kind(v1::Actor::SYSTEM);
  event.mutable_source_mark()->set_source(world_.intake->source());
  ToProto(through, event.mutable_source_mark()->mutable_through_time());
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->marking = true;
  }
  const auto done = [shared = shared_, fate = std::move(fate),
                     through](const absl::StatusOr<Appended>& appended) {
    const std::lock_guard lock(shared->mutex);
    shared->marking = false;
    if (fate != nullptr) *fate = appended.status();
    if (appended.ok() && through > kInstantMin) {
      shared->status.through = std::max(shared->status.through, through);
    }
  };
  world_.log->Append(options_.partition, event.SerializeAsString(), done);
}

// What a source's own clock dated before T is done in all partitions: those that are read to the
// question's end count as of the question.
Instant SourceReader::ThroughOfBacklog(const Question& question) const {
  Instant through = question.asked;
  for (const auto& [id, end] : question.ends) {
    const Cursor& cursor = cursors_.at(id);
    if (cursor.next >= end) continue;
    if (cursor.stamped == Instant::Past()) return kInstantMin;
    // The next message may be of the same millisecond.
    through = std::min(through, cursor.stamped - Duration{1});
  }
  return std::max(through, kInstantMin);
}

absl::Status SourceReader::AskForMark() {
  std::vector<StreamPartition> ids;
  for (const auto& [id, cursor] : cursors_) ids.push_back(id);
  // Asked before the answer: what comes meanwhile is below the ends too, and does no harm.
  const Instant asked = world_.now();
  const absl::StatusOr<MessageStream::Extents> extents = world_.stream->AskExtents(ids);
  if (!extents.ok()) {
    SuspectAll();
    return extents.status();
  }
  Question question{asked, {}};
  int64_t lag = 0;
  for (const StreamPartition& id : ids) {
    const auto found = extents->find(id);
    const Cursor& cursor = cursors_[id];
    if (found == extents->end() || found->second.end < cursor.next) {
      // Another partition than the one that is read: positions never fall.
      SuspectAll();
      return absl::UnavailableError(Cat(ToText(id), ": ends before what was read of it"));
    }
    question.ends[id] = found->second.end;
    lag += found->second.end - cursor.next;
  }
  if (!question_.has_value()) question_ = std::move(question);
  const std::lock_guard lock(shared_->mutex);
  shared_->status.lag_records = lag;
  return absl::OkStatus();
}

absl::Status SourceReader::Mark() {
  const Instant now = world_.now();
  if (now >= next_mark_ && IsWhole() && assigned_) {
    next_mark_ = now + options_.mark_every;
    if (absl::Status status = AskForMark(); !status.ok()) return status;
    mark_due_ = true;
  }
  if (!question_.has_value()) return absl::OkStatus();
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->marking) return absl::OkStatus();
  }
  const bool reached =
      std::all_of(question_->ends.begin(), question_->ends.end(),
                  [this](const auto& end) { return cursors_.at(end.first).next >= end.second; });
  if (reached) {
    AppendMark(std::exchange(question_, std::nullopt)->asked, nullptr);
  } else if (mark_due_ && moved_) {
    AppendMark(ThroughOfBacklog(*question_), nullptr);
  } else {
    return absl::OkStatus();
  }
  mark_due_ = false;
  moved_ = false;
  return absl::OkStatus();
}

}  // namespace escalation
