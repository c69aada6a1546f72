// simulate_faults [--seeds N] [--from N] [--seed X] [--hours H | --days D] [--rocksdb] [--verbose]
//
// Runs seeds one after the other. A seed that fails prints the one command that repeats it, what
// the judge found, and its last steps; the exit code is 1.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <ctime>

#include "daemon/logging.h"
#include "state/base/text.h"
#include "tests/simulation/simulation.h"

namespace {

using escalation::Cat;
using escalation::Duration;
using escalation::simulation::SimulationOptions;
using escalation::simulation::SimulationResult;

constexpr int kFailuresMax = 10;

void Print(const SimulationResult& result) {
  for (const std::string& problem : result.problems) std::printf("  %s\n", problem.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("simulated faults");
  uint64_t seeds = 1'000, from = 1, seed = 0;
  int64_t hours = 0, days = 0;
  bool verbose = false, rocksdb = false;
  app.add_option("--seeds", seeds, "how many seeds");
  app.add_option("--from", from, "the first seed");
  app.add_option("--seed", seed, "only this seed");
  app.add_option("--hours", hours, "simulated hours with faults; 0: drawn from the seed");
  app.add_option("--days", days, "the same in days");
  app.add_flag("--rocksdb", rocksdb, "the real store on a disk that loses what a disk may lose");
  app.add_flag("--verbose", verbose, "print each step");
  CLI11_PARSE(app, argc, argv);
  escalation::InitLogging(escalation::LogLevel::kError, escalation::LogFormat::kPretty);
  if (seed != 0) {
    from = seed;
    seeds = 1;
  }
  hours += days * 24;
  SimulationResult total;
  int failures = 0;
  const std::clock_t begin = std::clock();
  for (uint64_t i = from; i < from + seeds && failures < kFailuresMax; ++i) {
    SimulationOptions options;
    options.seed = i;
    // A real store costs more.
    const auto drawn = static_cast<int64_t>(rocksdb ? 1 + i * 7 % 5 : 1 + i * 7 % 11);
    options.length = Duration::Hours(hours > 0 ? hours : drawn);
    options.print = verbose;
    options.rocksdb = rocksdb;
    const SimulationResult result = escalation::simulation::Simulate(options);
    total.simulated = total.simulated + result.simulated;
    total.records += result.records;
    total.decisions += result.decisions;
    total.requests += result.requests;
    total.deaths += result.deaths;
    if (seed != 0) std::printf("seed %s, hash %016lx\n", Cat(i).c_str(), result.hash);
    if (result.problems.empty()) continue;
    ++failures;
    std::printf("seed %s failed; repeat with: %s --seed %s --hours %s%s\n", Cat(i).c_str(), argv[0],
                Cat(i).c_str(), Cat(options.length.ms / 3'600'000).c_str(),
                rocksdb ? " --rocksdb" : "");
    Print(result);
    if (seed != 0) std::printf("last steps:\n%s", result.latest.c_str());
  }
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const double simulated = static_cast<double>(total.simulated.ms) / 86'400'000;
  std::printf(
      "%d failed; %.1f simulated days in %.1f s of processor time, %.0f days an hour; "
      "%s records, %s decisions, %s requests, %s processes died\n",
      failures, simulated, seconds, simulated / seconds * 3600, Cat(total.records).c_str(),
      Cat(total.decisions).c_str(), Cat(total.requests).c_str(), Cat(total.deaths).c_str());
  return failures > 0 ? 1 : 0;
}
