// Marks: what a reader says of time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "daemon/source/source_reader.h"
#include "tests/daemon/source/reader_fixture.h"

namespace escalation {
namespace {

using testing::ElementsAre;

class SourceMarkTest : public SourceReaderTest {
 protected:
  void SetUp() override {
    world_.broker.partitions[kZero];
    SourceReaderOptions options;
    options.mark_every = Duration::Seconds(1);
    StartWithMarks(options);
  }
  void Wait(Duration d) { world_.now = world_.now + d; }
};

TEST_F(SourceMarkTest, idle_source_is_marked_as_of_the_question) {
  Steps();
  Wait(Duration::Seconds(1));
  Steps();
  EXPECT_THAT(world_.Told(), ElementsAre("mark 2026-03-10T09:00:00Z", "mark 2026-03-10T09:00:01Z"));
}

TEST_F(SourceMarkTest, mark_stands_behind_what_the_source_held) {
  Put("T-1");
  Steps();
  EXPECT_THAT(world_.Told(), ElementsAre("T-1", "mark 2026-03-10T09:00:00Z"));
}

TEST_F(SourceMarkTest, backlog_is_marked_by_the_brokers_time_of_what_was_read) {
  SourceReaderOptions options;
  options.mark_every = Duration::Seconds(1);
  options.batch_messages_max = 2;
  StartWithMarks(options);
  for (int i = 0; i < 6; ++i) {
    Put(Cat("T-", i));
    Wait(Duration::Hours(1));
  }
  while (Tickets().size() < 6) {
    ASSERT_TRUE(Step().ok());
    Wait(Duration::Seconds(1));
  }
  Steps();
  const std::vector<std::string> told = world_.Told();
  // Each is one millisecond before what was read last.
  EXPECT_THAT(told, testing::Contains("mark 2026-03-10T09:59:59.999Z"));
  EXPECT_THAT(told.back(), testing::StartsWith("mark 2026-03-10T15:0"));
  Instant latest = Instant::Past();
  size_t tickets = 0;
  for (const std::string& what : told) {
    if (!what.starts_with("mark ")) {
      tickets += what == "hold" ? 0 : 1;
      continue;
    }
    const Instant through = *ParseInstant(what.substr(5));
    EXPECT_GE(through, latest);
    latest = through;
    // Ticket i was put at 9:00 plus i hours.
    const auto held = (through - Instant::Seconds(1'773'133'200)).ms / Duration::Hours(1).ms + 1;
    EXPECT_GE(tickets, static_cast<size_t>(std::min<int64_t>(held, 6))) << what;
  }
}

TEST_F(SourceMarkTest, producers_clocks_prove_nothing_of_a_backlog) {
  SourceReaderOptions options;
  options.mark_every = Duration::Seconds(1);
  options.batch_messages_max = 2;
  StartWithMarks(options);
  world_.broker.stamps = false;
  for (int i = 0; i < 6; ++i) Put(Cat("T-", i));
  while (Tickets().size() < 6) {
    ASSERT_TRUE(Step().ok());
    Wait(Duration::Seconds(1));
  }
  const std::vector<std::string> told = world_.Told();
  const auto mark = std::find_if(told.begin(), told.end(),
                                 [](const auto& what) { return what.starts_with("mark"); });
  EXPECT_EQ(std::count(told.begin(), mark, "hold") > 0, true);
  EXPECT_EQ(std::find(mark, told.end(), "T-5"), told.end());
}

TEST_F(SourceMarkTest, source_that_cannot_be_read_is_not_marked) {
  world_.broker.away = true;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(Step().ok());
    Wait(Duration::Seconds(1));
  }
  EXPECT_THAT(world_.Told(), ElementsAre());
  world_.broker.away = false;
  Steps();
  EXPECT_EQ(world_.Told().size(), 1U);
  world_.broker.away = true;
  Wait(Duration::Seconds(1));
  EXPECT_FALSE(Step().ok());
  EXPECT_EQ(world_.Told().size(), 1U);
}

TEST_F(SourceMarkTest, topic_that_is_not_there_leaves_the_source_unmarked) {
  world_.broker.topics.insert("other");
  Put("T-1");
  Steps();
  EXPECT_THAT(world_.Told(), ElementsAre("T-1"));
  EXPECT_THAT(world_.told, testing::Contains("topics that are not there: other"));
}

TEST_F(SourceMarkTest, whoever_begins_to_read_holds_time_back_at_once) {
  ASSERT_TRUE(instance_.reader->Hold().ok());
  EXPECT_THAT(world_.Told(), ElementsAre("hold"));
  world_.log().refuse = [](const std::string&) { return true; };
  EXPECT_EQ(instance_.reader->Hold().message(), "the log is full");
}

TEST_F(SourceMarkTest, mark_never_passes_what_the_log_has_not_taken) {
  Put("T-1");
  world_.log().refuse = [](const std::string& value) {
    return value.find("T-1") != std::string::npos;
  };
  for (int i = 0; i < 8; ++i) {
    Step().IgnoreError();
    Wait(Duration::Seconds(1));
  }
  for (const std::string& what : world_.Told()) EXPECT_EQ(what, "hold");
}

}  // namespace
}  // namespace escalation
