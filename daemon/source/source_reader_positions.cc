// Which partitions there are, and where each is read from.

#include <algorithm>
#include <utility>

#include "daemon/source/source_reader.h"
#include "daemon/source/source_reader_shared.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// A topic that is not there is looked for.
constexpr Duration kMissingEvery = Duration::Seconds(1);

std::string Joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) CatTo(&out, out.empty() ? "" : ", ", text);
  return out;
}

// Nobody can undo the reading of a message, so the events must be those of the log, as far as it
// has them.
Evidence Compare(const std::vector<v1::Event>& events, const std::vector<std::string>& in_log) {
  if (in_log.empty() || in_log.size() > events.size()) return Evidence::kOther;
  for (size_t i = 0; i < in_log.size(); ++i) {
    if (events[i].id() != in_log[i]) return Evidence::kOther;
  }
  return Evidence::kSame;
}

}  // namespace

bool SourceReader::IsKnown() const {
  return std::all_of(cursors_.begin(), cursors_.end(), [this](const auto& entry) {
    const auto& [id, cursor] = entry;
    return (cursor.resolved && !cursor.suspect) || IsGone(id);
  });
}

bool SourceReader::IsGone(const StreamPartition& id) const {
  return std::find(missing_topics_.begin(), missing_topics_.end(), id.topic) !=
         missing_topics_.end();
}

bool SourceReader::IsWhole() const { return discovered_ && missing_topics_.empty() && IsKnown(); }

// A topic that is deleted and created anew at once is seen by nothing but errors on the way.
void SourceReader::SuspectAll() {
  for (auto& [id, cursor] : cursors_) cursor.suspect = true;
  next_discovery_ = Instant::Past();
}

absl::Status SourceReader::Discover() {
  const Instant now = world_.now();
  if (now >= next_discovery_) {
    absl::StatusOr<MessageStream::Partitions> there = world_.stream->Discover();
    if (there.ok()) {
      next_discovery_ = now + (there->missing.empty() ? options_.discover_every : kMissingEvery);
      const bool changed = there->missing != missing_topics_;
      missing_topics_ = std::move(there->missing);
      if (changed && !missing_topics_.empty()) {
        Tell(SourceNotice::Level::kWarning,
             Cat("topics that are not there: ", Joined(missing_topics_)));
      }
      // It may come back as another. It stays assigned, since librdkafka 2.0 never ends a client
      // that gave up a topic that is not there; what comes of it until it is known is dropped.
      for (auto& [id, cursor] : cursors_) cursor.suspect |= IsGone(id);
      discovered_ = true;
      for (const StreamPartition& id : there->found) cursors_.try_emplace(id);
    } else if (!discovered_) {
      return there.status();
    }
  }
  if (cursors_.empty()) {
    next_discovery_ = Instant::Past();
    return absl::UnavailableError(Cat("topics that are not there: ", Joined(missing_topics_)));
  }
  if ((IsKnown() && assigned_) || !IsIdle()) return absl::OkStatus();
  return ResolveAll();
}

absl::Status SourceReader::ResolveAll() {
  assigned_ = false;
  // An answer to it could count partitions that are others by now.
  question_.reset();
  std::vector<StreamPartition> ids;
  for (const auto& [id, cursor] : cursors_) {
    // All: where one partition is another now, the rest of its topic may be too.
    if (!IsGone(id)) ids.push_back(id);
  }
  const absl::StatusOr<MessageStream::Extents> extents = world_.stream->AskExtents(ids);
  if (!extents.ok()) return extents.status();
  const absl::StatusOr<MessageStream::Positions> committed = world_.stream->Committed(ids);
  if (!committed.ok()) return committed.status();
  const SourceHistory history(world_.state, world_.log, options_.partition, world_.intake->tenant(),
                              world_.intake->source());
  std::map<StreamPartition, KnownPosition> known;
  for (const StreamPartition& id : ids) {
    const auto extent = extents->find(id);
    if (extent == extents->end()) return absl::UnavailableError(Cat(ToText(id), ": is not there"));
    KnownPosition& position = known[id];
    position.extent = extent->second;
    const Cursor& cursor = cursors_[id];
    const auto found = committed->find(id);
    if (cursor.resolved) {
      position.committed = {cursor.next, ToText(cursor.note)};
    } else if (found != committed->end()) {
      position.committed = found->second;
    }
    auto folded = history.Highest(id);
    if (!folded.ok()) return folded.status();
    position.folded = *folded;
  }
  // A partition that comes later is read from its beginning: nobody saw what it held till then.
  const bool first_time =
      std::all_of(known.begin(), known.end(),
                  [](const auto& entry) {
                    return !entry.second.committed.has_value() && !entry.second.folded.has_value();
                  }) &&
      known.size() == cursors_.size();
  for (auto& [id, position] : known) {
    if (first_time && options_.start == SourceStart::kLatest) {
      position.extent.begin = position.extent.end;
    }
    if (absl::Status status = ResolveOne(id, position, history); !status.ok()) return status;
  }
  std::map<StreamPartition, int64_t> from;
  for (const auto& [id, cursor] : cursors_) {
    if (cursor.resolved) from[id] = cursor.next;
  }
  if (absl::Status status = world_.stream->Assign(from); !status.ok()) return status;
  assigned_ = true;
  return Commit(false);
}

