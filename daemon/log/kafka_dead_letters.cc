#include "daemon/log/kafka_dead_letters.h"

#include <algorithm>
#include <charconv>
#include <future>
#include <utility>

#include "daemon/log/kafka_admin.h"
#include "daemon/log/kafka_producer.h"
#include "daemon/log/kafka_reader.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr std::string_view kPrefix = "escalation.";
constexpr std::chrono::seconds kPutMax{5};
constexpr absl::Duration kReadMax = absl::Seconds(2);
constexpr absl::Duration kStopMax = absl::Seconds(1);
constexpr size_t kPrefetchBytes = size_t{4} << 20;

template <typename Int>
Int NumberOf(const std::string& text) {
  Int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class KafkaDeadLetters : public DeadLetters {
 public:
  KafkaDeadLetters(KafkaSettings settings, std::string topic, std::string client_id,
                   std::string incarnation, std::unique_ptr<KafkaAdmin> admin,
                   std::unique_ptr<KafkaProducer> producer)
      : settings_(std::move(settings)),
        topic_(std::move(topic)),
        client_id_(std::move(client_id)),
        incarnation_(std::move(incarnation)),
        admin_(std::move(admin)),
        producer_(std::move(producer)) {}
  ~KafkaDeadLetters() override { producer_->Stop(kStopMax); }

  const std::string& incarnation() const override { return incarnation_; }
  absl::StatusOr<int64_t> Put(const v1::DeadLetter& letter) override;
  absl::StatusOr<StoredLetter> Get(int64_t position) const override;
  absl::StatusOr<LetterPage> List(int64_t from, size_t count, size_t bytes_max) const override;

 private:
  const KafkaSettings settings_;
  const std::string topic_;
  const std::string client_id_;
  const std::string incarnation_;
  const std::unique_ptr<KafkaAdmin> admin_;
  const std::unique_ptr<KafkaProducer> producer_;
};

absl::StatusOr<int64_t> KafkaDeadLetters::Put(const v1::DeadLetter& letter) {
  KafkaRecord record;
  record.topic = topic_;
  record.partition = 0;
  if (letter.has_key()) record.key = letter.key();
  record.value = letter.value();
  record.headers = HeadersOf(letter);
  const auto fate = std::make_shared<std::promise<absl::StatusOr<KafkaDelivery>>>();
  std::future<absl::StatusOr<KafkaDelivery>> known = fate->get_future();
  producer_->Produce(std::move(record), [fate](absl::StatusOr<KafkaDelivery> delivery) {
    fate->set_value(std::move(delivery));
  });
  // It may land later; the caller repeats it, so a letter may stand there twice.
  if (known.wait_for(kPutMax) != std::future_status::ready) {
    return absl::UnavailableError(Cat(topic_, ": no answer to a dead letter"));
  }
  const absl::StatusOr<KafkaDelivery> delivery = known.get();
  if (!delivery.ok()) return delivery.status();
  return delivery->offset;
}

absl::StatusOr<StoredLetter> KafkaDeadLetters::Get(int64_t position) const {
  absl::StatusOr<LetterPage> page = List(position, 1, 1);
  if (!page.ok()) return page.status();
  if (page->letters.empty() || page->letters.front().position != position) {
    return absl::NotFoundError(Cat("there is no dead letter ", position));
  }
  return std::move(page->letters.front());
}

absl::StatusOr<LetterPage> KafkaDeadLetters::List(int64_t from, size_t count,
                                                  size_t bytes_max) const {
  const absl::StatusOr<KafkaWatermarks> marks = admin_->Watermarks(topic_, 0);
  if (!marks.ok()) return marks.status();
  LetterPage page;
  page.end = marks->end;
  page.next = std::clamp(from, marks->begin, marks->end);
  if (page.next == page.end) return page;
  // People look at letters now and then: nothing is read ahead in between.
  KafkaReaderOptions reading;
  reading.client_id = client_id_;
  reading.topic = topic_;
  reading.prefetch_bytes = kPrefetchBytes;
  const auto reader = WaitingKafkaReader::Open(settings_, std::move(reading));
  if (!reader.ok()) return reader.status();
  if (absl::Status status = (*reader)->Start(page.next); !status.ok()) return status;
  size_t bytes = 0;
  while (page.next < page.end && page.letters.size() < count && bytes < bytes_max) {
    const auto messages = (*reader)->Next(1, kReadMax);
    if (!messages.ok()) return messages.status();
    const KafkaMessage& message = messages->front();
    StoredLetter stored;
    stored.position = message.offset();
    stored.letter.set_has_key(message.key().has_value());
    stored.letter.set_key(std::string(message.key().value_or("")));
    stored.letter.set_value(std::string(message.value().value_or("")));
    ReadHeaders(message.headers(), &stored.letter);
    bytes += stored.letter.ByteSizeLong();
    page.next = message.offset() + 1;
    page.letters.push_back(std::move(stored));
  }
  return page;
}

}  // namespace

