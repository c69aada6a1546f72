#include "daemon/log/kafka_decisions.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "daemon/log/deadline.h"
#include "daemon/log/kafka_topics.h"
#include "daemon/log/log_bounds.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// What is sent before the first of it is waited for.
constexpr size_t kChunkBytes = size_t{8} << 20;
constexpr size_t kReadCount = 4096;
constexpr size_t kPrefetchBytes = size_t{4} << 20;
constexpr absl::Duration kAnswerMax = absl::Seconds(10);
constexpr int64_t kFirstStepBack = 1000;

}  // namespace

struct KafkaDecisions::Stream {
  Partition partition;
  // One Publish at a time.
  std::mutex publishing;

  std::mutex mutex;  // Guards what follows.
  std::condition_variable changed;
  // The stream holds every seq up to here.
  uint64_t through = 0;
  // Handed to the producer up to here.
  uint64_t sent = 0;
  // The stream was looked at up to this offset; -1: never.
  int64_t looked_at = -1;
  absl::Status failure;
  bool stopped = false;

  // One ReadDecisions at a time; guards what follows.
  std::mutex reading;
  std::unique_ptr<WaitingKafkaReader> reader;
  // The seq that comes next from `reader`.
  uint64_t next_seq = 0;
};

KafkaDecisions::KafkaDecisions(const KafkaSettings& settings, const KafkaAdmin* admin,
                               KafkaProducer* producer, std::string topic, std::string incarnation,
                               int32_t partitions)
    : settings_(settings),
      admin_(admin),
      producer_(producer),
      topic_(std::move(topic)),
      incarnation_(std::move(incarnation)) {
  for (int32_t i = 0; i < partitions; ++i) {
    streams_.push_back(std::make_unique<Stream>());
    streams_.back()->partition = Partition{i};
  }
}

KafkaDecisions::~KafkaDecisions() = default;

void KafkaDecisions::Stop() {
  for (const auto& stream : streams_) {
    const std::lock_guard lock(stream->mutex);
    stream->stopped = true;
    stream->changed.notify_all();
  }
}

KafkaProducer::ToProduce KafkaDecisions::RecordOf(Stream* stream,
                                                  const PublishedDecision& decision) const {
  KafkaRecord record;
  record.topic = topic_;
  record.partition = stream->partition.value;
  record.value = decision.value;
  record.headers = {{kDecisionIdHeader, decision.id},
                    {kDecisionSeqHeader, std::to_string(decision.seq)}};
  return {std::move(record),
          [stream, seq = decision.seq](const absl::StatusOr<KafkaDelivery>& fate) {
            const std::lock_guard lock(stream->mutex);
            if (!fate.ok()) {
              stream->failure = fate.status();
            } else if (seq == stream->through + 1) {
              stream->through = seq;
            }
            if (!fate.ok() || seq >= stream->sent) stream->changed.notify_all();
          }};
}

void KafkaDecisions::Send(Stream* stream, std::vector<KafkaProducer::ToProduce> records,
                          uint64_t through) {
  {
    const std::lock_guard lock(stream->mutex);
    stream->sent = through;
  }
  producer_->ProduceTogether(std::move(records));
}

absl::Status KafkaDecisions::WaitThrough(Stream* stream, uint64_t seq,
                                         std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(stream->mutex);
  const bool told = stream->changed.wait_until(lock, deadline, [&] {
    return stream->stopped || !stream->failure.ok() || stream->through >= seq;
  });
  if (stream->through >= seq) return absl::OkStatus();
  if (!stream->failure.ok()) {
    // What came behind it is sent again, too: the stream has no gap.
    stream->sent = stream->through;
    return std::exchange(stream->failure, absl::OkStatus());
  }
  const std::string name = Cat(topic_, "[", stream->partition, "]");
  if (told) return absl::FailedPreconditionError(Cat(name, ": stopped"));
  return absl::UnavailableError(Cat(name, ": decision ", stream->through + 1,
                                    " is not acknowledged within ",
                                    absl::FormatDuration(kPublishMax)));
}

