#include "ops/calendar_command.h"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "escalation/v1/policy.pb.h"
#include "ops/calendar_eval.h"
#include "ops/calendar_print.h"
#include "ops/calendar_question.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

constexpr char kEvalFooter[] =
    R"(Each line of input is an object with "id", "op", "cal" and the operation's fields; instants are
UNIX seconds. Each answer is {"id", "result"}. A line that is wrong is named on stderr, the rest
goes on, and the exit code is 1.

Example:
  echo '{"id":1,"op":"due","cal":{"tz":"Europe/Berlin","week":{"mon":[["09:00","17:00"]]}},
         "start":1772000000,"dur_s":3600}' | tr -d '\n' | escalationctl calendar eval)";

constexpr char kShowFooter[] = R"(Example:
  escalationctl calendar show office --file deploy/policies/example.yaml --month 2026-12)";

constexpr char kAddFooter[] =
    R"(The time is local to the calendar's zone, or RFC 3339 with an offset. The length is open time such
as 15m, 4h or 1d (24 open hours), or business days such as 2bd.

Examples:
  escalationctl calendar add 2026-12-24T16:00 4h --in office --file deploy/policies/example.yaml
  escalationctl calendar add 2026-12-24T15:00:00Z 2bd --reading end_of_day --in office --file P.yaml)";

constexpr char kDiffFooter[] = R"(Example:
  escalationctl calendar diff old.yaml new.yaml --in office --year 2027)";

// What the command line says; one for each command.
struct Options {
  std::string file;
  std::string other_file;
  std::string name;
  std::string month;
  std::string time;
  std::string length;
  std::string reading = "hours";
  std::string output = "table";
  int year = 0;

  CalendarFormat format() const {
    return output == "json" ? CalendarFormat::kJson : CalendarFormat::kText;
  }
};

int Fail(CommandContext& context, const std::string& command, const std::string& message,
         int exit_code) {
  context.err << "escalationctl calendar " << command << ": " << message << "\n";
  context.exit_code = exit_code;
  return exit_code;
}

CivilDay Today() {
  const absl::CivilDay day = absl::ToCivilDay(absl::Now(), absl::UTCTimeZone());
  return {static_cast<int32_t>(day.year()), day.month(), day.day()};
}

std::string Names(const v1::CalendarSet& set) {
  std::string out;
  for (const v1::CalendarDefinition& calendar : set.calendars()) {
    CatTo(&out, calendar.name(), ", ");
  }
  return Cat(out, "always");
}

// The calendar of a policy file, fast around `t`; null: said why, exit code set.
std::shared_ptr<const Calendar> Load(CommandContext& context, const std::string& command,
                                     const std::string& file, const std::string& name, Instant t) {
  const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(file);
  if (!loaded.ok()) {
    context.err << loaded.status().message() << "\n";
    context.exit_code = kExitConfig;
    return nullptr;
  }
  if (name == "always") return Calendar::Always();
  const v1::CalendarSet& set = loaded->calendars;
  for (const v1::CalendarDefinition& definition : set.calendars()) {
    if (definition.name() != name) continue;
    for (const v1::ZoneDefinition& zone : set.zones()) {
      if (zone.name() != definition.zone()) continue;
      auto calendar = Calendar::Compile(definition, zone, Window::Around(t));
      if (calendar.ok()) return *std::move(calendar);
      Fail(context, command, Cat(file, ": ", std::string(calendar.status().message())),
           kExitConfig);
      return nullptr;
    }
  }
  Fail(context, command,
       Cat(file, " has no calendar \"", name.substr(0, 64), "\", expected one of ", Names(set)),
       kExitUsage);
  return nullptr;
}

void RunEval(CommandContext& context, const Options& options) {
  CalendarEvaluator evaluator;
  if (options.file.empty() || options.file == "-") {
    if (!evaluator.AnswerAll(context.in, "stdin", context.out, context.err)) {
      context.exit_code = kExitFailed;
    }
    return;
  }
  std::error_code error;
  std::ifstream file(options.file);
  if (!file || std::filesystem::is_directory(options.file, error)) {
    Fail(context, "eval", Cat(options.file, ": cannot be read, expected a file of JSON lines"),
         kExitFailed);
    return;
  }
  if (!evaluator.AnswerAll(file, options.file, context.out, context.err)) {
    context.exit_code = kExitFailed;
  }
}

