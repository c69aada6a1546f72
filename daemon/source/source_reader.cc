// The loop: reading, decoding, handing over to the log, committing. Positions stand in
// source_reader_positions.cc, marks in source_reader_marks.cc.

#include "daemon/source/source_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/source/source_reader_shared.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr Duration kPollMax{100};
constexpr Duration kLandMax{1'000};
constexpr Duration kPauseMin{50};
constexpr Duration kPauseMax = Duration::Seconds(5);

}  // namespace

SourceReader::SourceReader(SourceReaderOptions options, World world)
    : options_(options), world_(std::move(world)), shared_(std::make_shared<Shared>()) {
  shared_->status.name = world_.intake->source();
  shared_->status.tenant = world_.intake->tenant();
}

SourceStatus SourceReader::Status() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->status;
}

void SourceReader::Tell(SourceNotice::Level level, std::string text) const {
  if (world_.tell) world_.tell({level, std::move(text)});
}

void SourceReader::Stop() {
  std::shared_ptr<AppendFlight> flight;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    flight = shared_->flight;
    shared_->changed.notify_all();
  }
  if (flight != nullptr) flight->Wake();
  world_.stream->Wake();
}

void SourceReader::Run() {
  Duration pause = kPauseMin;
  std::string told;
  for (;;) {
    const absl::Status status = Step(kPollMax);
    std::unique_lock lock(shared_->mutex);
    if (shared_->stopping) break;
    shared_->status.reading = true;
    if (status.ok()) {
      pause = kPauseMin;
      told.clear();
      continue;
    }
    ++shared_->status.failures;
    if (told != status.message()) {
      told = std::string(status.message());
      lock.unlock();
      Tell(SourceNotice::Level::kWarning, told);
      lock.lock();
    }
    shared_->changed.wait_for(lock, std::chrono::milliseconds(pause.ms),
                              [this] { return shared_->stopping; });
    if (shared_->stopping) break;
    pause = std::min(pause * 2, kPauseMax);
  }
  Finish();
}

void SourceReader::Finish() {
  if (flight_ != nullptr && flight_->Wait(kLandMax)) Land({0}).IgnoreError();
  // What is not committed is read again, and dropped.
  Commit(false).IgnoreError();
  const std::lock_guard lock(shared_->mutex);
  shared_->status.reading = false;
}

bool SourceReader::IsIdle() const {
  return waiting_.empty() && waiting_ends_.empty() && filled_.empty() && filled_progress_.empty() &&
         !IsFlying();
}

absl::Status SourceReader::Step(Duration wait) {
  if (absl::Status status = Discover(); !status.ok()) return status;
  // While a batch is under way the next one is made ready; it does not wait for messages.
  absl::Status filled = Fill(IsFlying() || !IsIdle() ? Duration{0} : wait);
  if (IsFlying()) {
    if (absl::Status status = Land(wait); !status.ok()) return status;
  }
  if (!IsFlying()) Launch();
  if (!filled.ok()) return filled;
  if (absl::Status status = Mark(); !status.ok()) return status;
  const Instant now = world_.now();
  const bool renew = now >= next_renewal_;
  if (!renew && now < next_commit_) return absl::OkStatus();
  next_commit_ = now + options_.commit_every;
  if (renew) next_renewal_ = now + options_.renew_every;
  return Commit(renew);
}

// Polls if nothing waits, and decodes what does, up to one batch.
absl::Status SourceReader::Fill(Duration wait) {
  if (waiting_.empty() && filled_progress_.empty() && assigned_ && IsKnown()) {
    MessageStream::Polled polled =
        world_.stream->Poll(wait, options_.batch_messages_max, options_.batch_bytes_max);
    Keep(std::move(polled));
  }
  while (!waiting_.empty()) {
    if (absl::Status status = Take(waiting_.front()); !status.ok()) return status;
    waiting_.pop_front();
  }
  for (const auto& [id, end] : waiting_ends_) {
    Progress& progress = filled_progress_[id];
    progress.next = std::max(progress.next, end);
  }
  waiting_ends_.clear();
  return absl::OkStatus();
}

// What comes of a partition that must be known again is read again.
void SourceReader::Keep(MessageStream::Polled polled) {
  const auto is_suspect = [this](const StreamPartition& id) {
    const auto found = cursors_.find(id);
    return found == cursors_.end() || found->second.suspect;
  };
  for (StreamedMessage& message : polled.messages) {
    if (is_suspect({message.message.topic, message.message.partition})) continue;
    waiting_.push_back(std::move(message));
  }
  for (const auto& [id, end] : polled.ends) {
    if (!is_suspect(id)) waiting_ends_[id] = end;
  }
  for (const auto& [id, why] : polled.lost) {
    if (IsGone(id)) continue;
    Tell(SourceNotice::Level::kWarning, Cat(ToText(id), ": ", why));
    SuspectAll();
  }
}

v1::Origin SourceReader::OriginOf(const SourceMessage& message) const {
  v1::Origin origin;
  origin.set_source(world_.intake->source());
  const auto cursor = cursors_.find({message.topic, message.partition});
  const int generation = cursor == cursors_.end() ? 1 : cursor->second.note.generation;
  origin.set_generation(GenerationName(message.topic, generation));
  origin.set_partition(message.partition);
  origin.set_offset(message.offset);
  origin.set_positioned(true);
  return origin;
}

