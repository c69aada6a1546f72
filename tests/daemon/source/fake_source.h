// tests/daemon/source/fake_source.h
//
// A source in memory: topics, their retention, committed offsets, and streams that read them.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/source/message_stream.h"

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

}  // namespace escalation