void RunShow(CommandContext& context, const Options& options) {
  CivilDay month = Today();
  if (!options.month.empty()) {
    const absl::StatusOr<int32_t> day = ParseDay(options.month + "-01");
    if (!day.ok() || *day >= DaysFromCivil({2200, 1, 1})) {
      Fail(context, "show",
           Cat("not a month: \"", options.month.substr(0, 64), "\", expected such as 2026-12"),
           kExitUsage);
      return;
    }
    month = CivilFromDays(*day);
  }
  const Instant t = Instant{} + Duration::Days(DaysFromCivil({month.year, month.month, 1}));
  const auto calendar = Load(context, "show", options.file, options.name, t);
  if (calendar == nullptr) return;
  PrintMonth(*calendar, month.year, month.month, options.format(), context.out);
}

void RunAdd(CommandContext& context, const Options& options) {
  // Which years matter is known only once the time was read, and a local time needs the calendar.
  const auto calendar = Load(context, "add", options.file, options.name, YearOfText(options.time));
  if (calendar == nullptr) return;
  absl::StatusOr<AddQuestion> question =
      ReadAddQuestion(*calendar, options.time, options.length, options.reading);
  if (!question.ok()) {
    Fail(context, "add", std::string(question.status().message()), kExitUsage);
    return;
  }
  const bool by_date = question->days > 0 && question->open.ms == 0;
  const Explanation answer =
      by_date ? ExplainBusinessDays(*calendar, question->from, question->days, question->reading)
              : ExplainAdd(*calendar, question->from, question->open);
  PrintAdd(*calendar, *question, answer, options.format(), context.out);
  if (answer.due == Instant::Never()) context.exit_code = kExitFailed;
}

void RunDiff(CommandContext& context, const Options& options) {
  const int year = options.year == 0 ? Today().year : options.year;
  const Instant t = Instant{} + Duration::Days(DaysFromCivil({year, 1, 1}));
  const auto before = Load(context, "diff", options.file, options.name, t);
  if (before == nullptr) return;
  const auto after = Load(context, "diff", options.other_file, options.name, t);
  if (after == nullptr) return;
  PrintDifference(*before, *after, year, options.format(), context.out);
}

using Run = void (*)(CommandContext& context, const Options& options);

CLI::App* AddVerb(CLI::App* calendar, CommandContext& context, const char* name,
                  const char* summary, const char* footer, const std::shared_ptr<Options>& options,
                  Run run) {
  CLI::App* verb = calendar->add_subcommand(name, summary);
  verb->footer(footer);
  verb->callback([&context, options, run] { run(context, *options); });
  return verb;
}

void AddOutput(CLI::App* verb, const std::shared_ptr<Options>& options) {
  verb->add_option("-o,--output", options->output, "table (default) or json")
      ->check(CLI::IsMember({"table", "json"}));
}

}  // namespace

void AddCalendarCommand(CLI::App& app, CommandContext& context) {
  CLI::App* calendar = app.add_subcommand("calendar", "Business time that a person can look at");
  calendar->require_subcommand(1);

  auto options = std::make_shared<Options>();
  CLI::App* verb = AddVerb(calendar, context, "eval", "Answers questions given as JSON lines",
                           kEvalFooter, options, RunEval);
  verb->add_option("FILE", options->file, "JSON lines; stdin if absent");

  options = std::make_shared<Options>();
  verb = AddVerb(calendar, context, "show", "A month of a calendar, date by date", kShowFooter,
                 options, RunShow);
  verb->add_option("NAME", options->name, "Calendar of the policy")->required();
  verb->add_option("--file,--in-file", options->file, "Policy file (YAML)")->required();
  verb->add_option("--month", options->month, "Such as 2026-12; the present month if absent");
  AddOutput(verb, options);

  options = std::make_shared<Options>();
  verb = AddVerb(calendar, context, "add", "When so much open time has passed, and why", kAddFooter,
                 options, RunAdd);
  verb->add_option("TIME", options->time, "Such as 2026-12-24T16:00")->required();
  verb->add_option("LENGTH", options->length, "Such as 4h or 2bd")->required();
  verb->add_option("--in", options->name, "Calendar of the policy")->required();
  verb->add_option("--file,--in-file", options->file, "Policy file (YAML)")->required();
  verb->add_option("--reading", options->reading,
                   "How business days are read: hours (default), same_time or end_of_day")
      ->check(CLI::IsMember({"hours", "same_time", "end_of_day"}));
  AddOutput(verb, options);

  options = std::make_shared<Options>();
  verb = AddVerb(calendar, context, "diff", "Dates whose hours differ between two policies",
                 kDiffFooter, options, RunDiff);
  verb->add_option("BEFORE", options->file, "Policy file (YAML)")->required();
  verb->add_option("AFTER", options->other_file, "Policy file (YAML)")->required();
  verb->add_option("--in", options->name, "Calendar of both policies")->required();
  verb->add_option("--year", options->year, "The present year if absent")
      ->check(CLI::Range(2000, 2099));
  AddOutput(verb, options);
}

}  // namespace escalation
