// tests/daemon/instance_on_log.h
//
// One process on a log that others share: loop, publisher and dispatcher, driven step by step.
//
//   Input       the common log and clock; a claim that the test gives
//   Output      what it sends to its pager; what it appends and publishes
//   Threads     one owner
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/memory_log.h"
#include "daemon/pipeline.h"
#include "state/base/text.h"
#include "state/store/memory_store.h"
#include "tests/daemon/fake_ownership.h"

namespace escalation {

inline constexpr Partition kPartition{0};

// Keeps what is sent until the test answers.
class HeldClient : public HttpClient {
 public:
  void Send(HttpCall call, Done done) override {
    bodies.push_back(std::move(call.body));
    replies.push_back(std::move(done));
  }
  std::vector<std::string> bodies;
  std::vector<Done> replies;
};

// May keep appends under way until the test lets them land.
class LandingLog : public MemoryLog {
 public:
  using MemoryLog::MemoryLog;
  void Append(Partition partition, std::string value, Done done) override {
    if (!holds) return MemoryLog::Append(partition, std::move(value), std::move(done));
    held.emplace_back(std::move(value), std::move(done));
  }
  void Land() {
    holds = false;
    for (auto& [value, done] : std::exchange(held, {})) {
      MemoryLog::Append(kPartition, std::move(value), std::move(done));
    }
  }
  bool holds = false;
  std::vector<std::pair<std::string, Done>> held;
};

// One process on the common log, with a store, a pager and a claim of its own.
class InstanceOnLog {
 public:
  InstanceOnLog(const std::string& name, MemoryLog* log, const Instant* now) : now_(*now) {
    Dispatcher::World world;
    world.client = &client;
    world.now = [this] { return now_; };
    world.chance = [](uint64_t) { return uint64_t{0}; };
    world.report = [log](DispatchOutcome outcome, const Dispatcher::Kept& kept) {
      v1::Event event;
      event.set_tenant(outcome.tenant);
      event.set_ticket_id(outcome.ticket_id);
      *event.mutable_page_outcome() = std::move(outcome.outcome);
      log->Append(kPartition, event.SerializeAsString(),
                  [&kept](const absl::StatusOr<Appended>& appended) { kept(appended.status()); });
    };
    world.lease_wanted = [this](Partition) { pipeline->WantLease(); };
    dispatcher = std::make_unique<Dispatcher>(DispatchOptions{}, std::move(world));
    DeliveryRoute route;
    route.name = "pager";
    route.url = Secret("http://pager.example/");
    dispatcher->SetRoutes({route});
    dispatcher->Resume();
    PipelineOptions options;
    options.instance = name;
    Pipeline::World connected;
    connected.log = log;
    connected.store = &store;
    connected.dispatcher = dispatcher.get();
    connected.now = [this] { return now_; };
    connected.ownership = &ownership;
    connected.lead_begins = [this] {
      leading.push_back(true);
      return absl::OkStatus();
    };
    connected.lead_ended = [this] { leading.push_back(false); };
    auto opened = Pipeline::Open(std::move(options), std::move(connected));
    EXPECT_TRUE(opened.ok()) << opened.status();
    pipeline = *std::move(opened);
  }

  // One turn of the loop, as Run does it.
  void Look() {
    const absl::StatusOr<bool> caught_up = pipeline->RunOnce();
    ASSERT_TRUE(caught_up.ok()) << caught_up.status();
    if (!*caught_up) return;
    const absl::StatusOr<Duration> idle = pipeline->Lead();
    ASSERT_TRUE(idle.ok()) << idle.status();
  }

  // Pages, as "operation key", that left now. Nobody answers yet.
  std::vector<std::string> Sent() {
    client.bodies.clear();
    dispatcher->DispatchOnce();
    std::vector<std::string> out;
    for (const std::string& body : client.bodies) {
      for (const char* kind : {"page_requested", "page_closed", "page_acknowledged"}) {
        if (body.find(Cat("\"", kind, "\"")) == std::string::npos) continue;
        const size_t key = body.find("default/T-");
        out.push_back(Cat(kind, " ", body.substr(key, body.find('"', key) - key)));
      }
    }
    return out;
  }

  void Answer(int status) {
    for (const HttpClient::Done& done : std::exchange(client.replies, {})) {
      HttpReply reply;
      reply.status = status;
      done(reply);
    }
  }

  const Instant& now_;
  FakeOwnership ownership;
  MemoryStore store;
  HeldClient client;
  std::vector<bool> leading;
  std::unique_ptr<Dispatcher> dispatcher;
  std::unique_ptr<Pipeline> pipeline;
};

}  // namespace escalation
