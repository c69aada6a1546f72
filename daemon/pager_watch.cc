#include "daemon/pager_watch.h"

#include <algorithm>
#include <utility>

#include "state/base/text.h"

namespace escalation {

PagerWatch::PagerWatch(Options options, std::set<Partition> opened, Instant now)
    : options_(options), began_(now), opened_(std::move(opened)) {}

std::string PagerWatch::WhyBroken(const PartitionHealth& partition, Instant now) {
  if (!partition.trouble.empty()) return partition.trouble;
  if (now <= partition.looked + kLookedMax) return "";
  if (partition.looked == Instant::Past()) return "the log was not read yet";
  return Cat("the log was not read for ", ToText(now - partition.looked));
}

std::string PagerWatch::WhyNoBeat(const PagerHealth& health, Instant now) {
  std::string why;
  for (const PartitionHealth& partition : health.partitions) {
    // What is not published is young while it becomes less.
    const auto [known, is_new] = outboxes_.try_emplace(partition.partition, Outbox{0, now});
    Outbox& outbox = known->second;
    const bool empty = partition.seq <= partition.published_through;
    if (empty || partition.published_through != outbox.published_through || outbox.since > now) {
      outbox = {partition.published_through, now};
    }
    if (!why.empty()) continue;
    std::string what = WhyBroken(partition, now);
    if (what.empty() && !partition.caught_up) what = "it is not folded to the log's end";
    if (what.empty() && !partition.armed) what = "its timers are not armed";
    const bool due = partition.leads && partition.next_due != Instant::Never();
    if (what.empty() && due && now > partition.next_due + kOverdueMax) {
      what = Cat("something is due since ", partition.next_due);
    }
    if (what.empty() && partition.leads && now > outbox.since + kOutboxMax) {
      what = Cat("decisions from ", outbox.published_through + 1, " on are not published");
    }
    if (!what.empty()) why = Cat("partition ", partition.partition, ": ", what);
  }
  if (why.empty() && health.oldest_page != Instant::Never() &&
      now > health.oldest_page + kPageMax) {
    why = Cat("a page waits since ", health.oldest_page);
  }
  return why;
}

void PagerWatch::ObserveLog(const PartitionHealth& partition, Instant now, Actions* actions) {
  const Partition id = partition.partition;
  // Before the first look nothing is known but for how long.
  PartitionHealth seen = partition;
  if (seen.looked == Instant::Past() && now <= began_ + kLookedMax) seen.looked = now;
  const std::string why = WhyBroken(seen, now);
  if (why.empty()) {
    broken_since_.erase(id);
    if (partition.caught_up && partition.armed && opened_.erase(id) > 0) {
      actions->closed.push_back(id);
    }
    return;
  }
  Instant& since = broken_since_.try_emplace(id, now).first->second;
  since = std::min(since, now);
  if (now < since + options_.break_glass_after) return;
  if (opened_.insert(id).second) actions->opened.push_back({id, why});
}

PagerWatch::Actions PagerWatch::Observe(const PagerHealth& health, Instant now) {
  Actions actions;
  if (options_.break_glass_after.ms > 0) {
    for (const PartitionHealth& partition : health.partitions) {
      ObserveLog(partition, now, &actions);
    }
  }
  why_silent_ = WhyNoBeat(health, now);
  if (options_.beat_every.ms == 0 || !why_silent_.empty() || !health.partitions.front().leads) {
    return actions;
  }
  beat_at_ = std::min(beat_at_, now + options_.beat_every);
  if (now < beat_at_) return actions;
  beat_at_ = now + options_.beat_every;
  actions.beats = true;
  return actions;
}

}  // namespace escalation
