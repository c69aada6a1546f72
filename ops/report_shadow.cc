#include "ops/report_shadow.h"

#include <CLI/CLI.hpp>
#include <array>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/log/open_log.h"
#include "ops/api_query.h"
#include "ops/option_form.h"
#include "ops/replay.h"
#include "ops/shadow_ledger.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kBatchBytesMax = 4 << 20;
constexpr char kFooter[] =
    R"(Routes with `shadow: true` are decided and published, but page nobody. While they run beside
the helpdesk's own SLA, map its SLA events too: a field helpdesk_sla.METRIC of the ticket, with the
value "met", "breached" or "due", and perhaps the due moment behind it:

  {"ticket_id": "T-1", "fields_changed": {"fields":
    [{"name": "helpdesk_sla.first_response", "value": "breached 2026-03-10T12:00:00Z"}]}}

  ours_only     we decided a breach, the helpdesk did not
  theirs_only   the helpdesk says breached, we do not
  due_differs   the due moments are further apart than --tolerance
  no_clock      the helpdesk measures what our policy does not promise

Examples:
  escalationctl report shadow --log kafka://127.0.0.1:9092/escalation.log
  escalationctl report shadow --log embedded:/var/lib/escalationd/log --tolerance 5m -o jsonl

Exit 0 done, whatever it found; 1 the log cannot be read, 2 usage.)";

struct Options {
  std::string log;
  std::string tenant;
  std::string tolerance = "1m";
  OutputForm form = OutputForm::kTable;
};

absl::Status AddRecords(const Log& log, Partition partition, const std::string& tenant,
                        ShadowLedger* ledger) {
  const absl::StatusOr<Offset> begin = log.Begin(partition);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = log.End(partition);
  if (!end.ok()) return end.status();
  for (Offset at = *begin; at < *end;) {
    const absl::StatusOr<RecordBatch> batch = log.Read(partition, at, kBatchBytesMax);
    if (!batch.ok()) return batch.status();
    if (batch->records.empty()) {
      log.WaitFor(partition, at, absl::Seconds(1));
      continue;
    }
    for (const Record& record : batch->records) {
      v1::Event event;
      if (!event.ParseFromString(record.value)) {
        return absl::DataLossError(Cat("offset ", record.offset, ": not an event"));
      }
      if (tenant.empty() || event.tenant() == tenant) ledger->Add(event);
    }
    at = batch->records.back().offset + 1;
  }
  return absl::OkStatus();
}

absl::Status Fill(const Log& log, const std::string& tenant, ShadowLedger* ledger) {
  for (int32_t i = 0; i < log.partitions(); ++i) {
    if (absl::Status status = AddRecords(log, Partition{i}, tenant, ledger); !status.ok()) {
      return status;
    }
    const auto counts = ReplayLog(
        log, Partition{i},
        [&](const v1::Decision& decision) {
          if (tenant.empty() || decision.tenant() == tenant) ledger->Add(decision);
          return absl::OkStatus();
        },
        [](int64_t, int64_t) {});
    if (!counts.ok()) return counts.status();
  }
  return absl::OkStatus();
}

std::string MomentOf(const std::optional<Instant>& moment) {
  return moment.has_value() ? ToText(*moment) : "";
}

void PrintTable(const std::vector<ShadowDifference>& differences, std::ostream& out) {
  using Row = std::array<std::string, 8>;
  std::vector<Row> rows = {
      {"difference", "tenant", "ticket", "metric", "ours", "theirs", "our_due", "their_due"}};
  for (const ShadowDifference& d : differences) {
    rows.push_back({ToWord(d.kind), Printable(d.tenant), Printable(d.ticket_id),
                    Printable(d.metric), d.ours, d.theirs, MomentOf(d.our_due),
                    MomentOf(d.their_due)});
  }
  std::array<size_t, 8> widths = {};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const Row& row : rows) {
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      out << std::left << std::setw(static_cast<int>(widths[i]) + 2)
          << (row[i].empty() ? "-" : row[i]);
    }
    out << (row.back().empty() ? "-" : row.back()) << "\n";
  }
}

void PrintJson(const std::vector<ShadowDifference>& differences, bool lines, std::ostream& out) {
  const char* separator = lines ? "" : "[";
  for (const ShadowDifference& d : differences) {
    Json row = {{"difference", ToWord(d.kind)}, {"tenant", d.tenant}, {"ticket_id", d.ticket_id},
                {"metric", d.metric},           {"ours", d.ours},     {"theirs", d.theirs}};
    if (d.our_due.has_value()) row["our_due_at"] = ToText(*d.our_due);
    if (d.their_due.has_value()) row["their_due_at"] = ToText(*d.their_due);
    out << separator << row.dump(-1, ' ', false, Json::error_handler_t::replace)
        << (lines ? "\n" : "");
    separator = lines ? "" : ",\n ";
  }
  if (!lines) out << (differences.empty() ? "[]\n" : "]\n");
}

int Fail(CommandContext& context, std::string_view message, int code) {
  context.err << "escalationctl report shadow: " << message << "\n";
  return code;
}

int Report(const Options& options, CommandContext& context) {
  const absl::StatusOr<Duration> tolerance = ParseDuration(options.tolerance);
  if (!tolerance.ok() || *tolerance < Duration{0}) {
    return Fail(context, Cat("--tolerance: \"", options.tolerance, "\" is no length, such as 1m"),
                kExitUsage);
  }
  EmbeddedLogOptions access;
  access.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options.log, access);
  if (!log.ok()) return Fail(context, std::string(log.status().message()), kExitFailed);
  ShadowLedger ledger;
  if (absl::Status status = Fill(**log, options.tenant, &ledger); !status.ok()) {
    return Fail(context, std::string(status.message()), kExitFailed);
  }
  const std::vector<ShadowDifference> differences = ledger.Differences(*tolerance);
  if (options.form == OutputForm::kTable) {
    PrintTable(differences, context.out);
  } else {
    PrintJson(differences, options.form == OutputForm::kJsonLines, context.out);
  }
  context.err << ledger.compared() << " promises compared, " << differences.size() << " differ\n";
  if (ledger.unreadable() > 0) {
    context.err << ledger.unreadable() << " values say neither met, breached nor due, such as "
                << Printable(ledger.first_unreadable()) << "\n";
  }
  return kExitOk;
}

}  // namespace

void AddShadowReport(CLI::App* report, CommandContext& context) {
  CLI::App* const command =
      report->add_subcommand("shadow", "Where we differ from the helpdesk's own SLA");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("--log", options->log, "embedded:DIR, archive:DIR or kafka://BROKERS/TOPIC")
      ->option_text("URI")
      ->required();
  command->add_option("--tenant", options->tenant, "Only this one")->option_text("NAME");
  command->add_option("--tolerance", options->tolerance, "Due moments this close agree")
      ->option_text("LENGTH (default 1m)");
  AddFormOption(command, &options->form);
  command->callback([options, &context] { context.exit_code = Report(*options, context); });
}

}  // namespace escalation
