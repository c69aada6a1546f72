#include "daemon/source/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/daemon/source/reader_world.h"

namespace escalation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const StreamPartition kZero{"tickets", 0};
const StreamPartition kOne{"tickets", 1};

class SourceReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.broker.partitions[kZero];
    Start();
  }
  void Start(SourceReaderOptions options = {}) {
    options.mark_every = Duration::Hours(1);  // Unless a test is about marks.
    StartWithMarks(options);
  }
  void StartWithMarks(SourceReaderOptions options) {
    options.commit_every = {0};
    options.discover_every = {0};
    options_ = options;
    instance_ = world_.Start(options);
  }
  // What is in memory of the reader is gone.
  void Restart() { instance_ = world_.Start(options_); }
  void Put(const std::string& value, StreamPartition id = kZero) {
    world_.broker.Put(id, value, world_.now);
  }
  absl::Status Step() { return instance_.reader->Step({0}); }
  void Steps(int count = 4) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Step().ok());
  }
  // Without marks.
  std::vector<std::string> Tickets() {
    std::vector<std::string> out;
    for (const std::string& told : world_.Told()) {
      if (told != "hold" && !told.starts_with("mark")) out.push_back(told);
    }
    return out;
  }
  int64_t Committed(StreamPartition id = kZero) { return world_.broker.committed.at(id).offset; }

  ReaderWorld world_;
  SourceReaderOptions options_;
  ReaderWorld::Instance instance_;
};

TEST_F(SourceReaderTest, messages_become_events_of_the_tenant_with_their_place) {
  Put("T-1,T-2");
  Put("T-3");
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-2", "T-3"));
  std::vector<v1::Event> opened;
  for (const Record& record : world_.Records()) {
    v1::Event event;
    event.ParseFromString(record.value);
    if (event.has_opened()) opened.push_back(event);
  }
  EXPECT_EQ(opened[1].tenant(), "default");
  EXPECT_EQ(opened[1].origin().ShortDebugString(),
            "source: \"desk\" generation: \"tickets#1\" index: 1 positioned: true");
  EXPECT_EQ(FromProto(opened[1].written_at()), world_.now);
  EXPECT_THAT(opened[1].id(), testing::MatchesRegex("tickets:0:0:1:[0-9a-f]+"));
  EXPECT_EQ(Committed(), 2);
}

TEST_F(SourceReaderTest, what_cannot_be_taken_is_kept_as_it_came_and_the_rest_goes_on) {
  for (const char* value : {"T-1", "poison bytes", "loop", "T-2,stranger", "", "T-3"}) Put(value);
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-3"));
  ASSERT_EQ(world_.letters.letters.size(), 3U);
  const v1::DeadLetter& poison = world_.letters.letters[0];
  EXPECT_EQ(poison.kind(), v1::DeadLetter::UNREADABLE);
  EXPECT_EQ(poison.value(), "poison bytes");
  EXPECT_EQ(poison.reason(), "byte 0: poison");
  EXPECT_EQ(poison.offset(), 1);
  EXPECT_EQ(poison.generation(), "tickets#1");
  EXPECT_EQ(world_.letters.letters[1].kind(), v1::DeadLetter::NOT_MAPPED);
  EXPECT_EQ(world_.letters.letters[2].kind(), v1::DeadLetter::NOT_ACCEPTED);
  EXPECT_EQ(world_.letters.letters[2].reason(),
            "events[1]: tenant: \"stranger\", expected \"default\", whose source this is, or none");
  EXPECT_EQ(Committed(), 6);
}

TEST_F(SourceReaderTest, nothing_is_committed_before_it_is_durable) {
  Put("T-1");
  Put("T-2");
  Put("T-3");
  world_.log().refuse = [](const std::string& value) {
    return value.find("T-2") != std::string::npos;
  };
  absl::Status status;
  for (int i = 0; i < 4 && status.ok(); ++i) status = Step();
  EXPECT_EQ(status.message(), "the log is full");
  EXPECT_THAT(Tickets(), ElementsAre("T-1"));
  EXPECT_EQ(Committed(), 0);
  world_.log().refuse = nullptr;
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-2", "T-3"));
  EXPECT_EQ(Committed(), 3);
}

TEST_F(SourceReaderTest, event_that_a_later_one_overtook_still_counts_once) {
  Put("T-1");
  Put("T-2");
  Put("T-3");
  world_.log().refuse = [](const std::string& value) {
    return value.find("T-2") != std::string::npos;
  };
  world_.log().lost_order = 1;
  absl::Status status;
  for (int i = 0; i < 4 && status.ok(); ++i) status = Step();
  world_.log().refuse = nullptr;
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-3", "T-2"));
  world_.Folded();
  EXPECT_EQ(world_.opened, (std::map<std::string, int>{{"T-1", 1}, {"T-2", 1}, {"T-3", 1}}));
}

TEST_F(SourceReaderTest, event_that_the_log_will_never_take_becomes_a_letter) {
  Put("T-1");
  Put("T-2");
  world_.log().refuse = [](const std::string& value) {
    return value.find("T-1") != std::string::npos;
  };
  world_.log().why = absl::InvalidArgumentError("too large");
  world_.log().lost_order = 1;
  absl::Status status = absl::OkStatus();
  for (int i = 0; i < 6; ++i) Step().IgnoreError();
  EXPECT_THAT(Tickets(), ElementsAre("T-2"));
  ASSERT_EQ(world_.letters.letters.size(), 1U);
  EXPECT_THAT(world_.letters.letters[0].reason(), HasSubstr("too large"));
  EXPECT_EQ(world_.letters.letters[0].value(), "T-1");
  EXPECT_EQ(Committed(), 2);
}

