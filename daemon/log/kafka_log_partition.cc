#include "daemon/log/kafka_log_partition.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/log/deadline.h"
#include "daemon/log/kafka_reader.h"
#include "daemon/log/kafka_topics.h"
#include "daemon/log/log_bounds.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Of one call of librdkafka; more come with the next.
constexpr size_t kTakeMax = 4096;

}  // namespace

struct KafkaLogPartition::Reader {
  std::unique_ptr<KafkaReader> kafka;
  // What the next record given out has at least; empty: it was not moved anywhere yet.
  std::optional<Offset> next;
  // The append time of the latest record before `next`; empty: still to be found.
  std::optional<Instant> latest;
  std::vector<KafkaMessage> taken;
  // Index into `taken` of the next one.
  size_t at = 0;
  // Why nothing comes.
  std::string trouble;
};

KafkaLogPartition::KafkaLogPartition(const KafkaSettings& settings, const KafkaAdmin* admin,
                                     Options options, Offset end)
    : settings_(settings),
      admin_(admin),
      options_(std::move(options)),
      name_(Cat(options_.topic, "[", options_.partition, "]")),
      end_(end) {}

KafkaLogPartition::~KafkaLogPartition() = default;

absl::StatusOr<Offset> KafkaLogPartition::Begin() const {
  const auto marks = admin_->Watermarks(options_.topic, options_.partition.value);
  if (!marks.ok()) return marks.status();
  return Offset{marks->begin};
}

absl::StatusOr<Offset> KafkaLogPartition::End() {
  {
    const std::lock_guard lock(mutex_);
    if (read_) {
      for (const auto& reader : readers_) {
        end_ = std::max(end_, Offset{reader->kafka->CachedEnd()});
      }
      return end_;
    }
  }
  const auto marks = admin_->Watermarks(options_.topic, options_.partition.value);
  if (!marks.ok()) return marks.status();
  NoteEnd(marks->end);
  return KnownEnd();
}

Offset KafkaLogPartition::KnownEnd() {
  const std::lock_guard lock(mutex_);
  for (const auto& reader : readers_) end_ = std::max(end_, Offset{reader->kafka->CachedEnd()});
  return end_;
}

void KafkaLogPartition::NoteEnd(int64_t end) {
  const std::lock_guard lock(mutex_);
  end_ = std::max(end_, Offset{end});
}

bool KafkaLogPartition::Acknowledged(Offset offset) {
  {
    const std::lock_guard lock(mutex_);
    if (offset < acknowledged_) return false;
    acknowledged_ = offset + 1;
    end_ = std::max(end_, acknowledged_);
  }
  Notify();
  return true;
}

void KafkaLogPartition::Notify() {
  const std::lock_guard lock(signal_mutex_);
  ++signals_;
  signal_.notify_all();
}

void KafkaLogPartition::Stop() {
  const std::lock_guard lock(signal_mutex_);
  stopped_ = true;
  ++signals_;
  signal_.notify_all();
}

uint64_t KafkaLogPartition::signals() {
  const std::lock_guard lock(signal_mutex_);
  return signals_;
}

bool KafkaLogPartition::WaitForSignal(uint64_t seen,
                                      std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(signal_mutex_);
  return signal_.wait_until(lock, deadline, [&] { return signals_ != seen; });
}

bool KafkaLogPartition::stopped() {
  const std::lock_guard lock(signal_mutex_);
  return stopped_;
}

void KafkaLogPartition::Gather(Offset from) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(readers_.begin(), readers_.end(),
                                  [from](const auto& reader) { return reader->next == from; });
  if (found == readers_.end() || (*found)->taken.size() >= kTakeMax) return;
  (*found)->kafka->Take(kTakeMax, &(*found)->taken);
}

bool KafkaLogPartition::WaitFor(Offset seen, absl::Duration timeout) {
  const auto deadline = DeadlineAfter(timeout);
  // Somebody must be reading there for the end to become known.
  absl::StatusOr<std::unique_ptr<Reader>> reader = Borrow(std::min(seen, KnownEnd()));
  if (reader.ok()) Return(*std::move(reader));
  while (true) {
    const uint64_t signalled = signals();
    Gather(seen);
    if (KnownEnd() > seen) return true;
    if (stopped() || !WaitForSignal(signalled, deadline)) return KnownEnd() > seen;
  }
}

