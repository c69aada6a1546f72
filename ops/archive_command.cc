#include "ops/archive_command.h"

#include <CLI/CLI.hpp>
#include <iomanip>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/log/archive_log.h"
#include "daemon/log/archive_merge.h"
#include "daemon/log/archive_writer.h"
#include "daemon/log/open_log.h"
#include "ops/progress_bar.h"
#include "ops/record_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl archive create --log embedded:/var/lib/escalationd/log --out /backup/2026-11
  escalationctl archive verify /backup/2026-11
  escalationctl archive cat /backup/2026-11 -o table --from 1000 --count 20
  escalationctl archive cat /backup/2026-11 | jq 'select(.event.ticket_id == "T-1")'
  escalationctl archive merge /backup/2026-10 /backup/2026-11 --out /backup/autumn

An archive holds a log's records with their offsets, the times at which the log took them, and a
running hash: equal hashes, equal records. It reads as a log: replay --log archive:DIR.

Archives of one log that overlap become one again with merge: what several hold is compared byte by
byte, and a gap between them is an error. So a log of which a retention took the beginning can be
folded from there.)";

struct CreateOptions {
  std::string log;
  std::string out;
  bool no_decisions = false;
  std::string form = "table";
};

struct CatOptions {
  std::string dir;
  int32_t partition = -1;
  int64_t from = 0;
  int64_t count = std::numeric_limits<int64_t>::max();
  bool decisions = false;
  std::string form = "jsonl";
};

void Fail(CommandContext& context, const absl::Status& status) {
  context.err << "escalationctl archive: " << status.message() << "\n";
  context.exit_code = kExitFailed;
}

nlohmann::ordered_json ToJson(const ArchiveSummary& summary) {
  nlohmann::ordered_json out;
  out["kind"] = summary.identity.kind;
  out["cluster"] = summary.identity.cluster;
  out["topic"] = summary.identity.topic;
  out["incarnation"] = summary.identity.incarnation;
  out["files"] = summary.files;
  out["bytes"] = summary.bytes;
  out["partitions"] = nlohmann::ordered_json::array();
  for (size_t i = 0; i < summary.partitions.size(); ++i) {
    const ArchivePartitionSummary& partition = summary.partitions[i];
    out["partitions"].push_back({{"partition", i},
                                 {"begin", std::to_string(partition.begin.value)},
                                 {"end", std::to_string(partition.end.value)},
                                 {"records", partition.records},
                                 {"decisions", partition.decisions},
                                 {"records_chain", partition.records_chain},
                                 {"decisions_chain", partition.decisions_chain}});
  }
  return out;
}

void Print(CommandContext& context, const ArchiveSummary& summary, const std::string& dir,
           const std::string& form) {
  if (form != "table") {
    context.out << ToJson(summary).dump(form == "json" ? 2 : -1) << "\n";
    return;
  }
  context.out << "partition  offsets               records    decisions  hash of the records\n";
  for (size_t i = 0; i < summary.partitions.size(); ++i) {
    const ArchivePartitionSummary& partition = summary.partitions[i];
    const std::string offsets = Cat("[", partition.begin, ", ", partition.end, ")");
    context.out << std::left << std::setw(11) << i << std::setw(22) << offsets << std::setw(11)
                << partition.records << std::setw(11) << partition.decisions
                << (partition.records == 0 ? "-" : partition.records_chain) << "\n";
  }
  context.out << dir << ": verified: " << summary.files << " files, " << summary.bytes << " bytes, "
              << summary.identity.kind << " log " << summary.identity.incarnation << "\n";
}

void Verify(CommandContext& context, const std::string& dir, const std::string& form) {
  const absl::StatusOr<ArchiveSummary> summary = VerifyArchive(dir);
  if (!summary.ok()) return Fail(context, summary.status());
  Print(context, *summary, dir, form);
}

void Create(CommandContext& context, const CreateOptions& options) {
  EmbeddedLogOptions reading;
  reading.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options.log, reading);
  if (!log.ok()) return Fail(context, log.status());
  int64_t records = 0;
  for (int32_t i = 0; i < (*log)->partitions(); ++i) {
    const absl::StatusOr<Offset> begin = (*log)->Begin(Partition{i});
    const absl::StatusOr<Offset> end = (*log)->End(Partition{i});
    if (begin.ok() && end.ok()) records += end->value - begin->value;
  }
  absl::Status status;
  {
    ProgressBar progress(context.err, records);
    status = ArchiveLogTo(**log, options.out,
                          options.no_decisions ? WithDecisions::kNo : WithDecisions::kYes,
                          ArchiveOptions(), progress.Part());
  }
  if (!status.ok()) return Fail(context, status);
  // An archive is read back before anyone relies on it.
  Verify(context, options.out, options.form);
}

struct MergeOptions {
  std::vector<std::string> dirs;
  std::string out;
  std::string form = "table";
};

void Merge(CommandContext& context, const MergeOptions& options) {
  const absl::Status status = MergeArchives(options.dirs, options.out);
  if (!status.ok()) return Fail(context, status);
  Verify(context, options.out, options.form);
}

// Prints lines; as JSON, the lines are the elements of one array.
class Printer {
 public:
  Printer(CommandContext& context, std::string form) : context_(context), form_(std::move(form)) {}

