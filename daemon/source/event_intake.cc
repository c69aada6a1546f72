#include "daemon/source/event_intake.h"

#include <utility>

#include "daemon/source/event_check.h"
#include "daemon/source/message_json.h"
#include "state/base/ids.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/policy/problems.h"

namespace escalation {
namespace {

constexpr size_t kFingerprintDigits = 16;
constexpr size_t kIdFingerprintDigits = 8;

// Of a positioned message; two streams at the same place in turn give different ones.
std::string IdOf(const SourceMessage& message, int index) {
  const std::string place = Cat(':', message.partition, ':', message.offset, ':', index, ':',
                                FingerprintOf(message).substr(0, kIdFingerprintDigits));
  if (message.topic.size() + place.size() <= kIdBytesMax) return Cat(message.topic, place);
  return Cat(ToHex(Sha256({message.topic})).substr(0, kFingerprintDigits), place);
}

// The place of the field is part of the text.
std::string ReasonOf(const absl::Status& status, size_t events, size_t index) {
  const std::string text(status.message());
  return events == 1 ? text : Cat("events[", index, "]: ", text);
}

}  // namespace

std::string FingerprintOf(const SourceMessage& message) {
  const std::string head = Cat(message.stamped.ms, ' ', message.key.has_value() ? 1 : 0, ' ',
                               message.key.value_or("").size(), ' ');
  const std::string digest = Sha256({head, message.key.value_or(""), message.value});
  return ToHex(digest).substr(0, kFingerprintDigits);
}

absl::Status EventIntake::Complete(const SourceMessage& message, const v1::Origin& origin,
                                   Instant now, int index, v1::Event* event) const {
  if (!event->tenant().empty() && event->tenant() != world_.tenant) {
    return FieldError("tenant", Cat(Quoted(event->tenant()), ", expected ", Quoted(world_.tenant),
                                    ", whose source this is, or none"));
  }
  if (origin.positioned() && event->has_source_mark()) {
    return FieldError("source_mark", "of a source that is read is the reader's to write");
  }
  event->set_tenant(world_.tenant);
  *event->mutable_origin() = origin;
  event->mutable_origin()->set_index(index);
  ToProto(now, event->mutable_written_at());
  if (event->id().empty() && origin.positioned()) event->set_id(IdOf(message, index));
  if (absl::Status status = ValidateEvent(*event, Trust::kSource); !status.ok()) return status;
  const auto redactor = world_.redactor ? world_.redactor(world_.tenant) : nullptr;
  if (redactor != nullptr) redactor->RedactEvent(event);
  if (const size_t bytes = event->ByteSizeLong(); bytes > kSourceEventBytesMax) {
    return absl::InvalidArgumentError(
        Cat("the event has ", bytes, " bytes, expected at most ", kSourceEventBytesMax));
  }
  return absl::OkStatus();
}

absl::StatusOr<Intake> EventIntake::Take(const SourceMessage& message,
                                         const v1::Origin& origin) const {
  Intake intake;
  absl::StatusOr<std::vector<v1::Event>> events = world_.decoder->Decode(message);
  if (absl::IsInvalidArgument(events.status())) {
    intake.letter = LetterOf(message, origin, v1::DeadLetter::UNREADABLE,
                             std::string(events.status().message()));
    return intake;
  }
  if (absl::IsAborted(events.status())) {
    intake.letter = LetterOf(message, origin, v1::DeadLetter::NOT_MAPPED,
                             std::string(events.status().message()));
    return intake;
  }
  if (!events.ok()) return events.status();
  const Instant now = world_.now();
  for (size_t i = 0; i < events->size(); ++i) {
    const absl::Status status = Complete(message, origin, now, static_cast<int>(i), &(*events)[i]);
    if (status.ok()) continue;
    intake.letter = LetterOf(message, origin, v1::DeadLetter::NOT_ACCEPTED,
                             ReasonOf(status, events->size(), i));
    return intake;
  }
  intake.events = *std::move(events);
  return intake;
}

v1::DeadLetter EventIntake::LetterOf(const SourceMessage& message, const v1::Origin& origin,
                                     v1::DeadLetter::Kind kind, std::string reason) const {
  v1::DeadLetter letter;
  letter.set_source(world_.source);
  letter.set_generation(origin.generation());
  letter.set_topic(message.topic);
  letter.set_partition(message.partition);
  letter.set_offset(message.offset);
  letter.set_positioned(!message.topic.empty());
  letter.set_tenant(world_.tenant);
  letter.set_kind(kind);
  letter.set_reason(std::move(reason));
  const bool stamped = message.stamped >= kInstantMin && message.stamped < kInstantMax;
  ToProto(stamped ? message.stamped : world_.now(), letter.mutable_received_at());
  letter.set_has_key(message.key.has_value());
  letter.set_key(message.key.value_or(""));
  letter.set_value(message.value);
  for (const SourceMessage::Header& header : message.headers) {
    v1::DeadLetter::Header* const kept = letter.add_headers();
    kept->set_name(header.name);
    kept->set_value(header.value);
  }
  return letter;
}

SourceMessage MessageOf(const v1::DeadLetter& letter) {
  SourceMessage message;
  message.topic = letter.topic();
  message.partition = letter.partition();
  message.offset = letter.offset();
  message.stamped = FromProto(letter.received_at());
  if (letter.has_key()) message.key = letter.key();
  message.value = letter.value();
  for (const v1::DeadLetter::Header& header : letter.headers()) {
    message.headers.push_back({header.name(), header.value()});
  }
  return message;
}

}  // namespace escalation
