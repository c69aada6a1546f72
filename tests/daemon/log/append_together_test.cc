#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/log/memory_log.h"

namespace escalation {
namespace {

// Full for a moment: refuses one record, and would take the next.
class FullForAMomentLog : public MemoryLog {
 public:
  FullForAMomentLog()
      : MemoryLog("incarnation", 1, [] { return Instant::Seconds(1'773'133'200); }) {}
  void Append(Partition partition, std::string value, Done done) override {
    if (value == "refused") return done(absl::ResourceExhaustedError("full"));
    MemoryLog::Append(partition, std::move(value), std::move(done));
  }
};

TEST(AppendTogetherTest, nothing_overtakes_a_record_that_is_refused) {
  FullForAMomentLog log;
  std::vector<std::string> fates;
  std::vector<Log::ToAppend> records;
  for (const char* value : {"first", "refused", "third", "fourth"}) {
    records.push_back({value, [&fates](const absl::StatusOr<Appended>& fate) {
                         fates.push_back(fate.ok() ? "taken"
                                                   : std::string(fate.status().message()));
                       }});
  }
  log.AppendTogether(Partition{0}, std::move(records));
  EXPECT_EQ(fates, (std::vector<std::string>{"taken", "full", "full", "full"}));
  EXPECT_EQ(*log.End(Partition{0}), Offset{1});
}

}  // namespace
}  // namespace escalation
