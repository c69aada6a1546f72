// How fast events are taken over HTTP, each durable before its 2xx, by a real escalationd with a
// fresh log; and what a request waits at a given rate.
//
//   http_load [SCENARIO...] [--seconds S] [--json]
//   http_load --events-per-request N --rate R --connections C
//
// Each run ends with SIGKILL, and the log must hold every acknowledged event once, at its offset.

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "tests/bench/daemon_process.h"
#include "tests/bench/load_client.h"
#include "tests/bench/log_proof.h"
#include "tests/bench/ticket_traffic.h"

namespace escalation {
namespace {

struct Scenario {
  std::string name;
  int connections;
  int64_t events_per_request;
  double events_per_second;  // 0: as fast as it goes.
};

const Scenario kScenarios[] = {
    {"batch_max", 8, 200, 0},
    {"batch_25000", 32, 200, 25'000},
    {"single_max", 64, 1, 0},
    {"single_5000", 64, 1, 5'000},
};

struct Settings {
  std::string daemon;
  double seconds = 5;
  int daemon_cpu = -1;
  int client_cpu = -1;
  bool json = false;
};

struct Measured {
  LoadResult load;
  double answered_cpu = 0;  // Until the last reply.
  double folded_cpu = 0;    // Until everything is folded and published too.
  double folded_seconds = 0;
  std::string wrong;  // Empty: the log holds what was acknowledged.
};

Measured Run(const Scenario& scenario, const Settings& settings) {
  DaemonProcess::Options options;
  options.program = settings.daemon;
  options.policy = kTrafficPolicy;
  options.cpu = settings.daemon_cpu;
  DaemonProcess daemon(options);
  RunOn(settings.client_cpu);
  LoadPlan plan;
  plan.port = daemon.port();
  plan.connections = scenario.connections;
  plan.events_per_request = scenario.events_per_request;
  plan.events_per_second = scenario.events_per_second;
  plan.body = AppendTrafficBody;
  // The first requests warm up what every later one finds warm.
  plan.seconds = 0.5;
  LoadResult warm = LoadClient(plan).Run();
  daemon.WaitUntilFolded();

  plan.first = static_cast<int64_t>(warm.offsets.size());
  plan.seconds = settings.seconds;
  Measured measured;
  const double cpu = daemon.CpuSeconds();
  const auto begin = std::chrono::steady_clock::now();
  measured.load = LoadClient(plan).Run();
  measured.answered_cpu = daemon.CpuSeconds() - cpu;
  daemon.WaitUntilFolded();
  measured.folded_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  measured.folded_cpu = daemon.CpuSeconds() - cpu;
  daemon.Kill();
  std::vector<int64_t> offsets = std::move(warm.offsets);
  offsets.insert(offsets.end(), measured.load.offsets.begin(), measured.load.offsets.end());
  measured.wrong = ProveLog(daemon.log_dir(), offsets, TrafficId);
  RunOn(-1);
  return measured;
}

void Print(const Scenario& scenario, const Measured& measured, const Settings& settings) {
  const LoadResult& load = measured.load;
  const auto events = static_cast<double>(load.acknowledged);
  int64_t refused = 0;
  for (const auto& [status, count] : load.replies) refused += status == 200 ? 0 : count;
  const double per_second = events / load.seconds;
  const double folded_per_second = events / measured.folded_seconds;
  const double answered_us = measured.answered_cpu / events * 1e6;
  const double folded_us = measured.folded_cpu / events * 1e6;
  const char* const form =
      settings.json
          ? "{\"name\":\"http/%s\",\"events_per_second\":%.0f,\"folded_events_per_second\":%.0f,"
            "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"answered_cpu_us\":%.2f,"
            "\"cpu_us\":%.2f,\"refused\":%ld}\n"
          : "%-12s %9.0f %9.0f %9.2f %9.2f %9.2f %9.2f %9.2f %8ld\n";
  std::printf(form, scenario.name.c_str(), per_second, folded_per_second, load.latency.Ms(0.5),
              load.latency.Ms(0.99), load.latency.Ms(0.999), answered_us, folded_us, refused);
  std::fflush(stdout);
}

int Main(int argc, char** argv) {
  CLI::App app("Measures how fast escalationd takes events over HTTP.");
  Settings settings;
  settings.daemon =
      std::filesystem::canonical("/proc/self/exe").parent_path() / "../../daemon/escalationd";
  std::vector<std::string> names;
  Scenario own{"own", 16, 1, 0};
  app.add_option("scenario", names, "Which of --list; default: all");
  app.add_option("--daemon", settings.daemon, "The program; default: of the same build");
  app.add_option("--seconds", settings.seconds, "How long each scenario runs");
  app.add_option("--daemon-cpu", settings.daemon_cpu, "The only processor of the daemon");
  app.add_option("--client-cpu", settings.client_cpu, "The only processor of the load");
  app.add_flag("--json", settings.json, "One JSON object a line");
  app.add_option("--connections", own.connections);
  app.add_option("--events-per-request", own.events_per_request);
  auto* const rate =
      app.add_option("--rate", own.events_per_second, "Events a second; 0: all that go");
  bool list = false;
  app.add_flag("--list", list, "The scenarios' names, and nothing more");
  CLI11_PARSE(app, argc, argv);
  if (list) {
    for (const Scenario& scenario : kScenarios) std::printf("  %s\n", scenario.name.c_str());
    return 0;
  }

  std::vector<Scenario> scenarios;
  for (const Scenario& scenario : kScenarios) {
    const bool named = std::find(names.begin(), names.end(), scenario.name) != names.end();
    if (named || (names.empty() && rate->count() == 0)) scenarios.push_back(scenario);
  }
  if (rate->count() > 0) scenarios.push_back(own);
  if (!settings.json) {
    std::printf("%-12s %9s %9s %9s %9s %9s %9s %9s %8s\n", "scenario", "events/s", "folded/s",
                "p50 ms", "p99 ms", "p99.9 ms", "taken us", "all us", "refused");
  }
  for (const Scenario& scenario : scenarios) {
    const Measured measured = Run(scenario, settings);
    Print(scenario, measured, settings);
    if (!measured.load.first_refusal.empty()) {
      std::fprintf(stderr, "the first refusal: %s\n", measured.load.first_refusal.c_str());
    }
    if (!measured.wrong.empty()) {
      std::fprintf(stderr, "the log does not hold what was acknowledged: %s\n",
                   measured.wrong.c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace escalation

int main(int argc, char** argv) { return escalation::Main(argc, argv); }
