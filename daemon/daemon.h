// daemon/daemon.h
//
// The whole daemon: opens what it needs, starts the loops, serves the API, and stops in order.
//
//   Input       the config file; signals by Reload and Stop
//   Output      a running instance, until Stop or an error of a loop
//   Invariants  1. the API answers only while the log takes events; it stops first
//               2. stopping: no new events, the log is folded to its end, decisions are
//                  published, pages under way get their outcome, the store is flushed
//               3. a reload with an error keeps the running config
//   Time        the system's clock, read here and handed on
//   Errors      kInvalidArgument: config. kCancelled: stopped before it began. Others as the log,
//               the store and the API's address
//   Threads     Run on one thread; Reload and Stop from any
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/config.h"
#include "daemon/configured_log.h"

namespace escalation {

class Daemon {
 public:
  // `pause` waits for brokers that are away: it returns true once a stop is asked for, and the
  // start ends with kCancelled.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(Config config, const Pause& pause);
  ~Daemon();

  // Waits until Stop or the first error of a loop, then stops everything in order.
  absl::Status Run();
  void Stop();
  // Reads the config file again and takes over what may change.
  void Reload();

  // Where the API listens: "127.0.0.1:8320".
  std::string address() const;

 private:
  class Impl;
  explicit Daemon(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace escalation
