#include "ops/report_promises.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/log/open_log.h"
#include "ops/api_query.h"
#include "ops/html_page.h"
#include "ops/promise_fold.h"
#include "ops/service_credit.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFooter[] =
    R"(Without a subcommand: what came of the promises, per month, account and plan.
  met        ended in time               breached   time ran out; dated at the due moment
  excused    cancelled before it broke   retracted  breaches that a late event took back
  attainment met / (met + breached), never rounded up
  credit     share of the month's fee, by the table `credits:` of the plan in the policy that was in
             force at the month's end; --policy FILE applies another table

Months are those of the policy's display_zone. --tickets lists the promises behind the figures, each
with partition/offset of the record that decided it: archive cat DIR --partition P --from OFFSET.

Examples:
  escalationctl report --log archive:/backup/2026-Q3
  escalationctl report --log archive:/backup/2026-Q3 --account acme --month 2026-09 --tickets
  escalationctl report --log embedded:/var/lib/escalationd/log -o html > promises.html

Exit 0 done, 1 the log cannot be read, 2 usage, 78 the policy is wrong.)";

struct Options {
  std::string log;
  std::string tenant;
  std::string policy;
  std::string account;
  std::string month;
  std::vector<std::string> targets;
  bool tickets = false;
  std::string form = "table";
};

struct Column {
  const char* name;
  bool is_number;
};

// Cells as text; what a form makes of them is the printer's.
struct Sheet {
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;
};

// "99.95"; empty for none.
std::string Percent(int64_t basis_points) {
  if (basis_points < 0) return "";
  const int64_t rest = basis_points % 100;
  return Cat(basis_points / 100, ".", rest / 10, rest % 10);
}

const v1::Policy* PolicyOfMonth(const PromiseFolding& folding, const std::string& month) {
  const v1::Policy* in_force = nullptr;
  for (const auto& [from, policy] : folding.policies) {
    if (in_force == nullptr || MonthOf(from, folding.zone) <= month) in_force = &policy;
  }
  return in_force;
}

Sheet RowSheet(const Options& options, const PromiseFolding& folding, const v1::Policy* table) {
  Sheet sheet{{{"month", false},
               {"account", false},
               {"plan", false},
               {"met", true},
               {"breached", true},
               {"retracted", true},
               {"excused", true},
               {"attainment", true},
               {"credit", true},
               {"credit_rule", false}},
              {}};
  for (const PromiseRow& row : folding.book.Rows(folding.zone)) {
    if (!options.account.empty() && row.account != options.account) continue;
    if (!options.month.empty() && row.month != options.month) continue;
    const v1::Policy* const policy = table != nullptr ? table : PolicyOfMonth(folding, row.month);
    const ServiceCredit credit = policy == nullptr ? ServiceCredit() : CreditOf(row, *policy);
    sheet.rows.push_back({row.month, row.account, row.plan, Cat(row.counts.met),
                          Cat(row.counts.breached), Cat(row.counts.retracted),
                          Cat(row.counts.excused), Percent(Attainment(row.counts)),
                          Percent(credit.credit_bp == 0 ? -1 : credit.credit_bp), credit.rule});
  }
  return sheet;
}

Sheet TicketSheet(const Options& options, const PromiseFolding& folding) {
  Sheet sheet{{{"month", false},
               {"account", false},
               {"plan", false},
               {"ticket_id", false},
               {"metric", false},
               {"target", false},
               {"cycle", true},
               {"outcome", false},
               {"at", false},
               {"position", false},
               {"reason", false}},
              {}};
  const auto add = [&](const Promise& promise, std::string_view outcome, Instant at,
                       LogPosition position, const std::string& reason) {
    const std::string month = outcome == "open" ? "" : MonthOf(at, folding.zone);
    if (!options.account.empty() && promise.account != options.account) return;
    if (!options.month.empty() && month != options.month) return;
    sheet.rows.push_back({month, promise.account, promise.plan, promise.ticket_id, promise.metric,
                          promise.target, Cat(promise.cycle), std::string(outcome), ToText(at),
                          Cat(position.partition, "/", position.offset), reason});
  };
  for (const Promise& promise : folding.book.promises()) {
    for (const Promise::Retraction& retraction : promise.retracted) {
      add(promise, "retracted", retraction.at, retraction.position, "");
    }
    if (promise.outcome == PromiseOutcome::kNothing) continue;
    add(promise, ToWord(promise.outcome), promise.at, promise.position, promise.reason);
  }
  std::stable_sort(sheet.rows.begin(), sheet.rows.end(), [](const auto& a, const auto& b) {
    return std::tie(a[0], a[1], a[2], a[3]) < std::tie(b[0], b[1], b[2], b[3]);
  });
  return sheet;
}

