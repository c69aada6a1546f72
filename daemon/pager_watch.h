// daemon/pager_watch.h
//
// Watches the pager itself: a dead pager must page. Decides when the heartbeat of a dead-man's
// switch goes out, and when operators are paged past a log that does not work. A state machine
// without I/O.
//
//   Input       the health of every partition and of the deliveries; the time
//   Output      whether to beat; partitions whose log has stopped working, and works again
//   Invariants  1. no beat while anything that a page needs does not work; WhySilent says what
//               2. of instances that share a log only the one that leads the first partition beats
//               3. a partition is opened once, after its log has not worked for break_glass_after,
//                  and closed once when it has taken and given back a record again
//   Time        enters as arguments; a clock that is set back delays nothing for longer than what
//               it was set back by
//   Errors      none
//   Threads     one at a time
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "state/base/ids.h"
#include "state/base/instant.h"

namespace escalation {

struct PartitionHealth {
  Partition partition;
  bool caught_up = false;
  bool leads = false;
  // A record of its own came back and the next due moment is known, or another leads.
  bool armed = false;
  // Why the log does not work; empty: it does.
  std::string trouble;
  // When the loop last read the log to some end.
  Instant looked = Instant::Past();
  // Of who leads; Never: nothing is due.
  Instant next_due = Instant::Never();
  uint64_t seq = 0;
  uint64_t published_through = 0;
};

struct PagerHealth {
  // At least one; the lowest first.
  std::vector<PartitionHealth> partitions;
  // When the oldest page without an outcome came; Never: there is none.
  Instant oldest_page = Instant::Never();
};

class PagerWatch {
 public:
  // A loop that is well comes round every second.
  static constexpr Duration kLookedMax = Duration::Seconds(15);
  static constexpr Duration kOverdueMax = Duration::Minutes(1);
  static constexpr Duration kOutboxMax = Duration::Minutes(1);
  static constexpr Duration kPageMax = Duration::Minutes(10);

  struct Options {
    // 0: no heartbeat.
    Duration beat_every;
    // 0: no break-glass page.
    Duration break_glass_after;
  };
  struct Opened {
    Partition partition;
    std::string why;
  };
  struct Actions {
    bool beats = false;
    std::vector<Opened> opened;
    std::vector<Partition> closed;
  };

  // `opened`: partitions for which an earlier process has paged and not said that it is over.
  PagerWatch(Options options, std::set<Partition> opened, Instant now);

  Actions Observe(const PagerHealth& health, Instant now);
  // It pages outside of Observe.
  void Open(Partition partition) { opened_.insert(partition); }

  // Why no heartbeat goes out; empty: it does, or another instance's.
  const std::string& WhySilent() const { return why_silent_; }
  const std::set<Partition>& opened() const { return opened_; }

 private:
  struct Outbox {
    uint64_t published_through = 0;
    Instant since;
  };

  // Empty: the log works.
  static std::string WhyBroken(const PartitionHealth& partition, Instant now);
  std::string WhyNoBeat(const PagerHealth& health, Instant now);
  void ObserveLog(const PartitionHealth& partition, Instant now, Actions* actions);

  Options options_;
  Instant beat_at_ = Instant::Past();
  std::string why_silent_;
  std::map<Partition, Outbox> outboxes_;
  Instant began_;
  // Since when a log has not worked.
  std::map<Partition, Instant> broken_since_;
  std::set<Partition> opened_;
};

}  // namespace escalation
