#include "ops/load_command.h"

#include <iomanip>
#include <nlohmann/json.hpp>

#include "ops/load_simulation.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// Hundredths: "1.25".
std::string MeanText(int64_t sum, int64_t count) {
  if (count == 0) return "-";
  const int64_t hundredths = (sum * 100 + count / 2) / count;
  return Cat(hundredths / 100, ".", hundredths % 100 / 10, hundredths % 10);
}

void PrintTable(const Load& load, const LoadResult& result, std::ostream& out) {
  out << load.name << ", seed " << load.seed << ": " << load.weeks << " weeks, " << result.tickets
      << " tickets, " << result.breaches << " broken promises, " << result.nights << " nights\n\n"
      << std::left << std::setw(24) << "route" << std::right;
  for (const char* const header : {"pages", "by night", "mean", "p50", "p90", "p99", "most"}) {
    out << std::setw(10) << header;
  }
  out << "  quiet nights\n";
  for (const auto& [name, route] : result.routes) {
    out << std::left << std::setw(24) << name << std::right << std::setw(10) << route.pages
        << std::setw(10) << route.night_pages() << std::setw(10)
        << MeanText(route.night_pages(), result.nights);
    for (const int percent : {50, 90, 99, 100}) out << std::setw(10) << route.Quantile(percent);
    out << "  " << route.quiet_nights() << " of " << result.nights << "\n";
  }
}

void PrintJson(const Load& load, const LoadResult& result, int indent, std::ostream& out) {
  nlohmann::ordered_json json = {{"load", load.name},       {"seed", load.seed},
                                 {"weeks", load.weeks},     {"tickets", result.tickets},
                                 {"events", result.events}, {"breaches", result.breaches},
                                 {"nights", result.nights}};
  json["routes"] = nlohmann::ordered_json::array();
  for (const auto& [name, route] : result.routes) {
    json["routes"].push_back({{"route", name},
                              {"pages", route.pages},
                              {"night_pages", route.night_pages()},
                              {"quiet_nights", route.quiet_nights()},
                              {"p50", route.Quantile(50)},
                              {"p90", route.Quantile(90)},
                              {"p99", route.Quantile(99)},
                              {"max", route.Quantile(100)},
                              {"nights", route.nights}});
  }
  out << json.dump(indent) << "\n";
}

}  // namespace

int RunLoad(const LoadedPolicy& policy, const std::string& load_file, OutputForm form,
            CommandContext& context) {
  const absl::StatusOr<Load> load = ReadLoadFile(load_file, policy);
  if (!load.ok()) {
    context.err << load.status().message() << "\n";
    return kExitConfig;
  }
  const absl::StatusOr<LoadResult> result = SimulateLoad(policy, *load);
  if (!result.ok()) {
    context.err << "escalationctl simulate: " << result.status().message() << "\n";
    return kExitFailed;
  }
  if (form == OutputForm::kTable) {
    PrintTable(*load, *result, context.out);
  } else {
    PrintJson(*load, *result, form == OutputForm::kJson ? 2 : -1, context.out);
  }
  return kExitOk;
}

}  // namespace escalation
