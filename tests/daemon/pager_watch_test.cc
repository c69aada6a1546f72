#include "daemon/pager_watch.h"

#include <gtest/gtest.h>

#include <string>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr Instant kNoon{1'773'230'400'000};

class PagerWatchTest : public testing::Test {
 protected:
  PagerWatchTest() : watch_({Duration::Minutes(1), Duration::Minutes(1)}, {}, kNoon) {
    health_.partitions.resize(2);
    for (PartitionHealth& partition : health_.partitions) {
      partition.caught_up = true;
      partition.leads = true;
      partition.armed = true;
    }
    health_.partitions[1].partition = Partition{1};
  }

  // Such as "beat, open 1 (why), close 0", after `wait`, in which the loops came round.
  std::string After(Duration wait) {
    now_ = now_ + wait;
    for (PartitionHealth& partition : health_.partitions) {
      if (rounds_) partition.looked = now_;
    }
    return Look();
  }
  std::string Look() {
    const PagerWatch::Actions actions = watch_.Observe(health_, now_);
    std::string out;
    const auto add = [&out](const std::string& what) {
      CatTo(&out, out.empty() ? "" : ", ", what);
    };
    if (actions.beats) add("beat");
    for (const auto& opened : actions.opened) {
      add(Cat("open ", opened.partition, " (", opened.why, ")"));
    }
    for (const Partition closed : actions.closed) add(Cat("close ", closed));
    return out;
  }
  // Ten minutes by the second: how often it beat, and what else happened.
  std::pair<int, std::string> TenMinutes() {
    int beats = 0;
    std::string other;
    for (int i = 0; i < 600; ++i) {
      const std::string out = After(Duration::Seconds(1));
      beats += out == "beat";
      if (out != "beat" && !out.empty()) CatTo(&other, other.empty() ? "" : "; ", out);
    }
    return {beats, other};
  }

  PagerHealth health_;
  Instant now_ = kNoon;
  bool rounds_ = true;
  PagerWatch watch_;
};

TEST_F(PagerWatchTest, it_beats_as_often_as_it_should) {
  EXPECT_EQ(TenMinutes(), std::pair(10, std::string()));
  EXPECT_EQ(watch_.WhySilent(), "");
}

TEST_F(PagerWatchTest, a_clock_that_is_set_back_keeps_it_silent_for_one_beat_at_most) {
  EXPECT_EQ(After(Duration{0}), "beat");
  now_ = now_ - Duration::Hours(5);
  EXPECT_EQ(After(Duration{0}), "");
  EXPECT_EQ(After(Duration::Minutes(1)), "beat");
}

TEST_F(PagerWatchTest, only_who_leads_the_first_partition_beats) {
  health_.partitions[0].leads = false;
  EXPECT_EQ(TenMinutes(), std::pair(0, std::string()));
  EXPECT_EQ(watch_.WhySilent(), "");
  health_.partitions[0].leads = true;
  health_.partitions[1].leads = false;
  EXPECT_EQ(TenMinutes().first, 10);
}

struct SilentRow {
  int line;
  const char* why;
  void (*breaks)(PagerHealth* health, Instant now);
};

TEST_F(PagerWatchTest, it_is_silent_while_anything_does_not_work) {
  const SilentRow rows[] = {
      {__LINE__, "partition 1: it is not folded to the log's end",
       [](PagerHealth* h, Instant) { h->partitions[1].caught_up = false; }},
      {__LINE__, "partition 0: its timers are not armed",
       [](PagerHealth* h, Instant) { h->partitions[0].armed = false; }},
      {__LINE__, "partition 1: brokers away",
       [](PagerHealth* h, Instant) { h->partitions[1].trouble = "brokers away"; }},
      {__LINE__, "partition 0: something is due since 2026-03-11T12:00:00Z",
       [](PagerHealth* h, Instant) { h->partitions[0].next_due = kNoon; }},
      {__LINE__, "partition 0: decisions from 8 on are not published",
       [](PagerHealth* h, Instant) {
         h->partitions[0].seq = 9;
         h->partitions[0].published_through = 7;
       }},
      {__LINE__, "a page waits since 2026-03-11T12:00:00Z",
       [](PagerHealth* h, Instant) { h->oldest_page = kNoon; }},
  };
  for (const SilentRow& row : rows) {
    const PagerHealth well = health_;
    watch_ = PagerWatch({Duration::Minutes(1), Duration{0}}, {}, kNoon);
    now_ = kNoon + Duration::Hours(1);
    row.breaks(&health_, now_);
    After(Duration{0});
    now_ = now_ + PagerWatch::kOutboxMax;
    EXPECT_EQ(After(Duration{1}), "") << "line " << row.line;
    EXPECT_EQ(watch_.WhySilent(), row.why) << "line " << row.line;
    health_ = well;
    EXPECT_EQ(After(Duration::Minutes(1)), "beat") << "line " << row.line;
  }
}

