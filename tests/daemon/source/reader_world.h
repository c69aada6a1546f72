// tests/daemon/source/reader_world.h
//
// A source in memory, a log that fails as told, and the real fold behind it: what a reader of
// sources lives in.
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
#include "daemon/log/memory_log.h"
#include "daemon/source/source_reader.h"
#include "state/base/text.h"
#include "state/partition/partition.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {

// Topics with partitions, retention and committed offsets; outlives every reader.
struct FakeBroker {
  struct Stored {
    std::string value;
    Instant stamped;
  };
  struct Topic {
    int64_t begin = 0;
    std::map<int64_t, Stored> records;
    int64_t end = 0;
    // Rises when the topic is deleted and created anew.
    int created = 0;
  };
  std::map<StreamPartition, Topic> partitions;
  std::map<StreamPartition, CommittedPosition> committed;
  std::set<std::string> topics = {"tickets"};
  bool away = false;
  bool commits_fail = false;
  bool stamps = true;

  int64_t Put(const StreamPartition& id, std::string value, Instant stamped) {
    Topic& topic = partitions[id];
    topic.records[topic.end] = {std::move(value), stamped};
    return topic.end++;
  }
  void RemoveBefore(const StreamPartition& id, int64_t offset) {
    Topic& topic = partitions[id];
    topic.begin = std::max(topic.begin, std::min(offset, topic.end));
    topic.records.erase(topic.records.begin(), topic.records.lower_bound(topic.begin));
  }
  void Recreate(const StreamPartition& id) {
    Topic& topic = partitions[id];
    topic = {0, {}, 0, topic.created + 1};
  }
};

class FakeStream : public MessageStream {
 public:
  explicit FakeStream(FakeBroker* broker) : broker_(*broker) {}

  absl::StatusOr<Partitions> Discover() override {
    if (broker_.away) return Away();
    Partitions there;
    std::set<std::string> found;
    for (const auto& [id, topic] : broker_.partitions) {
      there.found.push_back(id);
      found.insert(id.topic);
    }
    for (const std::string& topic : broker_.topics) {
      if (!found.contains(topic)) there.missing.push_back(topic);
    }
    return there;
  }
  absl::StatusOr<Extents> AskExtents(const std::vector<StreamPartition>& ids) override {
    if (broker_.away) return Away();
    Extents extents;
    for (const StreamPartition& id : ids) {
      const FakeBroker::Topic& topic = broker_.partitions.at(id);
      extents[id] = {topic.begin, topic.end};
    }
    return extents;
  }
  absl::StatusOr<Positions> Committed(const std::vector<StreamPartition>& ids) override {
    if (broker_.away) return Away();
    Positions positions;
    for (const StreamPartition& id : ids) {
      if (broker_.committed.contains(id)) positions[id] = broker_.committed.at(id);
    }
    return positions;
  }
  absl::Status Commit(const Positions& positions) override {
    if (broker_.away || broker_.commits_fail) return Away();
    for (const auto& [id, position] : positions) broker_.committed[id] = position;
    return absl::OkStatus();
  }
  absl::StatusOr<std::optional<StreamedMessage>> ReadAt(const StreamPartition& id,
                                                        int64_t offset) override {
    if (broker_.away) return Away();
    const auto& records = broker_.partitions.at(id).records;
    const auto found = records.lower_bound(offset);
    if (found == records.end()) return std::optional<StreamedMessage>();
    return std::optional(MessageAt(id, found->first, found->second));
  }
  absl::Status Assign(const std::map<StreamPartition, int64_t>& positions) override {
    if (broker_.away) return Away();
    assigned_.clear();
    for (const auto& [id, offset] : positions) {
      assigned_[id] = {offset, broker_.partitions.at(id).created};
    }
    return absl::OkStatus();
  }
  Polled Poll(Duration, size_t count, size_t) override {
    Polled polled;
    if (broker_.away) return polled;
    for (auto at = assigned_.begin(); at != assigned_.end();) {
      auto& [id, place] = *at;
      const FakeBroker::Topic& topic = broker_.partitions.at(id);
      if (place.offset < topic.begin || place.offset > topic.end ||
          place.created != topic.created) {
        polled.lost[id] = "no such offset";
        at = assigned_.erase(at);
        continue;
      }
      for (auto record = topic.records.lower_bound(place.offset);
           record != topic.records.end() && polled.messages.size() < count; ++record) {
        polled.messages.push_back(MessageAt(id, record->first, record->second));
        place.offset = record->first + 1;
      }
      if (topic.records.lower_bound(place.offset) == topic.records.end()) {
        place.offset = topic.end;
        polled.ends[id] = topic.end;
      }
      ++at;
    }
    return polled;
  }
  void Wake() override {}

 private:
  struct Place {
    int64_t offset = 0;
    int created = 0;
  };
  static absl::Status Away() { return absl::UnavailableError("the broker is away"); }
  StreamedMessage MessageAt(const StreamPartition& id, int64_t offset,
                            const FakeBroker::Stored& stored) const {
    StreamedMessage out;
    out.stamped_by_broker = broker_.stamps;
    out.message.topic = id.topic;
    out.message.partition = id.partition;
    out.message.offset = offset;
    out.message.stamped = stored.stamped;
    out.message.value = stored.value;
    return out;
  }

  FakeBroker& broker_;
  std::map<StreamPartition, Place> assigned_;
};

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

class FakeLetters : public DeadLetters {
 public:
  const std::string& incarnation() const override { return incarnation_; }
  absl::StatusOr<int64_t> Put(const v1::DeadLetter& letter) override {
    if (fails) return absl::UnavailableError("the disk is away");
    letters.push_back(letter);
    return static_cast<int64_t>(letters.size()) - 1;
  }
  absl::StatusOr<StoredLetter> Get(int64_t position) const override {
    return StoredLetter{position, letters.at(static_cast<size_t>(position))};
  }
  absl::StatusOr<LetterPage> List(int64_t, size_t, size_t) const override { return LetterPage{}; }

  std::vector<v1::DeadLetter> letters;
  bool fails = false;

 private:
  const std::string incarnation_ = "letters";
};

// Refuses what it is told to, keeping order: what stands behind a refused record is refused too.
class FailingLog : public MemoryLog {
 public:
  using MemoryLog::MemoryLog;
  void AppendTogether(Partition partition, std::vector<ToAppend> records) override {
    bool failed = false;
    for (ToAppend& record : records) {
      failed |= refuse && refuse(record.value);
      if (failed && lost_order > 0) {
        --lost_order;
        record.done(why);
        failed = false;
      } else if (failed) {
        record.done(why);
      } else {
        MemoryLog::Append(partition, std::move(record.value), std::move(record.done));
      }
    }
  }
  void Append(Partition partition, std::string value, Done done) override {
    if (refuse && refuse(value)) return done(why);
    MemoryLog::Append(partition, std::move(value), std::move(done));
  }

  std::function<bool(const std::string& value)> refuse;
  absl::Status why = absl::ResourceExhaustedError("the log is full");
  // So many records fail alone, whatever follows them.
  int lost_order = 0;
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
