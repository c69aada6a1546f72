// Whatever fails, and whoever else reads: each message that a reader could have read is in the log
// once, as the fold counts.

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "daemon/source/source_reader.h"
#include "tests/daemon/source/reader_world.h"

namespace escalation {
namespace {

class ModelRun {
 public:
  explicit ModelRun(uint64_t seed) : random_(seed), seed_(seed) {
    options_.commit_every = Duration::Seconds(5);
    options_.discover_every = Duration::Seconds(7);
    options_.batch_messages_max = 1 + Dice(5);
    for (int32_t i = 0; i < 2; ++i) world_.broker.partitions[{"tickets", i}];
    readers_.push_back(world_.Start(options_));
  }

  void Go() {
    for (int i = 0; i < 300; ++i) Act();
    Heal();
    for (int i = 0; i < 500; ++i) Steps();
    Judge();
  }

 private:
  uint64_t Dice(uint64_t bound) { return random_() % bound; }
  StreamPartition Any() {
    auto at = world_.broker.partitions.begin();
    std::advance(at, Dice(world_.broker.partitions.size()));
    return at->first;
  }

  void Act() {
    world_.now = world_.now + Duration::Seconds(1);
    switch (Dice(24)) {
      case 0:
        return Crash();
      case 1:
        return Another();
      case 2:
        return Retain();
      case 3:
        return Recreate();
      case 4:
        return Spoil();
      case 5:
        return Heal();
      case 6:
        if (Dice(10) == 0) {
          world_.broker.partitions[{"tickets", static_cast<int32_t>(Dice(5))}];
        }
        return;
      default:
        if (Dice(2) == 0) Put();
        return Steps();
    }
  }

  void Put() {
    const StreamPartition id = Any();
    const uint64_t kind = Dice(8);
    std::string value = kind == 0 ? "" : kind == 1 ? "poison " : "T";
    if (kind != 0) value += std::to_string(++made_);
    const std::string first = value;
    if (kind == 2) CatTo(&value, ",U", made_);
    const int64_t offset = world_.broker.Put(id, value, world_.now);
    if (kind == 0) return;
    puts_.push_back({id, offset, first, kind == 1, world_.broker.partitions[id].created});
  }

  void Steps() {
    for (auto& reader : readers_) {
      world_.Folded();
      if (Dice(3) != 0) reader.reader->Step({0}).IgnoreError();
    }
  }
  void Crash() {
    readers_.erase(readers_.begin() + static_cast<ptrdiff_t>(Dice(readers_.size())));
    if (readers_.empty()) readers_.push_back(world_.Start(options_));
  }
  void Another() {
    if (readers_.size() < 3 && !recreated_) readers_.push_back(world_.Start(options_));
  }
  // What goes may have been read or not.
  void Retain() {
    if (Dice(4) != 0) return;
    const StreamPartition id = Any();
    const FakeBroker::Topic& topic = world_.broker.partitions[id];
    const int64_t before =
        topic.begin +
        static_cast<int64_t>(Dice(static_cast<uint64_t>(topic.end - topic.begin + 1)));
    for (auto& put : puts_) {
      if (put.id == id && put.created == topic.created && put.offset < before) put.gone = true;
    }
    world_.broker.RemoveBefore(id, before);
  }
  // Kafka removes the commits of a topic with it, or a moment before the last one comes. Left out:
  // that two read while a topic is created anew, and one of them commits what the other knows to be
  // over; both may count a message then.
  void Recreate() {
    if (Dice(6) != 0) return;
    readers_.resize(1);
    recreated_ = true;
    const StreamPartition id = Any();
    for (auto& put : puts_) put.gone |= put.id == id;
    world_.broker.Recreate(id);
    if (Dice(2) == 0) world_.broker.committed.erase(id);
  }
  void Spoil() {
    switch (Dice(5)) {
      case 0:
        world_.broker.away = true;
        return;
      case 1:
        world_.broker.commits_fail = true;
        return;
      case 2:
        world_.letters.fails = true;
        return;
      case 3:
        world_.decoder_busy = true;
        return;
      default:
        world_.log().refuse = [this](const std::string&) { return Dice(4) == 0; };
    }
  }
  void Heal() {
    world_.broker.away = world_.broker.commits_fail = false;
    world_.letters.fails = world_.decoder_busy = false;
    world_.log().refuse = nullptr;
  }

  void Judge() {
    world_.Folded();
    std::set<std::string> letters;
    for (const v1::DeadLetter& letter : world_.letters.letters) letters.insert(letter.value());
    for (const auto& put : puts_) {
      if (put.poison) {
        EXPECT_TRUE(put.gone || letters.contains(put.first))
            << "seed " << seed_ << ": " << put.first;
        continue;
      }
      const auto found = world_.opened.find(put.first);
      const int times = found == world_.opened.end() ? 0 : found->second;
      EXPECT_TRUE(times == 1 || (put.gone && times == 0))
          << "seed " << seed_ << ": " << put.first << " of " << ToText(put.id) << "@" << put.offset
          << " counts " << times << " times";
    }
  }

  struct Made {
    StreamPartition id;
    int64_t offset;
    std::string first;
    bool poison;
    int created;
    bool gone = false;
  };
  ReaderWorld world_;
  std::mt19937_64 random_;
  const uint64_t seed_;
  SourceReaderOptions options_;
  std::vector<ReaderWorld::Instance> readers_;
  std::vector<Made> puts_;
  int made_ = 0;
  bool recreated_ = false;
};

TEST(SourceReaderModelTest, each_message_counts_once_whatever_fails) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    ModelRun(seed).Go();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace escalation
