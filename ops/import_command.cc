#include "ops/import_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/archive_writer.h"
#include "daemon/source/event_json.h"
#include "daemon/source/mapping_check.h"
#include "ops/api_client.h"
#include "ops/api_query.h"
#include "ops/export_reader.h"
#include "ops/ticket_snapshot.h"
#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] =
    R"(FILE holds a helpdesk's messages, one JSON text a line, in any order; - reads stdin. They go through
the mapping of the live source, so what is imported and what comes later agree on ids.

--as history   the events in order of time: what would have been?
--as observed  for each ticket that is not closed its state as of a moment: begin today. Clocks go on
               from what is told; what was broken before is recorded, and nobody is paged for it.
               Send it before the live source begins, or with events from before --as-of only.

Examples:
  escalationctl import 2026-Q3.jsonl --program zendesk-eventbridge.jq --as history --out q3.jsonl
  escalationctl simulate --policy new.yaml q3.jsonl | jq 'select(.page_requested)'

  escalationctl import 2026-Q3.jsonl --program zendesk-eventbridge.jq --as history --out archive:q3
  escalationctl replay --log archive:q3 --policy new.yaml --diff -o table

  escalationctl import all.jsonl --program zendesk-eventbridge.jq --as observed --post

A line that is not mapped is named. Then nothing is written and the exit code is 1, unless
--keep-going is given; --rejected FILE gets these lines as they are.
Exit 0 done, 1 failed, 2 usage, 78 the program does not compile.)";

constexpr size_t kEventsPerPost = 500;
constexpr int64_t kRejectionsShownMax = 20;

enum class ImportAs { kHistory, kObserved };

struct Options {
  std::string file;
  std::string program;
  ImportAs as = ImportAs::kHistory;
  std::string as_of;
  std::string tenant = "default";
  std::string out = "-";
  std::string rejected;
  std::vector<std::string> headers;
  std::string topic;
  std::string url = kDefaultApiUrl;
  std::string token_file;
  bool post = false;
  bool keep_going = false;
};

int Fail(CommandContext& context, const absl::Status& status) {
  context.err << "escalationctl import: " << status.message() << "\n";
  return kExitFailed;
}

// Names and copies what was rejected.
class Rejections {
 public:
  Rejections(const Options& options, CommandContext& context)
      : options_(options), context_(context) {
    if (!options.rejected.empty()) copy_.open(options.rejected, std::ios::trunc);
  }

  absl::Status Opened() const {
    if (options_.rejected.empty() || copy_) return absl::OkStatus();
    return absl::InvalidArgumentError(Cat(options_.rejected, ": cannot be written"));
  }
  void Add(int64_t number, const std::string& line, const absl::Status& why) {
    if (++count_ <= kRejectionsShownMax) {
      context_.err << options_.file << ":" << number << ": " << why.message() << "\n";
    }
    if (!options_.rejected.empty()) copy_ << line << "\n";
  }
  absl::Status Finish() {
    if (count_ > kRejectionsShownMax) {
      context_.err << "and " << count_ - kRejectionsShownMax << " more\n";
    }
    if (options_.rejected.empty()) return absl::OkStatus();
    copy_.close();
    if (copy_) return absl::OkStatus();
    return absl::DataLossError(Cat(options_.rejected, ": cannot be written"));
  }

 private:
  const Options& options_;
  CommandContext& context_;
  std::ofstream copy_;
  int64_t count_ = 0;
};

absl::Status WriteLines(const std::vector<ExportedEvent>& events, std::ostream& out) {
  for (const ExportedEvent& event : events) out << ToJson(event.event) << "\n";
  out.flush();
  return out ? absl::OkStatus() : absl::DataLossError("the output cannot be written");
}