absl::StatusOr<std::unique_ptr<KafkaLogPartition::Reader>> KafkaLogPartition::NewReader() {
  KafkaReaderOptions options;
  options.client_id = Cat("escalation-log-", options_.partition);
  options.topic = options_.topic;
  options.partition = options_.partition.value;
  options.prefetch_bytes = options_.prefetch_bytes;
  options.ready = [this] { Notify(); };
  auto kafka = KafkaReader::Open(settings_, std::move(options));
  if (!kafka.ok()) return kafka.status();
  auto reader = std::make_unique<Reader>();
  reader->kafka = *std::move(kafka);
  return reader;
}

absl::StatusOr<std::unique_ptr<KafkaLogPartition::Reader>> KafkaLogPartition::Borrow(Offset from) {
  std::unique_ptr<Reader> reader;
  {
    const std::lock_guard lock(mutex_);
    auto found = std::find_if(readers_.begin(), readers_.end(),
                              [from](const auto& other) { return other->next == from; });
    // The first one was not used for longest.
    if (found == readers_.end() && readers_.size() >= kReadersMax) found = readers_.begin();
    if (found != readers_.end()) {
      reader = std::move(*found);
      readers_.erase(found);
    }
  }
  if (reader == nullptr) {
    auto created = NewReader();
    if (!created.ok()) return created.status();
    reader = *std::move(created);
  }
  if (reader->next == from) return reader;
  if (absl::Status status = Move(reader.get(), from); !status.ok()) return status;
  return reader;
}

void KafkaLogPartition::Return(std::unique_ptr<Reader> reader) {
  std::unique_ptr<Reader> dropped;
  const std::lock_guard lock(mutex_);
  read_ = true;
  end_ = std::max(end_, Offset{reader->kafka->CachedEnd()});
  readers_.push_back(std::move(reader));
  if (readers_.size() <= kReadersMax) return;
  dropped = std::move(readers_.front());
  readers_.erase(readers_.begin());
}

absl::Status KafkaLogPartition::Move(Reader* reader, Offset from) {
  const auto marks = admin_->Watermarks(options_.topic, options_.partition.value);
  if (!marks.ok()) return marks.status();
  NoteEnd(marks->end);
  if (!CheckPosition(options_.topic, options_.partition, from, Offset{marks->begin}, KnownEnd())
           .ok()) {
    return WhyNotThere(from);
  }
  reader->next = from;
  reader->taken.clear();
  reader->at = 0;
  reader->trouble.clear();
  // The record before says from when on append times must not fall.
  const bool has_previous = from.value > marks->begin;
  reader->latest = has_previous ? std::nullopt : std::optional(Instant::Past());
  return reader->kafka->Start(has_previous ? from.value - 1 : from.value);
}

absl::StatusOr<Instant> KafkaLogPartition::LatestBefore(Offset from, Instant previous) const {
  const auto later =
      admin_->OffsetAt(options_.topic, options_.partition.value, previous + Duration{1});
  if (!later.ok()) return later.status();
  if (*later < 0 || *later >= from.value) return previous;
  // The broker's clock was set back in between. Rare enough to read what lies between again.
  KafkaReaderOptions options;
  options.topic = options_.topic;
  options.partition = options_.partition.value;
  options.prefetch_bytes = options_.prefetch_bytes;
  auto reader = WaitingKafkaReader::Open(settings_, std::move(options));
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->Start(*later); !status.ok()) return status;
  while (true) {
    auto messages = (*reader)->Next(kTakeMax, kAnswerMax);
    if (!messages.ok()) return messages.status();
    for (const KafkaMessage& message : *messages) {
      if (message.offset() < from.value) previous = std::max(previous, message.timestamp());
      if (message.offset() + 1 >= from.value) return previous;
    }
  }
}

absl::Status KafkaLogPartition::Check(const KafkaMessage& message) const {
  if (message.timestamp_type() != KafkaTimestamp::kLogAppendTime) {
    return absl::FailedPreconditionError(
        Cat(name_, ": offset ", message.offset(),
            " was not dated by the broker, expected message.timestamp.type=LogAppendTime\n  hint: "
            "only escalationd may write to the log, and the topic's setting must stay"));
  }
  const std::optional<std::string_view> incarnation = message.header(kIncarnationHeader);
  if (incarnation == options_.incarnation && message.value().has_value()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      Cat(name_, ": offset ", message.offset(), " was ",
          incarnation ? Cat("written to log ", ToHex(*incarnation)) : "not written by escalationd",
          ", expected records of log ", ToHex(options_.incarnation),
          "\n  hint: the topic was made anew, or somebody else writes to it"));
}

