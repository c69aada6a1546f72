#include "daemon/source/event_decoder.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "daemon/source/cloud_events.h"
#include "daemon/source/confluent.h"
#include "daemon/source/event_json.h"
#include "daemon/source/jq_decoder.h"
#include "daemon/source/native_event.h"
#include "daemon/source/pager_hooks.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

using Events = std::vector<v1::Event>;

constexpr std::pair<SourceFormat, std::string_view> kFormats[] = {
    {SourceFormat::kNative, "native"},
    {SourceFormat::kJson, "json"},
    {SourceFormat::kCloudEvents, "cloudevents"},
    {SourceFormat::kConfluent, "confluent"},
    {SourceFormat::kJq, "jq"},
    {SourceFormat::kVictorOps, "victorops"},
    {SourceFormat::kPagerDuty, "pagerduty"},
    {SourceFormat::kSlack, "slack"},
    {SourceFormat::kPager, "pager"},
};

absl::StatusOr<Events> OneEvent(absl::StatusOr<v1::Event> event) {
  if (!event.ok()) return event.status();
  Events events;
  events.push_back(*std::move(event));
  return events;
}

absl::StatusOr<Events> DecodeNative(const SourceMessage& message) {
  return OneEvent(EventFromNative(message.value));
}

absl::StatusOr<Events> DecodeJson(const SourceMessage& message) {
  return EventsFromBody(message.value, BodyForm::kJson);
}

absl::StatusOr<Events> DecodeConfluent(const SourceMessage& message, int expected) {
  const absl::StatusOr<ConfluentFrame> frame = ReadConfluentFrame(message.value);
  if (!frame.ok()) return frame.status();
  if (frame->indexes != std::vector<int>{expected}) {
    std::string indexes;
    for (const int index : frame->indexes) CatTo(&indexes, indexes.empty() ? "" : ",", index);
    return absl::InvalidArgumentError(Cat("byte 5: schema ", frame->schema_id,
                                          ": expected its message ", expected, ", got ", indexes));
  }
  const std::string_view bytes = message.value;
  return OneEvent(EventFromNative(bytes.substr(frame->message_begin), frame->message_begin));
}

// Bounds a message, and leaves to the source what is the source's.
class BoundedDecoder : public EventDecoder {
 public:
  using Function = std::function<absl::StatusOr<Events>(const SourceMessage&)>;

  BoundedDecoder(size_t message_bytes_max, Function decode)
      : message_bytes_max_(message_bytes_max), decode_(std::move(decode)) {}

  absl::StatusOr<Events> Decode(const SourceMessage& message) override {
    if (message.value.size() > message_bytes_max_) {
      return absl::InvalidArgumentError(Cat("a message of ", message.value.size(),
                                            " bytes, expected at most ", message_bytes_max_));
    }
    absl::StatusOr<Events> events = decode_(message);
    if (!events.ok()) return events;
    for (v1::Event& event : *events) {
      event.clear_origin();
      event.clear_written_at();
    }
    return events;
  }

 private:
  const size_t message_bytes_max_;
  const Function decode_;
};

}  // namespace

std::optional<SourceFormat> SourceFormatFromName(std::string_view name) {
  for (const auto& [format, text] : kFormats) {
    if (text == name) return format;
  }
  return std::nullopt;
}

std::string_view NameOf(SourceFormat format) {
  const auto* const found = std::find_if(std::begin(kFormats), std::end(kFormats),
                                         [format](const auto& row) { return row.first == format; });
  return found->second;
}

std::vector<std::string> SourceFormatNames() {
  std::vector<std::string> names;
  for (const auto& [format, text] : kFormats) names.emplace_back(text);
  return names;
}

absl::StatusOr<std::unique_ptr<EventDecoder>> MakeDecoder(const DecoderOptions& options) {
  BoundedDecoder::Function decode;
  const auto pager = [&options](PagerDecode* of) {
    return
        [of, tenant = options.tenant](const SourceMessage& message) { return of(message, tenant); };
  };
  switch (options.format) {
    case SourceFormat::kNative:
      decode = DecodeNative;
      break;
    case SourceFormat::kJson:
      decode = DecodeJson;
      break;
    case SourceFormat::kCloudEvents:
      decode = EventsFromCloudEvents;
      break;
    case SourceFormat::kConfluent: {
      const int index = options.confluent_message_index.value_or(v1::Event::descriptor()->index());
      if (index < 0) {
        return absl::InvalidArgumentError(
            Cat("a message index of ", index, ", expected 0 or more"));
      }
      decode = [index](const SourceMessage& message) { return DecodeConfluent(message, index); };
      break;
    }
    case SourceFormat::kVictorOps:
      decode = pager(EventsFromVictorOps);
      break;
    case SourceFormat::kPagerDuty:
      decode = pager(EventsFromPagerDuty);
      break;
    case SourceFormat::kSlack:
      decode = pager(EventsFromSlack);
      break;
    case SourceFormat::kPager:
      decode = pager(EventsFromPager);
      break;
    case SourceFormat::kJq:
      break;
  }
  if (options.format == SourceFormat::kJq) {
    absl::StatusOr<std::unique_ptr<EventDecoder>> mapping = MakeJqDecoder(options);
    if (!mapping.ok()) return mapping.status();
    decode = [mapping = std::shared_ptr<EventDecoder>(*std::move(mapping))](
                 const SourceMessage& message) { return mapping->Decode(message); };
  }
  return std::make_unique<BoundedDecoder>(options.message_bytes_max, std::move(decode));
}

absl::StatusOr<MappingProgram> ReadMappingProgram(const std::string& path) {
  absl::StatusOr<std::string> text = ReadBoundedFile(path, kMappingProgramBytesMax);
  if (!text.ok()) {
    return absl::Status(text.status().code(),
                        Cat(path, ": ", std::string(text.status().message())));
  }
  return MappingProgram{path, *std::move(text)};
}

}  // namespace escalation
