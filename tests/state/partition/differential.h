// tests/state/partition/differential.h
//
// Folds the same records in several ways, and compares every byte.
//
//   Threads     one owner
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"
#include "state/partition/partition.h"
#include "state/store/memory_store.h"

namespace escalation::testing {

struct Folded {
  std::vector<std::string> decisions;
  std::string digest;
};

class Folder {
 public:
  explicit Folder(size_t tickets_max = 100'000) : tickets_max_(tickets_max) { Open(); }

  void Open() {
    auto fold = PartitionFold::Open(store_, {Partition{0}, "incarnation", tickets_max_});
    ASSERT_TRUE(fold.ok()) << fold.status();
    fold_ = *std::move(fold);
  }

  std::vector<v1::Decision> Fold(std::span<const FoldRecord> records, TurnEnd end = TurnEnd::kNow) {
    std::vector<v1::Decision> decided;
    const auto commit = [&](const FoldResult& result) {
      ++turns_;
      bytes_.insert(bytes_.end(), result.decisions.begin(), result.decisions.end());
      std::ranges::move(DecodeDecisions(result), std::back_inserter(decided));
      return store_.Commit(result.turn);
    };
    const absl::Status status = fold_->FoldAll(records, commit, end);
    EXPECT_TRUE(status.ok()) << status;
    return decided;
  }

  Folded Result() const { return {bytes_, *StateDigest(store_)}; }
  const MemoryStore& store() const { return store_; }
  const PartitionFold& fold() const { return *fold_; }
  int turns() const { return turns_; }

 private:
  const size_t tickets_max_;
  MemoryStore store_;
  std::unique_ptr<PartitionFold> fold_;
  std::vector<std::string> bytes_;
  int turns_ = 0;
};

inline void ExpectSame(const Folded& a, const Folded& b, const std::string& what) {
  for (size_t i = 0; i < std::min(a.decisions.size(), b.decisions.size()); ++i) {
    if (a.decisions[i] == b.decisions[i]) continue;
    v1::Decision first, second;
    first.ParseFromString(a.decisions[i]);
    second.ParseFromString(b.decisions[i]);
    FAIL() << what << ", decision " << i << ":\n"
           << DecisionText(first) << " [" << first.id() << "]\n-- but --\n"
           << DecisionText(second) << " [" << second.id() << "]";
  }
  ASSERT_EQ(a.decisions.size(), b.decisions.size()) << what;
  EXPECT_EQ(ToHex(a.digest), ToHex(b.digest)) << what;
}

// As many records as the history gives, one by one; empty if something went wrong.
template <typename History>
std::vector<FoldRecord> FoldOneByOne(int count, History* history, Folder* folder) {
  std::vector<FoldRecord> records;
  for (int i = 0; i < count; ++i) {
    records.push_back(history->Next());
    history->Saw(folder->Fold(std::span(&records.back(), 1)));
    if (::testing::Test::HasFailure()) return {};
  }
  return records;
}

// In batches of any size, and by a fold made anew before every batch.
inline void ExpectSameInBatches(const Folded& expected, std::span<const FoldRecord> records) {
  for (const size_t batch : {7u, 64u, 1'000u}) {
    Folder folder;
    for (size_t at = 0; at < records.size(); at += batch) {
      folder.Fold(records.subspan(at, std::min(batch, records.size() - at)));
    }
    ExpectSame(expected, folder.Result(), Cat("batches of ", batch));
  }
  // Turns that wait for the records that come next, and one that ends now and then.
  Folder waiting, ending;
  for (size_t i = 0; i < records.size(); ++i) {
    waiting.Fold(records.subspan(i, 1), TurnEnd::kWhenFull);
    ending.Fold(records.subspan(i, 1), i % 11 == 0 ? TurnEnd::kNow : TurnEnd::kWhenFull);
  }
  for (Folder* const folder : {&waiting, &ending}) {
    folder->Fold({});
    ExpectSame(expected, folder->Result(), "turns that wait");
  }
  EXPECT_LT(waiting.turns(), ending.turns());
  // With room for two tickets: state lives in the store alone.
  Folder restarted(2);
  for (size_t at = 0; at < records.size(); at += 5) {
    restarted.Open();
    restarted.Fold(records.subspan(at, std::min<size_t>(5, records.size() - at)));
  }
  ExpectSame(expected, restarted.Result(), "a restart before every batch");
}

}  // namespace escalation::testing