Json ToJson(const Sheet& sheet, const std::vector<std::string>& row) {
  Json json;
  for (size_t i = 0; i < row.size(); ++i) {
    const Column& column = sheet.columns[i];
    if (column.is_number && row[i].empty()) {
      json[column.name] = nullptr;
    } else if (column.is_number) {
      json[column.name] = Json::parse(row[i]);
    } else {
      json[column.name] = row[i];
    }
  }
  return json;
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PrintJson(const Sheet& sheet, bool lines, std::ostream& out) {
  const char* separator = lines ? "" : "[";
  for (const auto& row : sheet.rows) {
    out << separator << Dump(ToJson(sheet, row)) << (lines ? "\n" : "");
    separator = lines ? "" : ",\n ";
  }
  if (!lines) out << (sheet.rows.empty() ? "[]\n" : "]\n");
}

// RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe.
std::string CsvCell(const std::string& cell) {
  std::string text = cell;
  if (!text.empty() && std::string("=+-@\t").find(text[0]) != std::string::npos) {
    text.insert(0, "'");
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

void PrintCsv(const Sheet& sheet, std::ostream& out) {
  const char* separator = "";
  for (const Column& column : sheet.columns) {
    out << separator << column.name;
    separator = ",";
  }
  out << "\r\n";
  for (const auto& row : sheet.rows) {
    separator = "";
    for (const std::string& cell : row) {
      out << separator << CsvCell(cell);
      separator = ",";
    }
    out << "\r\n";
  }
}

void PrintTable(const Sheet& sheet, std::ostream& out) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < sheet.columns.size(); ++i) {
    size_t width = std::string_view(sheet.columns[i].name).size();
    for (const auto& row : sheet.rows) width = std::max(width, std::max<size_t>(row[i].size(), 1));
    widths.push_back(width);
  }
  const auto print = [&](size_t i, const std::string& cell) {
    const bool last = i + 1 == sheet.columns.size();
    const std::string shown = cell.empty() ? "-" : Printable(cell);
    out << (sheet.columns[i].is_number ? std::right : std::left)
        << std::setw(last ? 0 : static_cast<int>(widths[i])) << shown << (last ? "\n" : "  ");
  };
  for (size_t i = 0; i < sheet.columns.size(); ++i) print(i, sheet.columns[i].name);
  for (const auto& row : sheet.rows) {
    for (size_t i = 0; i < row.size(); ++i) print(i, row[i]);
  }
}

void PrintHtml(const Sheet& sheet, const PromiseFolding& folding, std::ostream& out) {
  HtmlPage page(Cat("Promises of ", folding.tenant));
  std::vector<std::string> headers;
  for (const Column& column : sheet.columns) headers.emplace_back(column.name);
  std::map<std::string, PromiseCounts> months;
  for (const PromiseRow& row : folding.book.Rows(folding.zone)) {
    months[row.month].met += row.counts.met;
    months[row.month].breached += row.counts.breached;
  }
  std::vector<HtmlPage::Bars> bars;
  for (const auto& [month, counts] : months) bars.push_back({month, {counts.met, counts.breached}});
  page.Chart("All accounts by month", {"met", "breached"}, bars);
  page.Table(headers, sheet.rows);
  page.Paragraph(Cat(folding.book.open(), " promises are still open."));
  out << page.Text();
}

int Fail(CommandContext& context, const std::string& message, int code) {
  context.err << "escalationctl report: " << message << "\n";
  return code;
}

int Print(const Options& options, const PromiseFolding& folding, const v1::Policy* table,
          CommandContext& context) {
  const Sheet sheet =
      options.tickets ? TicketSheet(options, folding) : RowSheet(options, folding, table);
  if (options.form == "table") {
    PrintTable(sheet, context.out);
    if (!options.tickets) context.err << folding.book.open() << " promises are still open\n";
  } else if (options.form == "csv") {
    PrintCsv(sheet, context.out);
  } else if (options.form == "html") {
    PrintHtml(sheet, folding, context.out);
  } else {
    PrintJson(sheet, options.form == "jsonl", context.out);
  }
  return kExitOk;
}

int Report(const Options& options, CommandContext& context) {
  if (options.log.empty()) return Fail(context, "--log is required", kExitUsage);
  LoadedPolicy table;
  if (!options.policy.empty()) {
    absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(options.policy);
    if (!loaded.ok()) {
      context.err << loaded.status().message() << "\n";
      return kExitConfig;
    }
    table = *std::move(loaded);
  }
  EmbeddedLogOptions access;
  access.access = Access::kReadOnly;
  const absl::StatusOr<std::unique_ptr<Log>> log = OpenLog(options.log, access);
  if (!log.ok()) return Fail(context, std::string(log.status().message()), kExitFailed);
  int64_t records = 0;
  for (int32_t i = 0; i < (*log)->partitions(); ++i) {
    records += (*log)->End(Partition{i}).value_or(Offset{}).value;
  }
  absl::StatusOr<PromiseFolding> folding;
  {
    ProgressBar progress(context.err, records);
    folding = FoldPromises(**log, options.tenant, progress);
  }
  if (!folding.ok()) return Fail(context, std::string(folding.status().message()), kExitFailed);
  if (!options.targets.empty()) folding->book.KeepTargets(options.targets);
  return Print(options, *folding, options.policy.empty() ? nullptr : &table.policy, context);
}

}  // namespace

void AddPromiseReport(CLI::App* command, CommandContext& context) {
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command->add_option("--log", options->log, "embedded:DIR, archive:DIR or kafka://BROKERS/TOPIC")
      ->option_text("URI");
  command->add_option("--tenant", options->tenant, "Where the log has several")
      ->option_text("NAME");
  command->add_option("--policy", options->policy, "Credits by the tables of this policy")
      ->option_text("FILE");
  command->add_option("--account", options->account, "Only this one")->option_text("NAME");
  command->add_option("--month", options->month, "Only this one, such as 2026-09")
      ->option_text("MONTH");
  command->add_option("--target", options->targets, "Only promises of these targets")
      ->option_text("NAME ...");
  command->add_flag("--tickets", options->tickets, "The promises behind the figures");
  command->add_option("-o,--output", options->form, "table, csv, html, json or jsonl")
      ->check(CLI::IsMember({"table", "csv", "html", "json", "jsonl"}))
      ->option_text("FORM (default table)");
  command->callback([options, command, &context] {
    if (!command->get_subcommands().empty()) return;
    context.exit_code = Report(*options, context);
  });
}

}  // namespace escalation
