// daemon/deliver/page_composer.h
//
// Makes the bodies of webhooks that have a program, off the dispatcher's thread. A page leaves
// whatever the program does: without a body of its own it has the standard one.
//
//   Input       routes; deliveries that are to leave
//   Output      each delivery again, exactly once: with its body, or with why it has none
//   Invariants  1. a delivery is kept at most about kComposeWaitMax and one run of the program
//               2. a program that is slow or loops delays no other route
//               3. after kComposeKilledMax runs in a row that had to be ended, a program rests for
//               kComposeRest, so that a looping one does not hold up a storm
//   Time        the given clock, for waits and rests
//   Errors      of SetRoutes: a program that does not compile, as BodyProgram::Start; all is as it
//               was
//   Threads     all methods from any thread; one thread for each program. `done` runs on it, or
//               before Compose returns; it MUST NOT block
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/deliver/delivery.h"

namespace escalation {

inline constexpr Duration kComposeWaitMax = Duration::Seconds(2);
inline constexpr int kComposeKilledMax = 3;
inline constexpr Duration kComposeRest = Duration::Minutes(1);

class PageComposer {
 public:
  using Done = std::function<void(Delivery)>;
  struct World {
    // Never set back.
    std::function<Instant()> clock;
    // A page of the route leaves with the standard body, and why. On any thread.
    std::function<void(const std::string& route, const std::string& why)> tell;
    // Path of escalation-mapper; empty: found.
    std::string mapper;
  };

  explicit PageComposer(World world);
  // What still waits leaves with the standard body.
  ~PageComposer();

  absl::Status SetRoutes(const std::vector<DeliveryRoute>& routes);
  void Compose(const DeliveryRoute& route, Delivery delivery, Done done);

  // Pages that left with the standard body, by route; of every route that has or had a program.
  std::map<std::string, uint64_t> Failures() const;

 private:
  class Worker;
  void Fail(const std::string& route, std::string why, Delivery delivery, const Done& done);

  const World world_;
  mutable std::mutex mutex_;
  // By route. Guarded by mutex_, as what follows.
  std::map<std::string, std::shared_ptr<Worker>> workers_;
  std::map<std::string, uint64_t> failures_;
};

}  // namespace escalation
