#include "daemon/source/source_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/daemon/source/reader_fixture.h"

namespace escalation {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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

}  // namespace
}  // namespace escalation
