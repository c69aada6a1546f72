// How long after its moment a page arrives: a real escalationd, its HTTP API, and a receiver of
// pages on this machine, under other traffic.
//
//   page_latency [--rate R] [--pages P] [--seconds S] [--settle MS] [--json]
//
// A ticket is opened whose answer is promised within a second, and nobody answers. Its page may
// leave `settle` after the due moment; the figure is what passes from there until the receiver has
// read it.

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "tests/bench/daemon_process.h"
#include "tests/bench/load_client.h"
#include "tests/bench/page_receiver.h"
#include "tests/bench/ticket_traffic.h"

namespace escalation {
namespace {

constexpr Duration kPromise = Duration::Seconds(1);
constexpr char kPages[] = R"(  urgent:
    targets:
      - {name: answer, metric: first_response, within: 1s, breached: wake_up}
escalations:
  wake_up: {steps: [{page: [pager]}], stop_on: [replied]}
routes:
  pager: {}
)";

struct Settings {
  std::string daemon;
  double rate = 5'000;
  int64_t events_per_request = 10;
  double pages = 47;  // A second; no divisor of any period of the daemon.
  double seconds = 20;
  int64_t settle_ms = 500;
  bool json = false;
};

struct Measured {
  Quantiles latency;
  size_t missing = 0;
  size_t early = 0;
  LoadResult traffic;
  double cpu_share = 0;
};

LoadPlan TrafficPlan(uint16_t port, const Settings& settings) {
  LoadPlan plan;
  plan.port = port;
  plan.events_per_request = settings.events_per_request;
  plan.events_per_second = settings.rate;
  plan.seconds = settings.seconds;
  plan.body = AppendTrafficBody;
  return plan;
}

// Opens ticket P-n and notes when it is due.
LoadPlan PagePlan(uint16_t port, const Settings& settings, std::vector<Instant>* due) {
  LoadPlan plan;
  plan.port = port;
  plan.events_per_second = settings.pages;
  plan.seconds = settings.seconds;
  plan.body = [due](int64_t first, int64_t, std::string* body) {
    const Instant now = SystemNow();
    due->push_back(now + kPromise);
    CatTo(body, "{\"id\":\"page-", first, "\",\"ticket_id\":\"P-", first, "\",\"occurred_at\":\"",
          now, "\",\"actor\":{\"id\":\"ann\",\"kind\":\"customer\"},",
          "\"opened\":{\"plan\":\"urgent\",\"severity\":\"high\",\"subject\":\"Site down\"}}");
  };
  return plan;
}

Measured Run(const Settings& settings) {
  PageReceiver receiver;
  DaemonProcess::Options options;
  options.program = settings.daemon;
  options.policy = std::string(kTrafficPolicy) + kPages;
  options.routes = Cat("  pager: {kind: webhook, url: \"http://127.0.0.1:", receiver.port(),
                       "/hook\", timeout: 5s}\n");
  options.settle = Cat(settings.settle_ms, "ms");
  const DaemonProcess daemon(options);

  Measured measured;
  std::vector<Instant> due;
  const double cpu = daemon.CpuSeconds();
  std::thread traffic([&] {
    if (settings.rate <= 0) return;
    measured.traffic = LoadClient(TrafficPlan(daemon.port(), settings)).Run();
  });
  const LoadResult pages = LoadClient(PagePlan(daemon.port(), settings, &due)).Run();
  traffic.join();
  measured.cpu_share = (daemon.CpuSeconds() - cpu) / pages.seconds;
  // What has not arrived after this long counts as missing.
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (receiver.Arrivals().size() < due.size() && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  const std::map<int64_t, int64_t> arrivals = receiver.Arrivals();
  measured.missing = due.size() - arrivals.size();
  for (const auto& [number, arrived_us] : arrivals) {
    const int64_t earliest_us = (due[static_cast<size_t>(number)].ms + settings.settle_ms) * 1000;
    if (arrived_us < earliest_us) ++measured.early;
    measured.latency.Add(arrived_us - earliest_us);
  }
  measured.latency.Sort();
  return measured;
}

void Print(const Measured& measured, const Settings& settings) {
  const char* const form =
      settings.json
          ? "{\"name\":\"pages/latency\",\"pages\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,"
            "\"p999_ms\":%.2f,\"max_ms\":%.2f,\"cpu_share\":%.3f,\"traffic_p99_ms\":%.2f,"
            "\"missing\":%zu,\"early\":%zu}\n"
          : "pages %zu  p50 %.2f ms  p99 %.2f ms  p99.9 %.2f ms  max %.2f ms  processor %.3f"
            "  traffic p99 %.2f ms  missing %zu  early %zu\n";
  const Quantiles& latency = measured.latency;
  std::printf(form, latency.count(), latency.Ms(0.5), latency.Ms(0.99), latency.Ms(0.999),
              latency.Ms(1), measured.cpu_share, measured.traffic.latency.Ms(0.99),
              measured.missing, measured.early);
}

int Main(int argc, char** argv) {
  CLI::App app("Measures how long after its moment a page arrives.");
  Settings settings;
  settings.daemon =
      std::filesystem::canonical("/proc/self/exe").parent_path() / "../../daemon/escalationd";
  app.add_option("--daemon", settings.daemon, "The program; default: of the same build");
  app.add_option("--rate", settings.rate, "Other events a second");
  app.add_option("--events-per-request", settings.events_per_request, "Of the other traffic");
  app.add_option("--pages", settings.pages, "Pages a second");
  app.add_option("--seconds", settings.seconds, "How long");
  app.add_option("--settle", settings.settle_ms, "The daemon's settling time in milliseconds");
  app.add_flag("--json", settings.json, "One JSON object");
  CLI11_PARSE(app, argc, argv);
  const Measured measured = Run(settings);
  Print(measured, settings);
  for (const auto& [status, count] : measured.traffic.replies) {
    if (status != 200) std::fprintf(stderr, "%ld replies of status %d\n", count, status);
  }
  return measured.missing + measured.early > 0 ? 1 : 0;
}

}  // namespace
}  // namespace escalation

int main(int argc, char** argv) { return escalation::Main(argc, argv); }