std::vector<KafkaHeader> HeadersOf(const v1::DeadLetter& letter) {
  std::vector<KafkaHeader> headers;
  for (const v1::DeadLetter::Header& header : letter.headers()) {
    headers.push_back({header.name(), header.value()});
  }
  const auto add = [&](std::string_view name, std::string value) {
    headers.push_back({Cat(kPrefix, name), std::move(value)});
  };
  add("source", letter.source());
  add("generation", letter.generation());
  add("tenant", letter.tenant());
  add("topic", letter.topic());
  add("partition", Cat(letter.partition()));
  if (letter.positioned()) add("offset", Cat(letter.offset()));
  add("kind", v1::DeadLetter::Kind_Name(letter.kind()));
  add("reason", letter.reason());
  add("received_at", ToText(FromProto(letter.received_at())));
  add("retries", Cat(letter.retries()));
  return headers;
}

void ReadHeaders(const std::vector<KafkaHeader>& headers, v1::DeadLetter* letter) {
  for (const KafkaHeader& header : headers) {
    const std::string value = header.value.value_or("");
    const std::string_view name = header.name;
    const std::string_view own =
        name.starts_with(kPrefix) ? name.substr(kPrefix.size()) : std::string_view();
    if (own == "source") {
      letter->set_source(value);
    } else if (own == "generation") {
      letter->set_generation(value);
    } else if (own == "tenant") {
      letter->set_tenant(value);
    } else if (own == "topic") {
      letter->set_topic(value);
    } else if (own == "partition") {
      letter->set_partition(NumberOf<int32_t>(value));
    } else if (own == "offset") {
      letter->set_positioned(true);
      letter->set_offset(NumberOf<int64_t>(value));
    } else if (own == "kind") {
      v1::DeadLetter::Kind kind = v1::DeadLetter::KIND_UNSPECIFIED;
      v1::DeadLetter::Kind_Parse(value, &kind);
      letter->set_kind(kind);
    } else if (own == "reason") {
      letter->set_reason(value);
    } else if (own == "received_at") {
      if (const auto at = ParseInstant(value); at.ok()) {
        ToProto(*at, letter->mutable_received_at());
      }
    } else if (own == "retries") {
      letter->set_retries(NumberOf<int32_t>(value));
    } else {
      v1::DeadLetter::Header* const kept = letter->add_headers();
      kept->set_name(header.name);
      kept->set_value(value);
    }
  }
}

absl::StatusOr<std::unique_ptr<DeadLetters>> OpenKafkaDeadLetters(const KafkaSettings& settings,
                                                                  const std::string& topic,
                                                                  const std::string& client_id) {
  absl::StatusOr<std::unique_ptr<KafkaAdmin>> admin = KafkaAdmin::Open(settings);
  if (!admin.ok()) return admin.status();
  if (const auto info = (*admin)->Topic(topic); !info.ok()) return info.status();
  const absl::StatusOr<std::string> cluster = (*admin)->ClusterId();
  if (!cluster.ok()) return cluster.status();
  KafkaProducerOptions producing;
  producing.client_id = client_id;
  auto producer = KafkaProducer::Open(settings, producing);
  if (!producer.ok()) return producer.status();
  return std::unique_ptr<DeadLetters>(
      std::make_unique<KafkaDeadLetters>(settings, topic, client_id, Cat(*cluster, "/", topic),
                                         *std::move(admin), *std::move(producer)));
}

}  // namespace escalation
