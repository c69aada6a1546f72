// Ten thousand promises that are broken in the same millisecond: a real escalationd, its HTTP API,
// and a pager on this machine.
//
//   page_storm [--pages P] [--severe S] [--seconds T] [--json]
//
//   healthy   the pager takes whatever comes: until the last page has arrived, from the due moment
//             plus the settling time
//   limited   VictorOps with 150 requests a minute: what leaves within T seconds, how many pages
//             are told by then, alone or in a digest, and when the last severe one has arrived

#include <cstdio>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "tests/bench/daemon_process.h"
#include "tests/bench/load_client.h"
#include "tests/bench/page_receiver.h"
#include "tests/bench/ticket_traffic.h"

namespace escalation {
namespace {

// Time to open them all before the first is due.
constexpr Duration kPromise = Duration::Seconds(10);
constexpr Duration kSettle{500};
constexpr int64_t kTogether = 500;
constexpr char kPages[] = R"(  urgent:
    targets:
      - {name: answer, metric: first_response, within: 10s, breached: wake_up}
escalations:
  wake_up: {steps: [{page: [pager]}], stop_on: [replied]}
routes:
  pager: {}
)";

struct Settings {
  std::string daemon;
  int64_t pages = 10'000;
  int64_t severe = 50;
  int64_t seconds = 120;
  bool json = false;
};

// One daemon with its pager, from the opening of all tickets on.
class Storm {
 public:
  Storm(const Settings& settings, const std::string& route)
      : settings_(settings), daemon_(OptionsFor(settings, route)) {
    opened_ = SystemNow();
    LoadPlan plan;
    plan.port = daemon_.port();
    plan.connections = 4;
    plan.events_per_request = kTogether;
    plan.events_per_second = static_cast<double>(settings.pages);
    plan.seconds = 1;
    plan.body = [this](int64_t first, int64_t count, std::string* body) {
      Append(first, count, body);
    };
    const LoadResult opened = LoadClient(plan).Run();
    ESCALATION_CHECK(opened.acknowledged >= settings.pages, opened.first_refusal);
    ESCALATION_CHECK(SystemNow() < opened_ + kPromise, "they were opened too slowly");
  }

  Instant begin() const { return opened_ + kPromise + kSettle; }
  const PageReceiver& receiver() const { return receiver_; }
  const DaemonProcess& daemon() const { return daemon_; }

  void WaitUntil(Instant moment) const {
    while (SystemNow() < moment) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  // When the last of the first `count` tickets' pages arrived, from begin() on, in seconds; below
  // 0: not all of them have.
  double LastOf(int64_t count) const {
    const std::map<int64_t, int64_t> arrivals = receiver_.Arrivals();
    int64_t last_us = 0;
    for (int64_t number = 0; number < count; ++number) {
      const auto found = arrivals.find(number);
      if (found == arrivals.end()) return -1;
      last_us = std::max(last_us, found->second);
    }
    return static_cast<double>(last_us - begin().ms * 1000) / 1e6;
  }

 private:
  DaemonProcess::Options OptionsFor(const Settings& settings, const std::string& route) const {
    DaemonProcess::Options options;
    options.program = settings.daemon;
    options.policy = std::string(kTrafficPolicy) + kPages;
    options.routes = Cat("  pager: {url: \"http://127.0.0.1:", receiver_.port(), route, "}\n");
    options.settle = "500ms";
    return options;
  }

  // All of them at the same moment, the severe ones first.
  void Append(int64_t first, int64_t count, std::string* body) const {
    for (int64_t number = first; number < first + count; ++number) {
      CatTo(body, number == first ? "[" : ",", "{\"id\":\"page-", number, "\",\"ticket_id\":\"P-",
            number, "\",\"occurred_at\":\"", opened_,
            "\",\"actor\":{\"id\":\"ann\",\"kind\":\"customer\"},\"opened\":{\"plan\":\"urgent\",",
            "\"severity\":\"", number < settings_.severe ? "high" : "low",
            "\",\"subject\":\"Site down\"}}");
    }
    body->push_back(']');
  }

  const Settings& settings_;
  PageReceiver receiver_;
  DaemonProcess daemon_;
  Instant opened_;
};

void Healthy(const Settings& settings) {
  const Storm storm(settings, "/hook\", kind: webhook");
  const Instant give_up = storm.begin() + Duration::Seconds(settings.seconds);
  double seconds = -1;
  while ((seconds = storm.LastOf(settings.pages)) < 0 && SystemNow() < give_up) {
    storm.WaitUntil(SystemNow() + Duration{100});
  }
  std::printf(settings.json
                  ? "{\"name\":\"pages/healthy\",\"pages\":%zu,\"seconds\":%.2f,\"peak_mb\":%.0f}\n"
                  : "healthy  %zu pages  %.2f s  %.0f MB at the highest\n",
              storm.receiver().Arrivals().size(), seconds,
              static_cast<double>(storm.daemon().PeakBytes()) / 1e6);
}

void Limited(const Settings& settings) {
  const Storm storm(settings,
                    "/integrations/generic/20131114/alert/key/team\", kind: victorops, "
                    "per_minute_max: 150");
  storm.WaitUntil(storm.begin() + Duration::Seconds(settings.seconds));
  const DaemonProcess& daemon = storm.daemon();
  std::printf(
      settings.json
          ? "{\"name\":\"pages/limited\",\"requests\":%ld,\"alone\":%zu,\"in_digests\":%.0f,"
            "\"waiting\":%.0f,\"severe_seconds\":%.2f,\"peak_mb\":%.0f}\n"
          : "limited  %ld requests  %zu pages alone  %.0f in digests  %.0f waiting  the severe "
            "after %.2f s  %.0f MB at the highest\n",
      static_cast<long>(storm.receiver().requests()), storm.receiver().Arrivals().size(),
      daemon.Metric("escalationd_deliveries_digested_total"),
      daemon.Metric("escalationd_deliveries_waiting"), storm.LastOf(settings.severe),
      static_cast<double>(daemon.PeakBytes()) / 1e6);
}

int Main(int argc, char** argv) {
  CLI::App app("Measures a storm of pages.");
  Settings settings;
  settings.daemon =
      std::filesystem::canonical("/proc/self/exe").parent_path() / "../../daemon/escalationd";
  app.add_option("--daemon", settings.daemon, "The program; default: of the same build");
  app.add_option("--pages", settings.pages, "Pages, a multiple of 500");
  app.add_option("--severe", settings.severe, "Of these, of the highest severity");
  app.add_option("--seconds", settings.seconds, "How long the limited pager is looked at");
  app.add_flag("--json", settings.json, "JSON lines");
  CLI11_PARSE(app, argc, argv);
  Healthy(settings);
  Limited(settings);
  return 0;
}

}  // namespace
}  // namespace escalation

int main(int argc, char** argv) { return escalation::Main(argc, argv); }