absl::Status KafkaDecisions::Publish(Partition partition,
                                     const std::vector<PublishedDecision>& decisions) {
  Stream& stream = *streams_[static_cast<size_t>(partition.value)];
  const std::lock_guard publishing(stream.publishing);
  uint64_t sent = 0;
  bool known = false;
  {
    const std::lock_guard lock(stream.mutex);
    if (stream.stopped) {
      return absl::FailedPreconditionError(Cat(topic_, "[", partition, "]: stopped"));
    }
    known = stream.looked_at >= 0;
  }
  if (!known) {
    if (const auto through = PublishedThrough(partition); !through.ok()) return through.status();
  }
  {
    const std::lock_guard lock(stream.mutex);
    stream.sent = std::max(stream.sent, stream.through);
    sent = stream.sent;
  }
  if (absl::Status status = CheckDecisions(topic_, partition, sent, decisions); !status.ok()) {
    return status;
  }
  const auto deadline = DeadlineAfter(kPublishMax);
  size_t bytes = 0;
  std::vector<KafkaProducer::ToProduce> records;
  for (const PublishedDecision& decision : decisions) {
    if (decision.seq <= sent) continue;
    if (bytes >= kChunkBytes) {
      Send(&stream, std::exchange(records, {}), decision.seq - 1);
      if (absl::Status status = WaitThrough(&stream, decision.seq - 1, deadline); !status.ok()) {
        return status;
      }
      bytes = 0;
    }
    bytes += decision.id.size() + decision.value.size();
    records.push_back(RecordOf(&stream, decision));
  }
  if (decisions.empty()) return absl::OkStatus();
  if (!records.empty()) Send(&stream, std::move(records), decisions.back().seq);
  return WaitThrough(&stream, decisions.back().seq, deadline);
}

absl::StatusOr<PublishedDecision> KafkaDecisions::Parse(const KafkaMessage& message) const {
  const std::optional<std::string_view> id = message.header(kDecisionIdHeader);
  const std::optional<std::string_view> seq = message.header(kDecisionSeqHeader);
  const std::string name = Cat(topic_, "[", message.partition(), "]@", message.offset());
  PublishedDecision out;
  const bool has_seq =
      seq && std::from_chars(seq->data(), seq->data() + seq->size(), out.seq).ec == std::errc();
  if (!id || !has_seq || out.seq == 0) {
    return absl::FailedPreconditionError(
        Cat(name, ": not written by escalationd, expected the headers id and seq"));
  }
  if (id->substr(0, incarnation_.size()) != incarnation_) {
    return absl::FailedPreconditionError(
        Cat(name, ": decision ", *id, " is of another log, expected one of ", incarnation_,
            "\n  hint: the topic of a log that was made anew has to be made anew with it"));
  }
  out.id = std::string(*id);
  out.value = std::string(message.value().value_or(std::string_view()));
  return out;
}

absl::StatusOr<std::unique_ptr<WaitingKafkaReader>> KafkaDecisions::ReadFrom(const Stream& stream,
                                                                             int64_t offset) const {
  KafkaReaderOptions options;
  options.client_id = Cat("escalation-decisions-", stream.partition);
  options.topic = topic_;
  options.partition = stream.partition.value;
  options.prefetch_bytes = kPrefetchBytes;
  auto reader = WaitingKafkaReader::Open(settings_, std::move(options));
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->Start(offset); !status.ok()) return status;
  return reader;
}

