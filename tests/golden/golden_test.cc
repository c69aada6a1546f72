// What was decided once is decided again: every golden archive folds to its decisions, byte for
// byte.

#include "tests/golden/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "daemon/log/archive_log.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"

namespace escalation::golden {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = ESCALATION_SOURCE_DIR "/tests/golden/archives";
constexpr uintmax_t kBytesMax = 500'000;

std::vector<std::string> Archives() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.is_directory()) found.push_back(entry.path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class GoldenTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenTest, decisions_are_what_they_were) {
  const absl::StatusOr<ArchiveSummary> verified = VerifyArchive(GetParam());
  ASSERT_TRUE(verified.ok()) << verified.status();
  const auto log = OpenArchiveLog(GetParam());
  ASSERT_TRUE(log.ok()) << log.status();
  const auto records = ReadRecords(**log);
  ASSERT_TRUE(records.ok()) << records.status();
  const auto published = (*log)->ReadDecisions(Partition{0}, 1, 1'000'000);
  ASSERT_TRUE(published.ok()) << published.status();

  std::string digest;
  for (const size_t batch : {1u, 7u, 64u, 100'000u}) {
    size_t next = 0;
    std::string difference;
    const auto compare = [&](const v1::Decision& decision) {
      const std::string was = next < published->size() ? (*published)[next].value : "";
      ++next;
      if (was == decision.SerializeAsString() || !difference.empty()) return;
      v1::Decision old;
      old.ParseFromString(was);
      difference = Cat("decision ", decision.seq(), "\n  was ", DecisionText(old), " [", old.id(),
                       "]\n  is  ", DecisionText(decision), " [", decision.id(), "]");
    };
    const auto folded = Fold(*records, (*log)->identity().incarnation, batch, compare);
    ASSERT_TRUE(folded.ok()) << folded.status();
    ASSERT_EQ(difference, "") << "batches of " << batch;
    EXPECT_EQ(next, published->size());
    EXPECT_EQ(ReadFile(GetParam() + ".expected").find(Summary(*folded)), 0u);
    if (!digest.empty()) {
      EXPECT_EQ(folded->state_digest, digest) << "batches of " << batch;
    }
    digest = folded->state_digest;
  }
}

TEST_P(GoldenTest, says_at_which_semantics_it_was_written) {
  std::istringstream text(ReadFile(GetParam() + ".expected"));
  std::string word;
  int semantics = 0;
  while (text >> word && word != "semantics") {
  }
  ASSERT_TRUE(text >> semantics);
  EXPECT_GE(semantics, 1);
  EXPECT_LE(semantics, kSemanticsVersion);
}

INSTANTIATE_TEST_SUITE_P(archives, GoldenTest, ::testing::ValuesIn(Archives()),
                         [](const auto& test) { return fs::path(test.param).filename().string(); });

TEST(GoldenArchives, hold_decisions_of_every_kind) {
  std::set<std::string> missing;
  const auto* const oneof = v1::Decision::descriptor()->FindOneofByName("body");
  for (int i = 0; i < oneof->field_count(); ++i) missing.insert(oneof->field(i)->name());
  for (const std::string& archive : Archives()) {
    const auto log = OpenArchiveLog(archive);
    ASSERT_TRUE(log.ok()) << log.status();
    const auto published = (*log)->ReadDecisions(Partition{0}, 1, 1'000'000);
    ASSERT_TRUE(published.ok()) << published.status();
    for (const PublishedDecision& entry : *published) {
      v1::Decision decision;
      ASSERT_TRUE(decision.ParseFromString(entry.value));
      missing.erase(
          oneof->field(0)->containing_type()->FindFieldByNumber(decision.body_case())->name());
    }
  }
  EXPECT_EQ(missing, std::set<std::string>());
}

TEST(GoldenArchives, are_small) {
  uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(kFolder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  EXPECT_GT(bytes, 0u);
  EXPECT_LE(bytes, kBytesMax);
}

}  // namespace
}  // namespace escalation::golden
