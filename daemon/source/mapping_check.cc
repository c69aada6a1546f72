#include "daemon/source/mapping_check.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/json_document.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

constexpr char kHeadersEnding[] = ".headers.json";
constexpr size_t kSampleBytesMax = size_t{4} << 20;
constexpr Instant kSampleStamped{1'767'225'600'000};  // 2026-01-01T00:00:00Z

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// "name.jq" of "a/b/name.jq" without its ending.
std::string StemOf(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  return name.substr(0, name.rfind('.'));
}

std::vector<std::string> Lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

absl::Status ReadHeaders(const std::string& text, SourceMessage* message) {
  const absl::StatusOr<JsonNode> root = ParseJson(text);
  if (!root.ok()) return root.status();
  for (const JsonNode& member : root->children) {
    message->headers.push_back({member.key, JsonUnescaped(std::string_view(text).substr(
                                                member.begin, member.end - member.begin))});
  }
  return absl::OkStatus();
}

std::vector<std::string> Shown(const std::vector<v1::Event>& events) {
  std::vector<std::string> lines;
  for (const v1::Event& event : events) lines.push_back(ToJson(event));
  return lines;
}

// The first difference; empty: none.
std::string Difference(const std::vector<std::string>& expected,
                       const std::vector<std::string>& got) {
  for (size_t i = 0; i < std::max(expected.size(), got.size()); ++i) {
    const std::string wanted = i < expected.size() ? expected[i] : "no such event";
    const std::string found = i < got.size() ? got[i] : "no such event";
    if (wanted != found) {
      return Cat("event ", i + 1, "\n    expected ", wanted, "\n    got      ", found);
    }
  }
  return "";
}

// One sample and what is expected of it.
class Sample {
 public:
  // `path` ends in ".json".
  explicit Sample(std::string path)
      : path_(std::move(path)), stem_(path_.substr(0, path_.size() - 5)) {}

  // What is wrong; empty: nothing.
  std::string Try(EventDecoder& mapping) const {
    SourceMessage message;
    message.stamped = kSampleStamped;
    absl::StatusOr<std::string> body = ReadBoundedFile(path_, kSampleBytesMax);
    if (!body.ok()) return std::string(body.status().message());
    message.value = *std::move(body);
    const absl::StatusOr<std::string> headers =
        ReadBoundedFile(stem_ + kHeadersEnding, kSampleBytesMax);
    if (headers.ok()) {
      if (const absl::Status read = ReadHeaders(*headers, &message); !read.ok()) {
        return Cat(kHeadersEnding, ": ", std::string(read.message()));
      }
    }
    const absl::StatusOr<std::vector<v1::Event>> events = mapping.Decode(message);
    const absl::StatusOr<std::string> error =
        ReadBoundedFile(stem_ + ".expected.error", kSampleBytesMax);
    if (error.ok()) return CompareError(Lines(*error), events.status());
    if (!events.ok()) return std::string(events.status().message());
    if (const absl::Status accepted = CheckMapped(*events); !accepted.ok()) {
      return std::string(accepted.message());
    }
    return CompareEvents(*events);
  }

 private:
  static std::string CompareError(const std::vector<std::string>& wanted,
                                  const absl::Status& status) {
    if (wanted.size() != 1) return "expected one line in .expected.error";
    if (status.ok()) return Cat("expected the error ", wanted.front(), ", got none");
    const std::string got(status.message());
    if (got.find(wanted.front()) != std::string::npos) return "";
    return Cat("expected the error ", wanted.front(), ", got ", got);
  }

  std::string CompareEvents(const std::vector<v1::Event>& events) const {
    const absl::StatusOr<std::string> expected =
        ReadBoundedFile(stem_ + ".expected.jsonl", kSampleBytesMax);
    if (!expected.ok()) {
      return "expected .expected.jsonl or .expected.error beside it, and neither can be read";
    }
    std::vector<v1::Event> wanted;
    for (const std::string& line : Lines(*expected)) {
      absl::StatusOr<v1::Event> event = EventFromJson(line);
      if (!event.ok()) {
        return Cat(".expected.jsonl: event ", wanted.size() + 1, ": ",
                   std::string(event.status().message()));
      }
      wanted.push_back(*std::move(event));
    }
    return Difference(Shown(wanted), Shown(events));
  }

  const std::string path_;
  const std::string stem_;
};

std::vector<std::string> SamplesOf(const std::string& path) {
  const std::string folder = ResolvePath(FolderOf(path), Cat("samples/", StemOf(path)));
  std::vector<std::string> samples;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().string();
    if (EndsWith(name, ".json") && !EndsWith(name, kHeadersEnding)) samples.push_back(name);
  }
  std::sort(samples.begin(), samples.end());
  return samples;
}

// Reads "NUMBER:" from the beginning of `text`; 0: there is none.
int TakeNumber(std::string_view* text) {
  int number = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), number);
  const size_t length = static_cast<size_t>(read.ptr - text->data());
  if (read.ec != std::errc() || length == text->size() || (*text)[length] != ':') return 0;
  text->remove_prefix(length + 1);
  return number;
}

}  // namespace

absl::StatusOr<std::unique_ptr<EventDecoder>> MakeMapping(const std::string& path) {
  absl::StatusOr<MappingProgram> program = ReadMappingProgram(path);
  if (!program.ok()) return program.status();
  DecoderOptions options;
  options.format = SourceFormat::kJq;
  options.program = *std::move(program);
  return MakeDecoder(options);
}

absl::Status CheckMapped(const std::vector<v1::Event>& events) {
  for (size_t i = 0; i < events.size(); ++i) {
    v1::Event event = events[i];
    // As a source of a topic would complete it.
    event.mutable_origin()->set_source("mapping");
    event.mutable_origin()->set_positioned(true);
    if (event.tenant().empty()) event.set_tenant("default");
    const absl::Status status = ValidateEvent(event, Trust::kSource);
    if (status.ok()) continue;
    // "ticket_id: expected ..." as "events[1].ticket_id: expected ...".
    return absl::InvalidArgumentError(Cat("events[", i, "]", FieldOf(status).empty() ? ": " : ".",
                                          std::string(status.message())));
  }
  return absl::OkStatus();
}

void AddPlaced(std::string_view program, std::string_view message, Problems* problems) {
  for (const std::string& line : Lines(message)) {
    std::string_view text = line;
    Place place;
    if (text.substr(0, program.size()) == program && text.substr(program.size(), 1) == ":") {
      text.remove_prefix(program.size() + 1);
      place.line = TakeNumber(&text);
      if (place.line > 0) place.column = TakeNumber(&text);
      text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
    problems->Add(place, std::string(text));
  }
}

Problems CheckMapping(const std::string& path, int* samples) {
  Problems problems(path);
  if (samples != nullptr) *samples = 0;
  const absl::StatusOr<std::unique_ptr<EventDecoder>> mapping = MakeMapping(path);
  if (!mapping.ok()) {
    AddPlaced(path, std::string(mapping.status().message()), &problems);
    return problems;
  }
  for (const std::string& sample : SamplesOf(path)) {
    if (samples != nullptr) ++*samples;
    const std::string wrong = Sample(sample).Try(**mapping);
    if (!wrong.empty()) problems.Add({}, Cat("sample ", sample, ": ", wrong));
  }
  return problems;
}

}  // namespace escalation
