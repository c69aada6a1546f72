#include "tests/simulation/simulation.h"

#include <array>
#include <memory>

#include "daemon/ticker.h"
#include "escalation/v1/state.pb.h"
#include "state/base/check.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "tests/simulation/helpdesk.h"
#include "tests/simulation/process.h"
#include "tests/simulation/rocksdb_disk.h"

namespace escalation::simulation {
namespace {

// Everything due is done this long after the faults have stopped.
constexpr Duration kPrompt = Duration::Seconds(60);
constexpr Instant kStart = Instant::Seconds(1'782'700'000);  // 2026-06-29, a Monday.

const LoadedPolicy& ThePolicy() {
  static const auto* const kPolicy = [] {
    auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/simulation/small_policy.yaml");
    ESCALATION_CHECK(loaded.ok(), std::string(loaded.status().message()));
    return new LoadedPolicy(*std::move(loaded));
  }();
  return *kPolicy;
}

// What is committed, but for the identity that only stores on disk have.
std::string DigestOf(const Store& store) {
  MemoryStore copy;
  Turn turn;
  const absl::Status scanned =
      store.Scan("", "\xff", [&](std::string_view key, std::string_view value) {
        if (key != keys::Identity()) turn.writes.push_back({std::string(key), std::string(value)});
        return true;
      });
  if (!scanned.ok() || !copy.Commit(turn).ok()) return "";
  const auto digest = StateDigest(copy);
  return digest.ok() ? *digest : "";
}

class World {
 public:
  explicit World(const SimulationOptions& options)
      : options_(options),
        stage_{Agenda(kStart), Random(options.seed), Faults(), Trace(options.print)},
        log_(&stage_),
        pager_(&stage_),
        helpdesk_(&stage_, &log_) {
    machines_[0].name = "one";
    machines_[1].name = "two";
    for (Machine& machine : machines_) {
      if (options.rocksdb) {
        machine.disk = std::make_unique<RocksdbDisk>(stage_.random.Next());
      } else {
        machine.disk = std::make_unique<MemoryDisk>();
      }
    }
    log_.set_on_append([this] {
      for (const auto& process : processes_) {
        if (process != nullptr && !process->stranded()) process->Wake();
      }
    });
    helpdesk_.set_on_resolve([this](const std::string& key) { pager_.Resolve(key); });
    pager_.set_on_wake([this](const std::string& key) { helpdesk_.OnWake(key); });
  }

  SimulationResult Run() {
    Publish();
    if (!options_.calm) stage_.faults = Faults::Draw(&stage_.random);
    const Instant end = kStart + options_.length;
    helpdesk_.Begin(end, options_.tickets_a_day);
    PlanIncidents(end);
    StartOn(0);
    stage_.agenda.RunUntil(end, stop_);
    Heal();
    stage_.agenda.RunUntil(end + kPrompt, stop_);
    CheckPrompt("after the faults");
    helpdesk_.CloseAll();
    stage_.agenda.RunUntil(end + kPrompt * 3, stop_);
    CheckPrompt("after every ticket was closed");
    return Result();
  }

 private:
  void Publish() {
    v1::Event event;
    event.set_tenant("default");
    *event.mutable_calendars_published()->mutable_calendars() = ThePolicy().calendars;
    log_.Take(event.SerializeAsString());
    *event.mutable_policy_published()->mutable_policy() = ThePolicy().policy;
    log_.Take(event.SerializeAsString());
  }

  // `a_day` incidents a day at random moments, each with its length.
  void Plan(Instant end, uint32_t a_day, Duration longest, std::function<void(Duration)> happen) {
    const Duration whole = end - kStart;
    const auto count = static_cast<int64_t>(a_day) * whole.ms / Duration::Days(1).ms +
                       (stage_.random.Percent(50) && a_day > 0 ? 1 : 0);
    for (int64_t i = 0; i < count; ++i) {
      const Instant at = kStart + stage_.random.Between(Duration{0}, whole);
      const Duration length = stage_.random.Between(
          Duration{0}, stage_.random.Percent(70) ? Duration{longest.ms / 10} : longest);
      stage_.agenda.At(at, [this, length, happen] {
        if (!healed_) happen(length);
      });
    }
  }

  void PlanIncidents(Instant end) {
    const Faults& faults = stage_.faults;
    Plan(end, faults.takeovers, Duration::Minutes(20),
         [this](Duration length) { TakeOver(length); });
    Plan(end, faults.freezes, Duration::Minutes(20), [this](Duration length) {
      if (auto& process = processes_[active_]) process->Freeze(length);
    });
    Plan(end, faults.clock_steps, Duration::Hours(1), [this](Duration) { StepClocks(); });
    Plan(end, faults.full_disks, Duration::Minutes(20), [this](Duration length) {
      SimulatedDisk* const disk = machines_[stage_.random.Below(2)].disk.get();
      disk->set_full(true);
      stage_.trace.Add(stage_.agenda.now(), "a disk is full for ", length);
      stage_.agenda.After(length, [disk] { disk->set_full(false); });
    });
    Plan(end, faults.log_outages, Duration::Minutes(30), [this](Duration length) {
      log_.set_down(true);
      stage_.trace.Add(stage_.agenda.now(), "the log is down for ", length);
      stage_.agenda.After(length, [this] { log_.set_down(false); });
    });
    Plan(end, faults.provider_outages, Duration::Hours(2), [this](Duration length) {
      pager_.set_down(true);
      stage_.trace.Add(stage_.agenda.now(), "the providers are down for ", length);
      stage_.agenda.After(length, [this] { pager_.set_down(false); });
    });
    const Duration longest = faults.marks ? Duration::Minutes(30) : Duration::Hours(6);
    Plan(end, faults.source_outages, longest, [this](Duration length) {
      stage_.trace.Add(stage_.agenda.now(), "a source stops for ", length);
      helpdesk_.StopSource(length);
    });
  }

  void StartOn(size_t machine) {
    processes_[machine].reset();
    Process::World world{&stage_, &log_, &pager_, &machines_[machine], nullptr};
    const int number = ++started_;
    world.ended = [this, machine, number](const absl::Status& status) {
      Ended(machine, number, status);
    };
    numbers_[machine] = number;
    processes_[machine] =
        std::make_unique<Process>(std::move(world), Cat(machines_[machine].name, "#", number));
    processes_[machine]->Start();
  }

  void Ended(size_t machine, int number, const absl::Status& status) {
    if (numbers_[machine] != number || processes_[machine] == nullptr) return;
    if (absl::IsDataLoss(status) || absl::IsFailedPrecondition(status)) {
      problems_.push_back(Cat("rule 6 replay: ", processes_[machine]->life().name(),
                              " stopped: ", std::string(status.message())));
    }
    processes_[machine].reset();
    ++deaths_;
    machines_[machine].disk->Crash(&stage_.random);
    // Another took over: this one rests.
    if (machine != active_) return;
    const Duration wait = stage_.random.Between(
        Duration{100}, stage_.random.Percent(90) ? Duration::Seconds(20) : Duration::Minutes(30));
    RestartAfter(machine, healed_ ? Duration::Seconds(1) : wait);
  }

  void RestartAfter(size_t machine, Duration wait) {
    stage_.agenda.After(wait, [this, machine] {
      if (machine == active_ && processes_[machine] == nullptr) StartOn(machine);
    });
  }

  // The other machine begins while this one does not know it yet.
  void TakeOver(Duration length) {
    const size_t before = active_;
    active_ = 1 - active_;
    stage_.trace.Add(stage_.agenda.now(), machines_[active_].name, " takes over");
    if (processes_[before] != nullptr) processes_[before]->Strand(length);
    if (processes_[active_] == nullptr) StartOn(active_);
  }

  void StepClocks() {
    Random& random = stage_.random;
    const auto skew = [&random](Duration most) { return random.Between(Duration{0} - most, most); };
    Machine& machine = machines_[random.Below(2)];
    machine.clock_offset = skew(stage_.faults.machine_skew);
    log_.set_clock_offset(skew(stage_.faults.broker_skew));
    stage_.trace.Add(stage_.agenda.now(), machine.name, " has its clock set by ",
                     machine.clock_offset);
    WakeAll();
  }

  void WakeAll() {
    for (const auto& process : processes_) {
      if (process != nullptr) process->Wake();
    }
  }

  void Heal() {
    stage_.trace.Add(stage_.agenda.now(), "the faults stop");
    healed_ = true;
    stage_.faults = Faults();
    log_.set_down(false);
    log_.set_clock_offset(Duration{0});
    pager_.set_down(options_.stays_broken);
    helpdesk_.Heal();
    for (size_t i = 0; i < machines_.size(); ++i) {
      machines_[i].disk->set_full(false);
      machines_[i].clock_offset = Duration{0};
      // A process that still stands still is as good as dead.
      if (auto& process = processes_[i]; process != nullptr) {
        const bool frozen = process->life().frozen_until() > stage_.agenda.now();
        if (frozen || process->stranded()) process->Kill("it stood still for too long");
      }
    }
    RestartAfter(active_, Duration::Seconds(1));
    WakeAll();
  }

  template <typename... Pieces>
  void Late(const char* when, const Pieces&... pieces) {
    problems_.push_back(Cat("rule 7 prompt: ", kPrompt, " ", when, " ", pieces...));
  }

  void CheckPrompt(const char* when) {
    const auto& process = processes_[active_];
    if (process == nullptr) return Late(when, "no process runs");
    // What happened a moment ago is still under way.
    const Instant past = stage_.agenda.now() - Duration::Seconds(2);
    if (!process->FoldedUntil(past)) return Late(when, "the log is not folded to its end");
    if (!helpdesk_.HasSent(past)) Late(when, "a source still holds events");
    const Instant now = stage_.agenda.now();
    const Store& store = process->store();
    const auto due = NextDue(store);
    const Duration slack = Duration::Seconds(10);
    // Marks come now and then; what they hold back is due when they say so.
    const Duration marks = stage_.faults.marks ? Duration::Seconds(35) : Duration{0};
    // What a source holds back stands where the latest tick ended.
    if (!due.ok() || *due < now - slack - marks - Ticker::kRetryMax) {
      Late(when, "a moment of ", due.ok() ? ToText(*due) : "?", " has not fired");
    }
    if (log_.decisions().size() < process->store().committed_seq()) {
      Late(when, process->store().committed_seq() - log_.decisions().size(),
           " decisions are not published");
    }
    (void)store.Scan(keys::Pending(0), "e", [&](std::string_view, std::string_view value) {
      v1::PendingDelivery pending;
      pending.ParseFromArray(value.data(), static_cast<int>(value.size()));
      const v1::Decision& decision = pending.decision();
      if (FromProto(decision.detected_at()) < now - slack * 3) {
        Late(when, "decision ", decision.id(), " about ", PageKeyOf(decision), ", decided at ",
             FromProto(decision.detected_at()), ", has no outcome");
      }
      return true;
    });
  }

  bool IsAtEnd() const {
    const auto& process = processes_[active_];
    return process != nullptr && process->FoldedUntil(Instant::Never());
  }

  SimulationResult Result() {
    SimulationResult result;
    Evidence& evidence = result.evidence;
    evidence.policy = ThePolicy().policy;
    evidence.calendars = ThePolicy().calendars;
    const Instant now = stage_.agenda.now();
    for (int i = 0; i < 100 && !IsAtEnd(); ++i) {
      stage_.agenda.RunUntil(now + Duration{i * 10}, stop_);
    }
    if (IsAtEnd()) {
      evidence.state_digest = DigestOf(processes_[active_]->store());
    }
    evidence.records = log_.records();
    evidence.published = log_.decisions();
    evidence.calls = pager_.calls();
    evidence.open_pages = pager_.open();
    evidence.problems = problems_;
    for (const std::string& problem : log_.problems()) {
      evidence.problems.push_back(Cat("rule 2 stream: ", problem));
    }
    result.problems = Judge(evidence, options_.seed);
    result.hash = stage_.trace.hash() ^ evidence.records.size() * 31 ^ evidence.published.size();
    for (const PublishedDecision& decision : evidence.published) {
      result.hash = result.hash * 0x100000001b3u ^ std::hash<std::string>()(decision.value);
    }
    result.steps = stage_.trace.steps();
    result.simulated = stage_.agenda.now() - kStart;
    result.records = evidence.records.size();
    result.decisions = evidence.published.size();
    result.requests = evidence.calls.size();
    result.deaths = deaths_;
    result.latest = stage_.trace.Latest();
    return result;
  }

  const SimulationOptions options_;
  Stage stage_;
  SimulatedLog log_;
  SimulatedPager pager_;
  Helpdesk helpdesk_;
  std::array<Machine, 2> machines_;
  std::array<std::unique_ptr<Process>, 2> processes_;
  std::array<int, 2> numbers_{};
  size_t active_ = 0;
  int started_ = 0;
  uint64_t deaths_ = 0;
  bool healed_ = false;
  bool stop_ = false;
  std::vector<std::string> problems_;
};

}  // namespace

SimulationResult Simulate(const SimulationOptions& options) {
  return std::make_unique<World>(options)->Run();
}

}  // namespace escalation::simulation
