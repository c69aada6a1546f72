// tests/daemon/api/query_world.h
//
// A partition in memory with a policy, whose log and decisions stream queries read.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/query_handler.h"
#include "daemon/log/memory_log.h"
#include "daemon/source/event_json.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {

inline constexpr char kQueryPolicy[] = R"(policy: test
tenant: default
revision: 3
severities: [low, high]
default_severity: low
default_plan: gold
display_zone: Europe/Berlin
calendars:
  office:
    zone: America/Denver
    hours: {mon-fri: "09:00-17:00"}
    holidays: [{date: 2026-03-12, name: Founders Day}]
plans:
  gold:
    calendar: office
    targets:
      - {name: reply_high, metric: first_response, severity: high, within: 2h, calendar: always,
         warn_at: [75%], breached: wake_up}
      - {name: reply_low, metric: first_response, severity: low, within: 4h}
      - {name: solve, metric: resolution, within: 10h, pause: [pending], warn_at: ["-30m"]}
      - {name: again, metric: next_response, within: 3h}
  night:
    targets:
      - {name: reply_night, metric: first_response, within: 1h}
escalations:
  wake_up:
    steps:
      - {after: 0m, page: [pager]}
      - {after: 15m, page: [pager], notify: [lead]}
    stop_on: [acknowledged, replied]
    ack_timeout: 30m
routes:
  pager: {}
)";

class QueryWorld : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<PartitionFold>> fold =
        PartitionFold::Open(store_, {Partition{0}, "1ca5e"});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
    now_ = *ParseInstant("2026-03-09T00:00:00Z");
    handler_ = MakeHandler();
  }

  std::unique_ptr<QueryHandler> MakeHandler() {
    return std::make_unique<QueryHandler>(
        std::vector<PartitionView>{{Partition{0}, &store_, &log_}},
        std::map<std::string, Partition>{{"default", Partition{0}}, {"empty", Partition{0}}},
        "default", [this] { return now_; });
  }

  void Publish() {
    absl::StatusOr<LoadedPolicy> loaded = LoadPolicyText("test.yaml", kQueryPolicy);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    v1::Event calendars;
    calendars.set_tenant("default");
    *calendars.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
    Take(calendars, now_);
    v1::Event policy;
    policy.set_tenant("default");
    *policy.mutable_policy_published()->mutable_policy() = loaded->policy;
    Take(policy, now_);
  }

  // One event as JSON, at `at`.
  void Event(const std::string& at, const std::string& json) {
    absl::StatusOr<v1::Event> event = EventFromJson(json);
    ASSERT_TRUE(event.ok()) << event.status();
    event->set_tenant("default");
    if (event->id().empty()) event->set_id(Cat("e", next_.value));
    ToProto(*ParseInstant(at), event->mutable_occurred_at());
    Take(*event, *ParseInstant(at));
  }

  void Tick(const std::string& at) {
    v1::Event event;
    ToProto(*ParseInstant(at), event.mutable_tick()->mutable_until());
    Take(event, *ParseInstant(at));
  }

  // Moves what was decided from the outbox into the decisions stream.
  void PublishDecisions() {
    std::vector<PublishedDecision> batch;
    for (const v1::Decision& decision : decisions_) {
      batch.push_back({decision.seq(), decision.id(), decision.SerializeAsString()});
    }
    ASSERT_TRUE(log_.Publish(Partition{0}, batch).ok());
  }

  HttpResponse Get(const std::string& path, HttpPairs query = {}, HttpPairs headers = {}) {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    request.headers = std::move(headers);
    return handler_->Answer(request);
  }

  std::string Text(const std::string& path, HttpPairs query = {}) {
    return Get(path, std::move(query), {{"accept", "text/plain"}}).body;
  }

  void Take(const v1::Event& event, Instant appended) {
    now_ = std::max(now_, appended);
    const FoldRecord record{next_, now_, event};
    next_ = next_ + 1;
    const absl::Status status = fold_->FoldAll(std::span(&record, 1), [this](FoldResult& result) {
      std::ranges::move(DecodeDecisions(result), std::back_inserter(decisions_));
      return store_.Commit(result.turn);
    });
    ASSERT_TRUE(status.ok()) << status;
  }

  Instant now_;
  Offset next_;
  MemoryStore store_;
  MemoryLog log_{"1ca5e", 1, [] { return kInstantMin; }};
  std::unique_ptr<PartitionFold> fold_;
  std::vector<v1::Decision> decisions_;
  std::unique_ptr<QueryHandler> handler_;
};

// The pieces of text that a reader must find, in this order.
inline testing::AssertionResult HoldsInOrder(const std::string& text,
                                             const std::vector<std::string>& pieces) {
  size_t from = 0;
  for (const std::string& piece : pieces) {
    const size_t found = text.find(piece, from);
    if (found == std::string::npos) {
      return testing::AssertionFailure() << "\"" << piece << "\" is not found, or too early, in:\n"
                                         << text;
    }
    from = found + piece.size();
  }
  return testing::AssertionSuccess();
}

}  // namespace escalation