TEST_F(SourceReaderTest, letter_is_durable_before_its_offset_is_committed) {
  Put("poison");
  Put("T-1");
  world_.letters.fails = true;
  absl::Status status;
  for (int i = 0; i < 4 && status.ok(); ++i) status = Step();
  EXPECT_EQ(status.message(), "the disk is away");
  EXPECT_EQ(Committed(), 0);
  EXPECT_THAT(Tickets(), ElementsAre());
  world_.letters.fails = false;
  Steps();
  EXPECT_EQ(world_.letters.letters.size(), 1U);
  EXPECT_EQ(Committed(), 2);
}

TEST_F(SourceReaderTest, mapping_that_cannot_run_now_loses_nothing) {
  Put("T-1");
  world_.decoder_busy = true;
  absl::Status status;
  for (int i = 0; i < 4 && status.ok(); ++i) status = Step();
  EXPECT_EQ(status.message(), "no process for the mapping");
  EXPECT_TRUE(world_.letters.letters.empty());
  world_.decoder_busy = false;
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1"));
}

TEST_F(SourceReaderTest, restart_goes_on_where_the_commit_is) {
  Put("T-1");
  Steps();
  Restart();
  Put("T-2");
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-2"));
}

TEST_F(SourceReaderTest, lost_commit_is_made_good_by_what_the_log_knows) {
  for (int i = 0; i < 5; ++i) Put(Cat("T-", i));
  Steps();
  world_.broker.committed.clear();
  Restart();
  Put("T-5");
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-0", "T-1", "T-2", "T-3", "T-4", "T-4", "T-5"));
  world_.Folded();
  EXPECT_EQ(world_.duplicates, 1);
  EXPECT_EQ(world_.opened.size(), 6U);
  EXPECT_EQ(instance_.reader->Status().recreations, 0U);
}

TEST_F(SourceReaderTest, topic_that_was_created_anew_is_read_from_its_beginning) {
  for (int i = 0; i < 5; ++i) Put(Cat("old-", i));
  Steps();
  for (const bool commit_survives : {true, false}) {
    world_.broker.Recreate(kZero);
    if (!commit_survives) world_.broker.committed.clear();
    const std::string name = commit_survives ? "a-" : "b-";
    // More than before: offsets alone would not tell.
    for (int i = 0; i < 9; ++i) Put(Cat(name, i));
    Restart();
    Steps();
    world_.Folded();
    for (int i = 0; i < 9; ++i) EXPECT_EQ(world_.opened[Cat(name, i)], 1) << name << i;
    EXPECT_EQ(instance_.reader->Status().recreations, 1U);
  }
  EXPECT_EQ(world_.opened.size(), 5U + 9U + 9U);
  EXPECT_THAT(world_.broker.committed[kZero].note, testing::StartsWith("g=3;o=8;"));
}

TEST_F(SourceReaderTest, topic_that_is_created_anew_while_it_is_read_is_noticed) {
  for (int i = 0; i < 5; ++i) Put(Cat("old-", i));
  Steps();
  world_.broker.Recreate(kZero);
  Put("new");
  world_.now = world_.now + Duration::Minutes(1);
  for (int i = 0; i < 6; ++i) Step().IgnoreError();
  world_.Folded();
  EXPECT_EQ(world_.opened["new"], 1);
  EXPECT_EQ(instance_.reader->Status().recreations, 1U);
}

TEST_F(SourceReaderTest, what_retention_removed_unread_is_reported) {
  for (int i = 0; i < 3; ++i) Put(Cat("T-", i));
  Steps();
  for (int i = 3; i < 9; ++i) Put(Cat("T-", i));
  world_.broker.RemoveBefore(kZero, 7);
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-0", "T-1", "T-2", "T-7", "T-8"));
  const SourceStatus status = instance_.reader->Status();
  EXPECT_EQ(status.gaps, 1U);
  EXPECT_EQ(status.records_missed, 4U);
  ASSERT_EQ(world_.letters.letters.size(), 1U);
  EXPECT_EQ(
      world_.letters.letters[0].reason(),
      "a gap: 4 records from offset 3 to 6 were removed from the topic before they were read");
  EXPECT_EQ(world_.letters.letters[0].offset(), 3);
}

TEST_F(SourceReaderTest, what_retention_removed_after_it_was_read_is_no_gap) {
  for (int i = 0; i < 3; ++i) Put(Cat("T-", i));
  Steps();
  world_.broker.RemoveBefore(kZero, 3);
  Restart();
  Put("T-3");
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-0", "T-1", "T-2", "T-3"));
  EXPECT_EQ(instance_.reader->Status().gaps, 0U);
}

TEST_F(SourceReaderTest, latest_skips_only_what_was_there_before_the_first_start) {
  Put("before");
  SourceReaderOptions options;
  options.start = SourceStart::kLatest;
  Start(options);
  Steps();
  Put("T-1");
  Steps();
  // A partition that comes later is new altogether.
  Put("T-2", kOne);
  Steps();
  Restart();
  Put("T-3");
  Steps();
  EXPECT_THAT(Tickets(), ElementsAre("T-1", "T-2", "T-3"));
}

TEST_F(SourceReaderTest, two_readers_for_a_moment_count_each_event_once) {
  for (int i = 0; i < 6; ++i) Put(Cat("T-", i));
  SourceReaderOptions slow;
  slow.batch_messages_max = 2;
  Start(slow);
  ASSERT_TRUE(Step().ok());
  ReaderWorld::Instance other = world_.Start(options_);
  for (int i = 0; i < 12; ++i) {
    Step().IgnoreError();
    other.reader->Step({0}).IgnoreError();
  }
  world_.Folded();
  EXPECT_EQ(world_.opened.size(), 6U);
  for (const auto& [ticket, times] : world_.opened) EXPECT_EQ(times, 1) << ticket;
}

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
