// tests/bench/history.h
//
// The log of a support organization, as the benchmarks of the fold read it: openings, conversations
// of six events a ticket, four clocks a ticket, and the records that the daemon itself writes.
//
//   Time        of its own: 20 ms pass between two events unless said otherwise
//   Threads     one
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"
#include "state/partition/partition.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

inline constexpr char kBenchIncarnation[] = "0123456789abcdef0123456789abcdef";

// One record as the log holds it.
struct Message {
  Offset offset;
  Instant appended;
  std::string bytes;
};

class BenchHistory {
 public:
  // Begins with calendars and policy.
  BenchHistory();

  // What passes between two events from here on.
  void SetStep(Duration step) { step_ = step; }
  void Open(int64_t ticket);
  // The six events of a conversation; `step` 0 to 5.
  void Talk(int64_t ticket, int step);
  void Close(int64_t ticket);
  // `tickets_max`: it may be cut there; 0: never.
  void Tick(Instant until, int tickets_max = 0);
  void Published(uint64_t through_seq, const std::string& hash);
  // The calendars again; in the new ones every shift ends half an hour earlier.
  void ChangeCalendars();

  // The records since the last call.
  std::vector<Message> Take() { return std::exchange(messages_, {}); }
  size_t waiting() const { return messages_.size(); }
  Instant now() const { return now_; }

 private:
  v1::Event Of(int64_t ticket, v1::Actor::Kind kind);
  void Add(const v1::Event& event);

  std::vector<Message> messages_;
  v1::CalendarSet calendars_;
  int64_t size_ = 0;
  Instant now_;
  Duration step_{20};
};

// Folds and commits records in order, as the loop of a partition does.
class BenchFold {
 public:
  BenchFold(Store* store, size_t tickets_max);

  // Decodes and folds some at a time. `end`: whether all of it is committed then.
  void Fold(const std::vector<Message>& messages, TurnEnd end = TurnEnd::kNow);
  const PartitionFold& fold() const { return *fold_; }
  // Called when all records of a batch are folded, which may take several commits.
  std::function<void()> on_record;

 private:
  Store& store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<FoldRecord> records_;
};

std::unique_ptr<RocksdbStore> OpenBenchStore(const std::string& dir,
                                             const RocksdbStoreOptions& options = {});

// Opens that many tickets in the store, and flushes it. The history goes on from there.
BenchHistory OpenTickets(int64_t tickets, Store* store, BenchFold* fold,
                         Duration step = Duration{20});

}  // namespace escalation