  void Begin() {
    if (form_ == "json") context_.out << "[";
  }
  template <typename Entry>
  void Add(Partition partition, const Entry& entry) {
    const absl::StatusOr<std::string> line =
        form_ == "table" ? ToRow(partition, entry) : ToJsonLine(partition, entry);
    if (!line.ok()) return Fail(context_, line.status());
    if (form_ == "json") context_.out << (first_ ? "\n" : ",\n");
    context_.out << *line;
    if (form_ != "json") context_.out << "\n";
    first_ = false;
  }
  void End() {
    if (form_ == "json") context_.out << (first_ ? "]\n" : "\n]\n");
  }

 private:
  CommandContext& context_;
  const std::string form_;
  bool first_ = true;
};

absl::Status CatRecords(const Log& log, Partition partition, const CatOptions& options,
                        Printer* printer) {
  constexpr size_t kReadBytes = 1 << 20;
  const absl::StatusOr<Offset> begin = log.Begin(partition);
  if (!begin.ok()) return begin.status();
  Offset next = std::max(*begin, Offset{options.from});
  const absl::StatusOr<Offset> end = log.End(partition);
  if (!end.ok()) return end.status();
  int64_t left = options.count;
  while (next < *end && left > 0) {
    const absl::StatusOr<RecordBatch> batch = log.Read(partition, next, kReadBytes);
    if (!batch.ok()) return batch.status();
    if (batch->records.empty()) break;
    for (const Record& record : batch->records) {
      if (left-- <= 0) break;
      printer->Add(partition, record);
    }
    next = batch->records.back().offset + 1;
  }
  return absl::OkStatus();
}

absl::Status CatDecisions(const Log& log, Partition partition, const CatOptions& options,
                          Printer* printer) {
  constexpr int64_t kAtOnce = 1000;
  uint64_t next = static_cast<uint64_t>(std::max<int64_t>(options.from, 1));
  int64_t left = options.count;
  while (left > 0) {
    const absl::StatusOr<std::vector<PublishedDecision>> decisions =
        log.ReadDecisions(partition, next, static_cast<size_t>(std::min(left, kAtOnce)));
    if (!decisions.ok()) return decisions.status();
    if (decisions->empty()) break;
    for (const PublishedDecision& decision : *decisions) printer->Add(partition, decision);
    left -= static_cast<int64_t>(decisions->size());
    next = decisions->back().seq + 1;
  }
  return absl::OkStatus();
}

void PrintArchive(CommandContext& context, const CatOptions& options) {
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenArchiveLog(options.dir);
  if (!log.ok()) return Fail(context, log.status());
  Printer printer(context, options.form);
  printer.Begin();
  const int32_t first = std::max(options.partition, 0);
  const int32_t after = options.partition < 0 ? (*log)->partitions() : first + 1;
  for (int32_t i = first; i < after; ++i) {
    const absl::Status status = options.decisions
                                    ? CatDecisions(**log, Partition{i}, options, &printer)
                                    : CatRecords(**log, Partition{i}, options, &printer);
    if (!status.ok()) {
      Fail(context, status);
      break;
    }
  }
  printer.End();
}

CLI::Option* AddForm(CLI::App* command, std::string* form) {
  return command->add_option("-o,--output", *form, "table, json or jsonl")
      ->check(CLI::IsMember({"table", "json", "jsonl"}))
      ->capture_default_str();
}

}  // namespace

void AddArchiveCommand(CLI::App& app, CommandContext& context) {
  CLI::App* archive = app.add_subcommand("archive", "Makes, verifies and prints archives of a log");
  archive->require_subcommand(1);
  archive->footer(kFooter);

  auto creating = std::make_shared<CreateOptions>();
  CLI::App* create = archive->add_subcommand("create", "Writes everything that a log holds now");
  create->add_option("--log", creating->log, "embedded:DIR, archive:DIR or kafka://BROKERS/TOPIC")
      ->required();
  create->add_option("--out", creating->out, "Directory, empty or not there yet")->required();
  create->add_flag("--no-decisions", creating->no_decisions, "Leave the decisions out");
  AddForm(create, &creating->form);
  create->callback([creating, &context] { Create(context, *creating); });

  auto merging = std::make_shared<MergeOptions>();
  CLI::App* merge = archive->add_subcommand("merge", "Makes one archive of several of one log");
  merge->add_option("DIR", merging->dirs, "Archives that touch or overlap")->required();
  merge->add_option("--out", merging->out, "Directory, empty or not there yet")->required();
  AddForm(merge, &merging->form);
  merge->callback([merging, &context] { Merge(context, *merging); });

  auto verifying = std::make_shared<CatOptions>();
  verifying->form = "table";
  CLI::App* verify =
      archive->add_subcommand("verify", "Reads everything and recomputes every hash");
  verify->add_option("DIR", verifying->dir, "The archive")->required();
  AddForm(verify, &verifying->form);
  verify->callback([verifying, &context] { Verify(context, verifying->dir, verifying->form); });

  auto printing = std::make_shared<CatOptions>();
  CLI::App* cat = archive->add_subcommand("cat", "Prints records or decisions");
  cat->add_option("DIR", printing->dir, "The archive")->required();
  cat->add_option("--partition", printing->partition, "Only this partition")
      ->check(CLI::NonNegativeNumber);
  cat->add_option("--from", printing->from, "First offset, or seq of a decision")
      ->check(CLI::NonNegativeNumber);
  cat->add_option("--count", printing->count, "At most so many of each partition")
      ->check(CLI::NonNegativeNumber);
  cat->add_flag("--decisions", printing->decisions, "Print decisions instead of records");
  AddForm(cat, &printing->form);
  cat->callback([printing, &context] { PrintArchive(context, *printing); });
}

}  // namespace escalation
