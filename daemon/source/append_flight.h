// daemon/source/append_flight.h
//
// Events that were handed to the log together, until each has its fate.
//
//   Input       serialized events; the log
//   Output      what is not durable yet, and why not
//   Errors      in the fates, as the log gives them
//   Threads     one owner; the log's threads keep it alive as long as they need it
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/log/log.h"
#include "daemon/source/source_message.h"
#include "state/base/instant.h"

namespace escalation {

struct FlightItem {
  std::string value;
  // Of which it is an event, for a letter; shared by its events.
  std::shared_ptr<const SourceMessage> message;
};

class AppendFlight {
 public:
  // Hands the items to the log.
  static std::shared_ptr<AppendFlight> Launch(Log* log, Partition partition,
                                              std::vector<FlightItem> items);

  // True: every item has its fate. Waits until then, Wake or `timeout`.
  bool Wait(Duration timeout);
  void Wake();

  struct Failed {
    FlightItem item;
    absl::Status why;
    // One that stood behind it is durable all the same.
    bool overtaken = false;
  };
  // In order; empty: all are durable. Once, after Wait returned true.
  std::vector<Failed> TakeFailed();

 private:
  explicit AppendFlight(std::vector<FlightItem> items)
      : items_(std::move(items)), fates_(items_.size()), left_(items_.size()) {}

  std::vector<FlightItem> items_;
  mutable std::mutex mutex_;  // Guards what follows.
  std::condition_variable changed_;
  std::vector<std::optional<absl::Status>> fates_;
  size_t left_;
  bool woken_ = false;
};

}  // namespace escalation
