#include "daemon/log_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/log/memory_log.h"

namespace escalation {
namespace {

// Remembers how many came together.
class CountingLog : public MemoryLog {
 public:
  CountingLog() : MemoryLog("incarnation", 2, [] { return Instant::Seconds(1'773'133'200); }) {}
  void AppendTogether(Partition partition, std::vector<ToAppend> records) override {
    together.emplace_back(partition, records.size());
    MemoryLog::AppendTogether(partition, std::move(records));
  }
  std::vector<std::pair<Partition, size_t>> together;
};

std::vector<v1::Event> EventsOf(const std::vector<std::string>& tenants) {
  std::vector<v1::Event> events;
  for (const std::string& tenant : tenants) events.emplace_back().set_tenant(tenant);
  return events;
}

TEST(LogWriterTest, events_of_one_call_are_appended_together_by_partition_and_in_order) {
  CountingLog log;
  const LogWriter writer(&log, {{"one", Partition{0}}, {"two", Partition{1}}});
  const auto offsets = writer.AppendAndWait(EventsOf({"one", "two", "one", "one"}));
  ASSERT_TRUE(offsets.ok()) << offsets.status();
  EXPECT_EQ(*offsets, (std::vector<Offset>{{0}, {0}, {1}, {2}}));
  EXPECT_EQ(log.together,
            (std::vector<std::pair<Partition, size_t>>{{Partition{0}, 3}, {Partition{1}, 1}}));
}

TEST(LogWriterTest, an_unknown_tenant_refuses_all_and_writes_nothing) {
  CountingLog log;
  const LogWriter writer(&log, {{"one", Partition{0}}});
  EXPECT_EQ(writer.AppendAndWait(EventsOf({"one", "other"})).status().message(),
            "tenant: \"other\" is not served here");
  EXPECT_EQ(*log.End(Partition{0}), Offset{0});
}

TEST(LogWriterTest, no_events_are_no_error) {
  CountingLog log;
  EXPECT_TRUE(LogWriter(&log, {}).AppendAndWait({})->empty());
}

}  // namespace
}  // namespace escalation