absl::Status KafkaLogPartition::WhyNotThere(Offset from) const {
  const auto marks = admin_->Watermarks(options_.topic, options_.partition.value);
  if (!marks.ok()) return absl::UnavailableError(std::string(marks.status().message()));
  absl::StatusOr<std::string> found = std::string();
  if (marks->begin < marks->end) {
    found = ReadIncarnation(settings_, *admin_, options_.topic, options_.partition.value);
    if (!found.ok()) return absl::UnavailableError(std::string(found.status().message()));
  }
  if (*found != options_.incarnation) {
    return absl::FailedPreconditionError(
        Cat(name_, ": the topic was made anew: it ",
            found->empty() ? "holds no record" : Cat("begins with log ", ToHex(*found)),
            ", expected log ", ToHex(options_.incarnation), " with offset ", from,
            "\n  hint: the records of the old topic are gone with it, unless an archive has them; "
            "a state_dir belongs to one log"));
  }
  const Offset begin{marks->begin};
  const Offset end{marks->end};
  const absl::Status status = CheckPosition(options_.topic, options_.partition, from, begin, end);
  // It is there by now.
  if (status.ok()) return absl::UnavailableError(Cat(name_, ": offset ", from, " was not there"));
  return absl::OutOfRangeError(
      Cat(std::string(status.message()), "\n  hint: ",
          from < begin ? "retention removed records that were not read yet"
                       : "the topic was truncated: records that were acknowledged are lost"));
}

absl::Status KafkaLogPartition::Drain(Reader* reader, size_t bytes_max, RecordBatch* batch) {
  size_t bytes = 0;
  for (const Record& record : batch->records) bytes += record.value.size();
  while (true) {
    if (reader->at == reader->taken.size()) {
      reader->taken.clear();
      reader->at = 0;
      if (reader->kafka->Take(kTakeMax, &reader->taken) == 0) return absl::OkStatus();
    }
    const KafkaMessage& message = reader->taken[reader->at];
    if (absl::Status status = message.status(); !status.ok()) {
      if (absl::IsDataLoss(status)) return status;
      if (absl::IsOutOfRange(status)) {
        const Offset from = *reader->next;
        // Nothing comes to this reader any more.
        reader->next.reset();
        return WhyNotThere(from);
      }
      reader->trouble = std::string(status.message());
      ++reader->at;
      continue;
    }
    if (absl::Status status = Check(message); !status.ok()) return status;
    if (!reader->latest) {
      const absl::StatusOr<Instant> latest = message.offset() < reader->next->value
                                                 ? LatestBefore(*reader->next, message.timestamp())
                                                 : absl::StatusOr<Instant>(Instant::Past());
      if (!latest.ok()) return latest.status();
      reader->latest = *latest;
    }
    if (message.offset() >= reader->next->value) {
      const std::string_view value = *message.value();
      if (!batch->records.empty() && bytes + value.size() > bytes_max) return absl::OkStatus();
      bytes += value.size();
      reader->latest = std::max(*reader->latest, message.timestamp());
      batch->records.push_back({Offset{message.offset()}, *reader->latest, std::string(value)});
      reader->next = Offset{message.offset()} + 1;
      reader->trouble.clear();
    }
    ++reader->at;
    if (bytes >= bytes_max && !batch->records.empty()) return absl::OkStatus();
  }
}

absl::Status KafkaLogPartition::Fill(Reader* reader, size_t bytes_max, RecordBatch* batch) {
  const Offset from = *reader->next;
  const auto deadline = DeadlineAfter(kAnswerMax);
  while (true) {
    const uint64_t signalled = signals();
    if (absl::Status status = Drain(reader, bytes_max, batch); !status.ok()) return status;
    NoteEnd(std::max(reader->kafka->CachedEnd(), reader->next->value));
    batch->end = KnownEnd();
    if (!batch->records.empty() || from >= batch->end) return absl::OkStatus();
    if (!WaitForSignal(signalled, deadline)) {
      return absl::UnavailableError(Cat(name_, ": the broker gives no records from ", from, " on",
                                        reader->trouble.empty() ? "" : ": ", reader->trouble));
    }
  }
}

absl::StatusOr<RecordBatch> KafkaLogPartition::Read(Offset from, size_t bytes_max) {
  absl::StatusOr<std::unique_ptr<Reader>> reader = Borrow(from);
  if (!reader.ok()) return reader.status();
  RecordBatch batch;
  absl::Status status = Fill(reader->get(), bytes_max, &batch);
  // One that met an error is not used again.
  if (status.ok() || absl::IsUnavailable(status)) Return(*std::move(reader));
  if (!status.ok()) return status;
  return batch;
}

}  // namespace escalation