absl::Status WriteArchive(const std::vector<ExportedEvent>& events, const std::string& dir) {
  std::vector<std::string> values;
  std::string chain;
  for (const ExportedEvent& exported : events) {
    v1::Event event = exported.event;
    event.mutable_origin()->set_source("import");
    ToProto(exported.at, event.mutable_written_at());
    values.push_back(event.SerializeAsString());
    chain = ChainHash(chain, values.back());
  }
  // The same events are the same log, whenever they are imported.
  const LogIdentity identity{"embedded", "", "", ToHex(chain).substr(0, 32)};
  auto archive = ArchiveWriter::Create(dir, identity, 1);
  if (!archive.ok()) return archive.status();
  for (size_t i = 0; i < events.size(); ++i) {
    const Record record{Offset{static_cast<int64_t>(i)}, events[i].at, std::move(values[i])};
    if (absl::Status status = (*archive)->Append(Partition{0}, record); !status.ok()) return status;
  }
  return (*archive)->Close();
}

absl::Status Post(const std::vector<ExportedEvent>& events, const Options& options) {
  for (size_t begin = 0; begin < events.size(); begin += kEventsPerPost) {
    const size_t end = std::min(begin + kEventsPerPost, events.size());
    ApiCall call;
    call.url = options.url;
    call.token_file = options.token_file;
    call.method = "POST";
    call.target = "/v1/events";
    call.content_type = "application/x-ndjson";
    for (size_t i = begin; i < end; ++i) CatTo(&call.body, ToJson(events[i].event), "\n");
    const absl::StatusOr<ApiReply> reply = CallApi(call);
    const absl::Status status = reply.ok() ? ApiStatus(*reply) : reply.status();
    if (status.ok()) continue;
    return absl::Status(status.code(),
                        Cat(begin, " of ", events.size(),
                            " events were sent, then: ", std::string(status.message()),
                            "\n  hint: sending all of them again does no harm"));
  }
  return absl::OkStatus();
}

absl::Status Write(const Options& options, const std::vector<ExportedEvent>& events,
                   std::ostream& out) {
  if (options.post) return Post(events, options);
  if (options.out == "-") return WriteLines(events, out);
  if (constexpr std::string_view kArchive = "archive:"; options.out.starts_with(kArchive)) {
    return WriteArchive(events, options.out.substr(kArchive.size()));
  }
  std::ofstream file(options.out, std::ios::trunc);
  const absl::Status status = WriteLines(events, file);
  if (status.ok()) return status;
  return absl::DataLossError(Cat(options.out, ": cannot be written"));
}

// The tickets that live at `as_of`, in order of their ids.
std::vector<ExportedEvent> Observe(const std::vector<ExportedEvent>& events, Instant as_of,
                                   const std::string& tenant, std::ostream& err) {
  std::map<std::pair<std::string, std::string>, TicketSnapshot> tickets;
  for (const ExportedEvent& exported : events) {
    if (exported.event.ticket_id().empty()) continue;
    tickets[{exported.event.tenant(), exported.event.ticket_id()}].Apply(exported.event,
                                                                         exported.at);
  }
  std::vector<ExportedEvent> observed;
  int64_t gone = 0;
  int64_t taken = 0;
  int64_t unopened = 0;
  for (const auto& [key, ticket] : tickets) {
    if (ticket.gone()) {
      ++gone;
      continue;
    }
    ++taken;
    if (!ticket.opened()) ++unopened;
    for (v1::Event& event :
         ticket.TakenOver(key.first.empty() ? tenant : key.first, key.second, as_of)) {
      observed.push_back({as_of, std::move(event)});
    }
  }
  err << taken << " tickets taken over as of " << ToText(as_of) << ", " << gone
      << " closed, merged or erased ones left out\n";
  if (unopened > 0) {
    err << unopened
        << " of them without their opening: what is known begins with their first event\n";
  }
  return observed;
}

absl::StatusOr<SourceMessage> CommonMessage(const Options& options) {
  SourceMessage message;
  message.topic = options.topic;
  message.stamped = kInstantMin;
  for (const std::string& header : options.headers) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(Cat("--header: expected NAME=VALUE, got ", Quoted(header)));
    }
    message.headers.push_back({header.substr(0, equals), header.substr(equals + 1)});
  }
  return message;
}

