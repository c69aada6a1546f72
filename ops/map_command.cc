#include "ops/map_command.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/source/event_json.h"
#include "daemon/source/json_scanner.h"
#include "daemon/source/mapping_check.h"
#include "ops/message_file.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

constexpr char kFooter[] =
    R"(FILE holds one JSON message, an array of them, or one a line; - reads stdin. The program sees a
message as ".", and $headers, $topic, $key and $stamped (RFC 3339) as they are given here.

Each output of the program is an event as in a history file, an array of events, or null. What a
program cannot ask for: the time, the environment, files, other messages.

Examples:
  escalationctl map try deploy/mappings/samples/zendesk-webhook/01-opened.json \
      --program deploy/mappings/zendesk-webhook.jq
  escalationctl map try issue.json --program github.jq --header x-github-event=issues --watch
  escalationctl map try export.jsonl --program mine.jq -o jsonl > history.jsonl

Exit 0 every message was mapped, 1 one was not, 2 usage, 78 the program does not compile.)";

constexpr size_t kFileBytesMax = size_t{256} << 20;
constexpr size_t kShownBytesMax = 120;

enum class MapForm { kText, kJson, kJsonLines };

struct Options {
  std::string file;
  std::string program;
  std::vector<std::string> headers;
  std::string topic;
  std::string key;
  std::string stamped = "2026-01-01T00:00:00Z";
  MapForm form = MapForm::kText;
  bool watch = false;
};

absl::StatusOr<SourceMessage> MessageOf(const Options& options) {
  SourceMessage message;
  message.topic = options.topic;
  if (!options.key.empty()) message.key = options.key;
  const absl::StatusOr<Instant> stamped = ParseInstant(options.stamped);
  if (!stamped.ok()) {
    return absl::InvalidArgumentError(Cat("--stamped: ", std::string(stamped.status().message())));
  }
  message.stamped = *stamped;
  for (const std::string& header : options.headers) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(Cat("--header: expected NAME=VALUE, got ", Quoted(header)));
    }
    message.headers.push_back({header.substr(0, equals), header.substr(equals + 1)});
  }
  return message;
}

absl::StatusOr<std::string> ReadInput(const Options& options, std::istream& in) {
  if (options.file == "-") {
    return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  absl::StatusOr<std::string> text = ReadBoundedFile(options.file, kFileBytesMax);
  if (text.ok()) return text;
  return absl::Status(text.status().code(),
                      Cat(options.file, ": ", std::string(text.status().message())));
}

// One line, not long.
std::string Short(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (blank && (out.empty() || out.back() == ' ')) continue;
    out += blank ? ' ' : c;
    if (out.size() > kShownBytesMax) break;
  }
  if (out.size() <= kShownBytesMax) return out;
  while (!out.empty() && !IsUtf8(out)) out.pop_back();
  return out + "...";
}

class Trial {
 public:
  Trial(const Options& options, CommandContext& context) : options_(options), context_(context) {}

  int Run(SourceMessage message) {
    absl::StatusOr<std::unique_ptr<EventDecoder>> mapping = MakeMapping(options_.program);
    if (!mapping.ok()) {
      context_.err << mapping.status().message() << "\n";
      return kExitConfig;
    }
    const absl::StatusOr<std::string> text = ReadInput(options_, context_.in);
    if (!text.ok()) {
      context_.err << text.status().message() << "\n";
      return kExitFailed;
    }
    for (FileMessage& one : MessagesOf(*text)) {
      message.value = std::move(one.text);
      Show(one.line, message, **mapping);
    }
    if (options_.form == MapForm::kJson) context_.out << (printed_ ? "\n]\n" : "[]\n");
    if (options_.form == MapForm::kText) {
      context_.out << messages_ << (messages_ == 1 ? " message, " : " messages, ") << events_
                   << (events_ == 1 ? " event, " : " events, ") << refused_ << " refused\n";
    }
    context_.out.flush();
    return refused_ == 0 ? kExitOk : kExitFailed;
  }