absl::Status SourceReader::Take(const StreamedMessage& streamed) {
  const SourceMessage& message = streamed.message;
  absl::StatusOr<Intake> intake = world_.intake->Take(message, OriginOf(message));
  if (!intake.ok()) return intake.status();
  if (intake->letter.has_value()) {
    if (absl::Status status = PutLetter(*std::move(intake->letter)); !status.ok()) return status;
  }
  const auto kept = std::make_shared<const SourceMessage>(message);
  for (const v1::Event& event : intake->events) {
    filled_.push_back({event.SerializeAsString(), kept});
  }
  Progress& progress = filled_progress_[{message.topic, message.partition}];
  progress.next = message.offset + 1;
  progress.last = kept;
  progress.stamped = streamed.stamped_by_broker ? message.stamped : Instant::Past();
  const std::lock_guard lock(shared_->mutex);
  ++shared_->status.messages;
  shared_->status.events += intake->events.size();
  if (intake->events.empty() && !intake->letter.has_value()) ++shared_->status.ignored;
  return absl::OkStatus();
}

absl::Status SourceReader::PutLetter(v1::DeadLetter letter) {
  const absl::StatusOr<int64_t> position = world_.letters->Put(letter);
  if (!position.ok()) return position.status();
  Tell(SourceNotice::Level::kWarning,
       Cat(letter.topic(), '[', letter.partition(), "]@", letter.offset(), ": dead letter ",
           *position, ": ", letter.reason(), " (", letter.value().size(), " bytes)"));
  const std::lock_guard lock(shared_->mutex);
  ++shared_->status.letters[letter.kind()];
  return absl::OkStatus();
}

// What was made ready goes to the log; what needs no event is done.
void SourceReader::Launch() {
  if (!waiting_.empty()) return;  // Half a batch: a message of it could not be decoded yet.
  if (filled_progress_.empty()) return;
  flying_ = std::exchange(filled_progress_, {});
  std::vector<FlightItem> items = std::exchange(filled_, {});
  if (items.empty()) {
    Settle(std::exchange(flying_, {}));
    return;
  }
  Fly(std::move(items));
}

// What a failed event is handed over as again; nothing: its message became a letter.
absl::StatusOr<std::optional<FlightItem>> SourceReader::Again(AppendFlight::Failed failed) {
  if (!absl::IsInvalidArgument(failed.why)) {
    if (!failed.overtaken) return std::move(failed.item);
    // Behind one of a higher offset the fold would drop it: from here on its id tells it apart.
    v1::Event event;
    event.ParseFromString(failed.item.value);
    event.mutable_origin()->set_positioned(false);
    failed.item.value = event.SerializeAsString();
    return std::move(failed.item);
  }
  const SourceMessage& message = *failed.item.message;
  absl::Status status = PutLetter(world_.intake->LetterOf(
      message, OriginOf(message), v1::DeadLetter::NOT_ACCEPTED,
      Cat("the log does not take an event of it: ", std::string(failed.why.message()))));
  if (!status.ok()) return status;
  return std::nullopt;
}

absl::Status SourceReader::Land(Duration timeout) {
  if (flight_ == nullptr) return Relaunch();
  if (!flight_->Wait(timeout)) return absl::OkStatus();
  failed_ = flight_->TakeFailed();
  flight_ = nullptr;
  // They are handed over again with the next round, after a pause.
  if (!failed_.empty()) return failed_.front().why;
  Settle(std::exchange(flying_, {}));
  return absl::OkStatus();
}

absl::Status SourceReader::Relaunch() {
  std::vector<FlightItem> items;
  for (size_t i = 0; i < failed_.size(); ++i) {
    absl::StatusOr<std::optional<FlightItem>> again = Again(failed_[i]);
    if (!again.ok()) {
      // Those before it are as they were, but for letters, which are put once.
      failed_.erase(failed_.begin(), failed_.begin() + static_cast<ptrdiff_t>(i));
      for (size_t k = items.size(); k-- > 0;) {
        failed_.insert(failed_.begin(), {std::move(items[k]), again.status(), false});
      }
      return again.status();
    }
    if (again->has_value()) items.push_back(**std::move(again));
  }
  failed_.clear();
  if (items.empty()) {
    Settle(std::exchange(flying_, {}));
  } else {
    Fly(std::move(items));
  }
  return absl::OkStatus();
}

void SourceReader::Fly(std::vector<FlightItem> items) {
  flight_ = AppendFlight::Launch(world_.log, options_.partition, std::move(items));
  const std::lock_guard lock(shared_->mutex);
  shared_->flight = flight_;
}

void SourceReader::Settle(const Progresses& progress) {
  for (const auto& [id, done] : progress) {
    const auto found = cursors_.find(id);
    if (found == cursors_.end()) continue;
    Cursor& cursor = found->second;
    moved_ |= done.next > cursor.next;
    cursor.next = std::max(cursor.next, done.next);
    if (done.last == nullptr) continue;
    cursor.note.last = done.last->offset;
    cursor.note.fingerprint = FingerprintOf(*done.last);
    cursor.stamped = done.stamped;
  }
}

absl::Status SourceReader::Commit(bool all) {
  MessageStream::Positions positions;
  for (const auto& [id, cursor] : cursors_) {
    if (!cursor.resolved || cursor.suspect) continue;
    if (!all && cursor.committed == cursor.next) continue;
    positions[id] = {cursor.next, ToText(cursor.note)};
  }
  if (positions.empty()) return absl::OkStatus();
  if (absl::Status status = world_.stream->Commit(positions); !status.ok()) return status;
  for (const auto& [id, position] : positions) cursors_[id].committed = position.offset;
  return absl::OkStatus();
}

}  // namespace escalation