absl::StatusOr<uint64_t> KafkaDecisions::PublishedThrough(Partition partition) {
  Stream& stream = *streams_[static_cast<size_t>(partition.value)];
  const auto marks = admin_->Watermarks(topic_, partition.value);
  if (!marks.ok()) return marks.status();
  int64_t from = 0;
  {
    const std::lock_guard lock(stream.mutex);
    from = std::max({stream.looked_at, marks->end - kTail, marks->begin});
  }
  uint64_t through = 0;
  if (from < marks->end) {
    const auto reader = ReadFrom(stream, from);
    if (!reader.ok()) return reader.status();
    while (from < marks->end) {
      const auto messages = (*reader)->Next(kReadCount, kAnswerMax);
      if (!messages.ok()) return messages.status();
      for (const KafkaMessage& message : *messages) {
        const auto decision = Parse(message);
        if (!decision.ok()) return decision.status();
        through = std::max(through, decision->seq);
        from = message.offset() + 1;
      }
    }
  }
  const std::lock_guard lock(stream.mutex);
  stream.through = std::max(stream.through, through);
  stream.looked_at = std::max(stream.looked_at, from);
  return stream.through;
}

absl::StatusOr<int64_t> KafkaDecisions::Guess(const Stream& stream, int64_t begin,
                                              uint64_t seq) const {
  const auto reader = ReadFrom(stream, begin);
  if (!reader.ok()) return reader.status();
  const auto messages = (*reader)->Next(1, kAnswerMax);
  if (!messages.ok()) return messages.status();
  const auto first = Parse(messages->front());
  if (!first.ok()) return first.status();
  // Repeats only push a seq further back.
  return seq <= first->seq ? begin : begin + static_cast<int64_t>(seq - first->seq);
}

absl::StatusOr<bool> KafkaDecisions::Collect(Stream* stream, uint64_t from, uint64_t last,
                                             std::vector<PublishedDecision>* out) const {
  uint64_t expected = from;
  while (expected <= last) {
    const size_t count = static_cast<size_t>(std::min<uint64_t>(kReadCount, last - expected + 1));
    const auto messages = stream->reader->Next(count, kAnswerMax);
    if (!messages.ok()) return messages.status();
    for (const KafkaMessage& message : *messages) {
      auto decision = Parse(message);
      if (!decision.ok()) return decision.status();
      if (decision->seq > expected) return false;
      if (decision->seq < expected) continue;
      out->push_back(*std::move(decision));
      ++expected;
    }
  }
  stream->next_seq = expected;
  return true;
}

absl::StatusOr<std::vector<PublishedDecision>> KafkaDecisions::ReadDecisions(Partition partition,
                                                                             uint64_t from,
                                                                             size_t count) {
  Stream& stream = *streams_[static_cast<size_t>(partition.value)];
  from = std::max<uint64_t>(from, 1);
  const absl::StatusOr<uint64_t> through = PublishedThrough(partition);
  if (!through.ok()) return through.status();
  std::vector<PublishedDecision> out;
  if (from > *through || count == 0) return out;
  const uint64_t last = from + std::min<uint64_t>(count, *through - from + 1) - 1;

  const std::lock_guard reading(stream.reading);
  if (stream.reader != nullptr && stream.next_seq == from) {
    const absl::StatusOr<bool> found = Collect(&stream, from, last, &out);
    if (found.ok() && *found) return out;
    out.clear();
  }
  stream.reader.reset();
  const auto marks = admin_->Watermarks(topic_, partition.value);
  if (!marks.ok()) return marks.status();
  absl::StatusOr<int64_t> start = Guess(stream, marks->begin, from);
  for (int64_t step = kFirstStepBack; start.ok(); step *= 8) {
    *start = std::min(*start, marks->end - 1);
    auto reader = ReadFrom(stream, *start);
    if (!reader.ok()) return reader.status();
    stream.reader = *std::move(reader);
    const absl::StatusOr<bool> found = Collect(&stream, from, last, &out);
    if (found.ok() && *found) return out;
    stream.reader.reset();
    out.clear();
    if (!found.ok()) return found.status();
    if (*start == marks->begin) {
      return absl::OutOfRangeError(
          Cat(topic_, "[", partition, "]: decision ", from, " is not in the stream any more"));
    }
    *start = std::max(marks->begin, *start - step);
  }
  return start.status();
}

}  // namespace escalation
