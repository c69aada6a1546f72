// tests/daemon/source/reader_world.h
//
// What a reader of sources lives in: a source in memory, a log that fails as told, and the real
// fold behind it.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "daemon/source/source_reader.h"
#include "state/base/text.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"
#include "tests/daemon/source/failing_log.h"
#include "tests/daemon/source/fake_source.h"

namespace escalation {

// "T-1,T-2": these tickets open. "" is about nothing; "poison" cannot be read, "loop" not mapped,
// "stranger" is for another tenant.
class TicketDecoder : public EventDecoder {
 public:
  explicit TicketDecoder(const bool* busy) : busy_(*busy) {}
  absl::StatusOr<std::vector<v1::Event>> Decode(const SourceMessage& message) override {
    if (busy_) return absl::UnavailableError("no process for the mapping");
    if (message.value.starts_with("poison")) return absl::InvalidArgumentError("byte 0: poison");
    if (message.value.starts_with("loop")) return absl::AbortedError("the program takes too long");
    std::vector<v1::Event> events;
    if (message.value.empty()) return events;
    for (const absl::string_view ticket : absl::StrSplit(message.value, ',')) {
      v1::Event& event = events.emplace_back();
      event.set_ticket_id(std::string(ticket));
      event.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
      event.mutable_opened()->set_subject("help");
      if (ticket == "stranger") event.set_tenant("stranger");
    }
    return events;
  }

 private:
  const bool& busy_;
};

class ReaderWorld {
 public:
  ReaderWorld() : log_("incarnation", 1, [this] { return now; }) {
    const auto loaded = LoadPolicyText("p.yaml", R"(
policy: p
revision: 1
severities: [low]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
default_plan: gold
)");
    policy_ = loaded->policy;
    v1::Event policy;
    policy.set_tenant("default");
    *policy.mutable_policy_published()->mutable_policy() = policy_;
    log_.MemoryLog::Append(Partition{0}, policy.SerializeAsString(), [](const auto&) {});
  }

  // A reader of its own; the state is folded up to now first, as an owner's is.
  struct Instance {
    std::unique_ptr<FakeStream> stream;
    std::unique_ptr<EventIntake> intake;
    std::unique_ptr<SourceReader> reader;
  };
  Instance Start(SourceReaderOptions options = {}) {
    Instance instance;
    instance.stream = std::make_unique<FakeStream>(&broker);
    EventIntake::World intake;
    intake.source = "desk";
    intake.tenant = "default";
    intake.decoder = std::make_unique<TicketDecoder>(&decoder_busy);
    intake.now = [this] { return now; };
    instance.intake = std::make_unique<EventIntake>(std::move(intake));
    Folded();
    SourceReader::World world;
    world.stream = instance.stream.get();
    world.intake = instance.intake.get();
    world.log = &log_;
    world.letters = &letters;
    world.state = &state_;
    world.now = [this] { return now; };
    world.tell = [this](const SourceNotice& notice) { told.push_back(notice.text); };
    instance.reader = std::make_unique<SourceReader>(options, std::move(world));
    return instance;
  }

  // Folds what is new in the log, as every instance does all the time.
  void Folded() {
    std::vector<FoldRecord> records;
    for (const Record& record : Records(fold_->position())) {
      records.push_back({record.offset, record.appended, v1::Event()});
      records.back().event.ParseFromString(record.value);
    }
    const absl::Status status =
        fold_->FoldAll(records, [this](FoldResult& result) { return state_.Commit(result.turn); });
    EXPECT_TRUE(status.ok()) << status;
    duplicates = fold_->counts().duplicates;
    Count(records);
  }
  std::vector<Record> Records(Offset from = Offset{0}) const {
    return log_.Read(Partition{0}, from, size_t{1} << 30)->records;
  }
  // Of the log, in order: tickets, "mark TIME" and "hold".
  std::vector<std::string> Told() const {
    std::vector<std::string> out;
    for (const Record& record : Records()) {
      v1::Event event;
      event.ParseFromString(record.value);
      if (event.has_opened()) out.push_back(event.ticket_id());
      if (!event.has_source_mark()) continue;
      const Instant through = FromProto(event.source_mark().through_time());
      out.push_back(through == kInstantMin ? "hold" : Cat("mark ", through));
    }
    return out;
  }

  Instant now = Instant::Seconds(1'773'133'200);  // 2026-03-10T09:00:00Z
  FakeBroker broker;
  FakeLetters letters;
  bool decoder_busy = false;
  std::vector<std::string> told;
  // As folded: how often each ticket was opened, and events that were dropped.
  std::map<std::string, int> opened;
  int64_t duplicates = 0;

  FailingLog& log() { return log_; }

 private:
  // What counts by the rule of the design, told anew: the highest place of a partition and
  // generation, else the id. The fold drops as many.
  void Count(const std::vector<FoldRecord>& records) {
    for (const FoldRecord& record : records) {
      if (!record.event.has_opened()) continue;
      const v1::Origin& origin = record.event.origin();
      bool fresh = ids_.insert(record.event.id()).second;
      if (origin.positioned()) {
        auto& seen =
            highest_.try_emplace({origin.generation(), origin.partition()}, -1, -1).first->second;
        const std::pair place(origin.offset(), origin.index());
        fresh = place > seen;
        seen = std::max(seen, place);
      }
      opened[record.event.ticket_id()] += fresh ? 1 : 0;
      dropped_ += fresh ? 0 : 1;
    }
    EXPECT_EQ(dropped_, duplicates);
  }

  FailingLog log_;
  MemoryStore state_;
  std::unique_ptr<PartitionFold> fold_ =
      *PartitionFold::Open(state_, {Partition{0}, "incarnation"});
  std::map<std::pair<std::string, int32_t>, std::pair<int64_t, int32_t>> highest_;
  std::set<std::string> ids_;
  int64_t dropped_ = 0;
  v1::Policy policy_;
};

}  // namespace escalation