// Reads everything; an exit code if that is the end of it.
std::optional<int> ReadExport(const Options& options, EventDecoder* mapping,
                              const SourceMessage& common, CommandContext& context,
                              std::vector<ExportedEvent>* events) {
  Rejections rejections(options, context);
  if (absl::Status status = rejections.Opened(); !status.ok()) return Fail(context, status);
  ExportReader reader(
      mapping, common, options.tenant,
      [&rejections](int64_t number, const std::string& line, const absl::Status& why) {
        rejections.Add(number, line, why);
      });
  absl::Status status;
  if (options.file == "-") {
    status = reader.Read(context.in);
  } else {
    std::ifstream file(options.file);
    status = file ? reader.Read(file) : absl::NotFoundError("cannot be opened");
  }
  if (!status.ok()) {
    return Fail(context, absl::Status(status.code(),
                                      Cat(options.file, ": ", std::string(status.message()))));
  }
  if (status = rejections.Finish(); !status.ok()) return Fail(context, status);
  *events = reader.TakeSorted();
  const ExportCounts& counts = reader.counts();
  context.err << counts.lines << " lines, " << events->size() << " events, " << counts.rejected
              << " lines rejected\n";
  if (counts.rejected == 0 || options.keep_going) return std::nullopt;
  context.err << "nothing was written\n  hint: --keep-going goes on without these lines\n";
  return kExitFailed;
}

int Import(const Options& options, CommandContext& context) {
  const absl::StatusOr<SourceMessage> common = CommonMessage(options);
  absl::Status usage = common.status();
  std::optional<Instant> as_of;
  if (!options.as_of.empty()) {
    const absl::StatusOr<Instant> parsed = ParseInstant(options.as_of);
    if (!parsed.ok()) {
      usage = absl::InvalidArgumentError(Cat("--as-of: ", std::string(parsed.status().message())));
    } else {
      as_of = *parsed;
    }
  }
  if (options.post && options.as == ImportAs::kHistory) {
    usage = absl::InvalidArgumentError(
        "--post goes with --as observed: a past is not sent to a daemon");
  }
  if (!usage.ok()) {
    context.err << usage.message() << "\n";
    return kExitUsage;
  }
  const absl::StatusOr<std::unique_ptr<EventDecoder>> mapping = MakeMapping(options.program);
  if (!mapping.ok()) {
    context.err << mapping.status().message() << "\n";
    return kExitConfig;
  }
  std::vector<ExportedEvent> events;
  if (const std::optional<int> code =
          ReadExport(options, mapping->get(), *common, context, &events)) {
    return *code;
  }
  if (as_of) {
    std::erase_if(events, [&](const ExportedEvent& event) { return event.at > *as_of; });
  }
  if (options.as == ImportAs::kObserved && !events.empty()) {
    events = Observe(events, as_of.value_or(events.back().at), options.tenant, context.err);
  }
  const absl::Status status = Write(options, events, context.out);
  return status.ok() ? kExitOk : Fail(context, status);
}

}  // namespace

void AddImportCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("import", "Reads a helpdesk's export: to begin today, or to simulate");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("FILE", options->file, "Messages, one a line; - reads stdin")->required();
  command->add_option("--program", options->program, "The mapping (jq)")
      ->required()
      ->option_text("FILE.jq REQUIRED");
  command->add_option("--as", options->as, "observed or history")
      ->required()
      ->transform(CLI::CheckedTransformer(
                      std::map<std::string, ImportAs>{{"history", ImportAs::kHistory},
                                                      {"observed", ImportAs::kObserved}})
                      .description(""))
      ->option_text("FORM REQUIRED");
  command
      ->add_option("--as-of", options->as_of,
                   "Later events are left out; the moment of --as observed")
      ->option_text("TIME (default the last event's)");
  command->add_option("--out", options->out, "A file, archive:DIR, or - for stdout")
      ->option_text("PATH (default -)");
  command->add_flag("--post", options->post, "Sends --as observed to a running daemon");
  AddAddressOptions(command, &options->url, &options->token_file);
  command->add_option("--tenant", options->tenant, "Of events that name none")
      ->option_text("NAME (default default)");
  command->add_option("--header", options->headers, "A header of every message; again for more")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  command->add_option("--topic", options->topic, "The topic of every message")->option_text("NAME");
  command->add_option("--rejected", options->rejected, "Gets the lines that are not mapped")
      ->option_text("FILE");
  command->add_flag("--keep-going", options->keep_going, "Writes the rest when lines are rejected");
  command->callback([options, &context] { context.exit_code = Import(*options, context); });
}

}  // namespace escalation