absl::Status SourceReader::ResolveOne(const StreamPartition& id, const KnownPosition& known,
                                      const SourceHistory& history) {
  const absl::StatusOr<Evidence> evidence = Look(id, known, history);
  if (!evidence.ok()) return evidence.status();
  const ResolvedPosition resolved = Resolve(known, *evidence);
  if (absl::Status status = ReportGap(id, resolved); !status.ok()) return status;
  if (resolved.recreated) {
    Tell(SourceNotice::Level::kWarning,
         Cat(ToText(id), ": another partition than the one that was read before; generation ",
             resolved.generation, " is read from offset ", resolved.offset));
    const std::lock_guard lock(shared_->mutex);
    ++shared_->status.recreations;
  } else if (resolved.first) {
    Tell(SourceNotice::Level::kInfo,
         Cat(ToText(id), ": read for the first time, from offset ", resolved.offset, " of ",
             known.extent.begin, " to ", known.extent.end));
  }
  Cursor& cursor = cursors_[id];
  cursor.resolved = true;
  cursor.suspect = false;
  cursor.note = resolved.note;
  cursor.next = resolved.offset;
  cursor.committed = -1;
  cursor.stamped = Instant::Past();
  return absl::OkStatus();
}

absl::StatusOr<Evidence> SourceReader::Look(const StreamPartition& id, const KnownPosition& known,
                                            const SourceHistory& history) {
  const Witness witness = WitnessOf(known);
  if (witness.by == Witness::By::kNone) return Evidence::kNotAsked;
  const auto found = world_.stream->ReadAt(id, witness.offset);
  if (!found.ok()) return found.status();
  if (!found->has_value() || (*found)->message.offset != witness.offset) return Evidence::kGone;
  const SourceMessage& message = (*found)->message;
  if (witness.by == Witness::By::kFingerprint) {
    const auto note = ParsePositionNote(known.committed->note);
    return FingerprintOf(message) == note->fingerprint ? Evidence::kSame : Evidence::kOther;
  }
  const absl::StatusOr<std::vector<std::string>> in_log = history.EventIds(id, *known.folded);
  if (!in_log.ok()) return in_log.status();
  const absl::StatusOr<Intake> intake = world_.intake->Take(message, OriginOf(message));
  if (!intake.ok()) return intake.status();
  return Compare(intake->events, *in_log);
}

absl::Status SourceReader::ReportGap(const StreamPartition& id, const ResolvedPosition& resolved) {
  if (resolved.missed_from == resolved.missed_to) return absl::OkStatus();
  SourceMessage place;
  place.topic = id.topic;
  place.partition = id.partition;
  place.offset = resolved.missed_from;
  place.stamped = world_.now();
  v1::Origin origin = OriginOf(place);
  origin.set_generation(GenerationName(id.topic, resolved.generation));
  const int64_t count = resolved.missed_to - resolved.missed_from;
  const std::string reason =
      Cat("a gap: ", count, " records from offset ", resolved.missed_from, " to ",
          resolved.missed_to - 1, " were removed from the topic before they were read");
  Tell(SourceNotice::Level::kError, Cat(ToText(id), ": ", reason));
  {
    const std::lock_guard lock(shared_->mutex);
    ++shared_->status.gaps;
    shared_->status.records_missed += static_cast<uint64_t>(count);
  }
  return PutLetter(world_.intake->LetterOf(place, origin, v1::DeadLetter::UNREADABLE, reason));
}

}  // namespace escalation