// A storm is published by and by, and its timers fire a little late.
TEST_F(PagerWatchTest, what_is_busy_is_not_dead) {
  for (int i = 0; i < 600; ++i) {
    health_.partitions[0].seq = 1'000'000;
    ++health_.partitions[0].published_through;
    health_.partitions[0].next_due = now_ - Duration::Seconds(20);
    health_.oldest_page = now_ - Duration::Minutes(5);
    After(Duration::Seconds(1));
    EXPECT_EQ(watch_.WhySilent(), "");
  }
}

TEST_F(PagerWatchTest, a_log_that_does_not_work_for_a_minute_is_told_once_and_closed_once) {
  After(Duration{0});
  health_.partitions[1].trouble = "brokers away";
  EXPECT_EQ(After(Duration::Seconds(1)), "");
  EXPECT_EQ(After(Duration::Seconds(59)), "");
  EXPECT_EQ(After(Duration::Seconds(1)), "open 1 (brokers away)");
  EXPECT_EQ(TenMinutes(), std::pair(0, std::string()));
  health_.partitions[1].trouble.clear();
  health_.partitions[1].armed = false;
  EXPECT_EQ(After(Duration::Seconds(1)), "") << "no record has come back yet";
  health_.partitions[1].armed = true;
  EXPECT_EQ(After(Duration::Seconds(1)), "beat, close 1");
  EXPECT_EQ(TenMinutes(), std::pair(10, std::string()));
}

TEST_F(PagerWatchTest, a_hiccup_pages_nobody) {
  for (int i = 0; i < 20; ++i) {
    health_.partitions[0].trouble = i % 2 == 0 ? "away" : "";
    EXPECT_EQ(After(Duration::Seconds(50)).find("open"), std::string::npos);
  }
}

TEST_F(PagerWatchTest, a_loop_that_hangs_is_a_log_that_does_not_work) {
  EXPECT_EQ(After(Duration{0}), "beat");
  rounds_ = false;
  EXPECT_EQ(After(PagerWatch::kLookedMax + Duration::Seconds(1)), "");
  EXPECT_EQ(watch_.WhySilent(), "partition 0: the log was not read for 16s");
  EXPECT_EQ(After(Duration::Minutes(1)),
            "open 0 (the log was not read for 1m16s), open 1 (the log was not read for 1m16s)");
}

TEST_F(PagerWatchTest, a_log_that_cannot_be_reached_from_the_start_is_told_too) {
  rounds_ = false;
  for (PartitionHealth& partition : health_.partitions) partition = {partition.partition};
  EXPECT_EQ(After(Duration::Seconds(15)), "");
  EXPECT_EQ(After(Duration::Seconds(1)), "");
  EXPECT_EQ(After(Duration::Minutes(1)),
            "open 0 (the log was not read yet), open 1 (the log was not read yet)");
}

TEST_F(PagerWatchTest, what_an_earlier_process_opened_is_closed) {
  watch_ = PagerWatch({Duration::Minutes(1), Duration::Minutes(1)}, {Partition{1}}, kNoon);
  EXPECT_EQ(After(Duration{0}), "beat, close 1");
  EXPECT_EQ(After(Duration{1}), "");
}

}  // namespace
}  // namespace escalation
