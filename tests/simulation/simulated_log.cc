#include "tests/simulation/simulated_log.h"

#include <algorithm>
#include <utility>

#include "daemon/log/log_bounds.h"
#include "state/base/text.h"

namespace escalation::simulation {
namespace {

constexpr Duration kDelayMax = Duration::Seconds(20);
constexpr Duration kRoundTripMax{8};
// What is under way when its process dies lands within this time or never: a process that is
// started again takes longer, and what it reads is all that the one before has said.
constexpr Duration kOrphanMax{50};

absl::Status Down() { return absl::UnavailableError("the log cannot be reached"); }
absl::Status Dead() { return absl::AbortedError("the process has died"); }

}  // namespace

Appended SimulatedLog::Take(std::string value) {
  Instant now = stage_.agenda.now() + clock_offset_;
  if (!records_.empty()) now = std::max(now, records_.back().appended);
  const Offset offset{static_cast<int64_t>(records_.size())};
  records_.push_back({offset, now, std::move(value)});
  if (on_append_) on_append_();
  return {offset, now};
}

absl::Status SimulatedLog::Publish(const std::vector<PublishedDecision>& decisions) {
  const absl::Status checked =
      CheckDecisions("simulated log", Partition{0}, decisions_.size(), decisions);
  if (!checked.ok()) {
    problems_.push_back(Cat("publishing is not contiguous: ", std::string(checked.message())));
    return checked;
  }
  for (const PublishedDecision& decision : decisions) {
    if (decision.seq > decisions_.size()) {
      decisions_.push_back(decision);
      continue;
    }
    const PublishedDecision& known = decisions_[decision.seq - 1];
    if (known.id != decision.id || known.value != decision.value) {
      problems_.push_back(Cat("decision ", decision.seq, " was published as ", known.id,
                              " and again as ", decision.id, " with other bytes"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<RecordBatch> LogConnection::Read(Partition partition, Offset from,
                                                size_t /*bytes_max*/) const {
  if (!life_->Survives("before a read")) return Dead();
  if (log_.down() || stage_.random.Chance(stage_.faults.read_fails)) return Down();
  RecordBatch batch;
  batch.end = ViewEnd();
  if (absl::Status status = CheckPosition("simulated log", partition, from, Offset{0}, batch.end);
      !status.ok()) {
    return status;
  }
  const auto most =
      static_cast<int64_t>(stage_.random.Percent(30) ? 1 + stage_.random.Below(4) : 500);
  const int64_t end = std::min(batch.end.value, from.value + most);
  batch.records.assign(log_.records().begin() + from.value, log_.records().begin() + end);
  return batch;
}

void LogConnection::Append(Partition /*partition*/, std::string value, Done done) {
  if (!life_->Survives("before an append")) return;
  Random& random = stage_.random;
  const Faults& faults = stage_.faults;
  if (log_.down() || random.Chance(faults.append_refused))
    return Acknowledge(std::move(done), Down());
  const bool told = !random.Chance(faults.append_unacknowledged);
  const bool doubled = random.Chance(faults.append_doubled);
  const Duration delay = random.Chance(faults.append_delayed)
                             ? random.Between(Duration{0}, kDelayMax)
                             : random.Between(Duration{0}, kRoundTripMax);
  latest_landing_ = std::max(latest_landing_, stage_.agenda.now() + delay);
  const auto land = [this, stage = &stage_, log = &log_, life = life_, told, doubled,
                     value = std::move(value), done = std::move(done)]() mutable {
    if (life->dead() && stage->agenda.now() > life->died() + kOrphanMax) return;
    const Appended appended = log->Take(value);
    if (doubled) log->Take(value);
    // What was on its way lands though the process has died; nobody hears of it.
    if (life->dead()) return;
    if (told) {
      Acknowledge(std::move(done), appended);
    } else {
      Acknowledge(std::move(done), Down());
    }
  };
  stage_.agenda.At(latest_landing_, land);
  life_->Survives("after an append");
}

void LogConnection::Acknowledge(Done done, absl::StatusOr<Appended> appended) {
  latest_acknowledgement_ =
      std::max({latest_acknowledgement_, life_->frozen_until(),
                stage_.agenda.now() + stage_.random.Between(Duration{0}, kRoundTripMax)});
  stage_.agenda.At(latest_acknowledgement_,
                   [this, life = life_, done = std::move(done), appended = std::move(appended)] {
                     if (life->dead()) return;
                     done(appended);
                     acknowledged_();
                   });
}

absl::Status LogConnection::Publish(Partition /*partition*/,
                                    const std::vector<PublishedDecision>& decisions) {
  if (!life_->Survives("before publishing")) return Dead();
  if (log_.down() || stage_.random.Chance(stage_.faults.publish_fails)) return Down();
  if (!life_->Survives("while publishing")) {
    const auto some = static_cast<ptrdiff_t>(stage_.random.Below(decisions.size() + 1));
    (void)log_.Publish({decisions.begin(), decisions.begin() + some});
    return Dead();
  }
  if (absl::Status status = log_.Publish(decisions); !status.ok()) return status;
  return life_->Survives("after publishing") ? absl::OkStatus() : Dead();
}

absl::StatusOr<uint64_t> LogConnection::PublishedThrough(Partition /*partition*/) const {
  if (life_->dead()) return Dead();
  if (log_.down()) return Down();
  return uint64_t{log_.decisions().size()};
}

}  // namespace escalation::simulation