 private:
  void Show(int line, const SourceMessage& message, EventDecoder& mapping) {
    ++messages_;
    if (options_.form == MapForm::kText) {
      context_.out << options_.file << ":" << line << ": " << Short(message.value) << "\n";
    }
    const absl::StatusOr<std::vector<v1::Event>> events = mapping.Decode(message);
    absl::Status status = events.status();
    if (status.ok()) {
      for (const v1::Event& event : *events) Print(event);
      if (events->empty() && options_.form == MapForm::kText) context_.out << "  nothing\n";
      status = CheckMapped(*events);
    }
    if (status.ok()) return;
    ++refused_;
    context_.err << options_.file << ":" << line << ": " << status.message() << "\n";
  }

  void Print(const v1::Event& event) {
    ++events_;
    switch (options_.form) {
      case MapForm::kText:
        context_.out << "  " << ToJson(event) << "\n";
        break;
      case MapForm::kJson:
        context_.out << (printed_ ? ",\n" : "[\n") << ToJson(event);
        break;
      case MapForm::kJsonLines:
        context_.out << ToJson(event) << "\n";
        break;
    }
    printed_ = true;
  }

  const Options& options_;
  CommandContext& context_;
  int messages_ = 0;
  int events_ = 0;
  int refused_ = 0;
  bool printed_ = false;
};

// Tells that a file in the folders of `paths` changed. Editors replace files, so the folders are
// watched, and what else changes there does no harm.
class FileWatch {
 public:
  explicit FileWatch(const std::vector<std::string>& paths) : watch_(inotify_init1(IN_CLOEXEC)) {
    for (const std::string& path : paths) {
      const std::string folder = FolderOf(path);
      inotify_add_watch(watch_, folder.empty() ? "." : folder.c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_TO);
    }
  }
  ~FileWatch() { close(watch_); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  // Returns once something changed since the last call. False: that cannot be told.
  bool Wait() {
    char events[4096];
    return read(watch_, events, sizeof events) > 0;
  }

 private:
  const int watch_;
};

int Try(const Options& options, CommandContext& context) {
  const absl::StatusOr<SourceMessage> message = MessageOf(options);
  if (!message.ok()) {
    context.err << message.status().message() << "\n";
    return kExitUsage;
  }
  if (!options.watch) return Trial(options, context).Run(*message);
  if (options.file == "-") {
    context.err << "--watch: stdin cannot be read again, expected a file\n";
    return kExitUsage;
  }
  FileWatch watch({options.program, options.file});
  do {
    Trial(options, context).Run(*message);
    context.err << "waiting for a change of " << options.program << " or " << options.file << "\n";
  } while (watch.Wait());
  context.err << "--watch: files cannot be watched here\n";
  return kExitFailed;
}

}  // namespace

void AddMapCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const map = app.add_subcommand("map", "Tries programs that map foreign messages");
  map->require_subcommand(1);
  CLI::App* const command = map->add_subcommand("try", "Shows the events of messages");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "Messages; - reads stdin")->required();
  command->add_option("--program", options->program, "The mapping (jq)")
      ->required()
      ->option_text("FILE.jq REQUIRED");
  command->add_option("--header", options->headers, "A header that came along; again for more")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("--topic", options->topic, "The Kafka topic it came by")->option_text("NAME");
  command->add_option("--key", options->key, "The record's key")->option_text("TEXT");
  command->add_option("--stamped", options->stamped, "When it came")
      ->option_text("TIME (default 2026-01-01T00:00:00Z)");
  command->add_flag("--watch", options->watch, "Tries again whenever a file changes");
  command->add_option("-o,--output", options->form, "text, json or jsonl")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, MapForm>{{"text", MapForm::kText},
                                                                 {"json", MapForm::kJson},
                                                                 {"jsonl", MapForm::kJsonLines}})
              .description(""))
      ->option_text("FORM (default text)");
  command->callback([options, &context] { context.exit_code = Try(*options, context); });
}

}  // namespace escalation
