// Bodies are made off the caller's thread, and a page leaves whatever its program does.
#include "daemon/deliver/page_composer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/deliver/sample_pages.h"
#include "daemon/source/event_decoder.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kGood[] = ".type";
constexpr char kLoops[] = "last(repeat(1))";

class PageComposerTest : public testing::Test {
 protected:
  PageComposerTest()
      : composer_(std::make_unique<PageComposer>(
            PageComposer::World{[this] { return Instant{now_ms_}; },
                                [this](const std::string& route, const std::string& why) {
                                  const std::lock_guard lock(mutex_);
                                  told_.push_back(Cat(route, ": ", why));
                                },
                                ESCALATION_BINARY_DIR "/daemon/escalation-mapper"})) {}

  static DeliveryRoute Route(const std::string& name, const std::string& program) {
    DeliveryRoute route;
    route.name = name;
    route.body = std::make_shared<MappingProgram>(MappingProgram{name + ".jq", program});
    return route;
  }
  void Use(const std::vector<DeliveryRoute>& routes) {
    const absl::Status status = composer_->SetRoutes(routes);
    ASSERT_TRUE(status.ok()) << status;
  }
  std::future<std::string> Begin(const std::string& route) {
    auto out = std::make_shared<std::promise<std::string>>();
    composer_->Compose(Route(route, ""), SamplePages(route)[0], [out](const Delivery& delivery) {
      out->set_value(delivery.body ? delivery.body->bytes : Cat("! ", delivery.body_trouble));
    });
    return out->get_future();
  }
  std::string Made(const std::string& route) { return Begin(route).get(); }

  std::atomic<int64_t> now_ms_{1'000'000};
  std::mutex mutex_;
  std::vector<std::string> told_;
  std::unique_ptr<PageComposer> composer_;
};

TEST_F(PageComposerTest, a_page_gets_its_body) {
  Use({Route("a", kGood)});
  EXPECT_EQ(Made("a"), "page_requested");
  EXPECT_TRUE(told_.empty());
  EXPECT_EQ(composer_->Failures(), (std::map<std::string, uint64_t>{{"a", 0}}));
}

TEST_F(PageComposerTest, a_page_without_a_body_leaves_too_and_says_why) {
  Use({Route("a", "error(\"no idea\")")});
  EXPECT_EQ(Made("a"), "! a.jq: no idea");
  EXPECT_EQ(Made("b"), "! its program is not there");
  EXPECT_EQ(told_, (std::vector<std::string>{"a: a.jq: no idea", "b: its program is not there"}));
  EXPECT_EQ(composer_->Failures(), (std::map<std::string, uint64_t>{{"a", 1}, {"b", 1}}));
}

TEST_F(PageComposerTest, a_program_that_loops_rests_after_three_runs) {
  Use({Route("a", kLoops)});
  for (int i = 0; i < kComposeKilledMax; ++i) {
    EXPECT_EQ(Made("a"), "! a.jq: took more than 250ms of processor time");
  }
  EXPECT_EQ(Made("a"), "! a.jq: it rests after 3 runs that had to be ended");
  now_ms_ += kComposeRest.ms - 1;
  EXPECT_EQ(Made("a"), "! a.jq: it rests after 3 runs that had to be ended");
  now_ms_ += 1;
  EXPECT_EQ(Made("a"), "! a.jq: took more than 250ms of processor time");
  EXPECT_EQ(Made("a"), "! a.jq: it rests after 4 runs that had to be ended");
}

TEST_F(PageComposerTest, one_route_waits_for_no_other) {
  Use({Route("a", kGood), Route("b", kGood)});
  std::promise<void> b_is_done;
  std::promise<void> a_is_done;
  // The thread of route a stands still until b's page was made.
  composer_->Compose(Route("a", ""), SamplePages("a")[0], [&](const Delivery&) {
    b_is_done.get_future().wait();
    a_is_done.set_value();
  });
  EXPECT_EQ(Made("b"), "page_requested");
  b_is_done.set_value();
  a_is_done.get_future().wait();
}

TEST_F(PageComposerTest, a_page_waits_only_so_long_for_those_before_it) {
  Use({Route("a", kGood)});
  std::promise<void> next_waits;
  composer_->Compose(Route("a", ""), SamplePages("a")[0], [&](const Delivery&) {
    next_waits.get_future().wait();
    now_ms_ += kComposeWaitMax.ms + 1;
  });
  std::future<std::string> next = Begin("a");
  next_waits.set_value();
  EXPECT_EQ(next.get(), "! a.jq: it was busy for 2s");
  EXPECT_EQ(Made("a"), "page_requested");
}

TEST_F(PageComposerTest, a_reload_keeps_what_is_the_same) {
  Use({Route("a", kLoops), Route("b", kGood)});
  for (int i = 0; i < kComposeKilledMax; ++i) Made("a");
  Use({Route("a", kLoops), Route("b", "\"other\"")});
  EXPECT_EQ(Made("a"), "! a.jq: it rests after 3 runs that had to be ended");
  EXPECT_EQ(Made("b"), "other");
  // All or nothing.
  EXPECT_EQ(composer_->SetRoutes({Route("a", kGood), Route("b", "nope")}),
            absl::InvalidArgumentError("route b: b.jq:1:1: nope/0 is not defined"));
  EXPECT_EQ(Made("a"), "! a.jq: it rests after 3 runs that had to be ended");
  EXPECT_EQ(Made("b"), "other");
  Use({Route("b", "\"other\"")});
  EXPECT_EQ(Made("a"), "! its program is not there");
}

TEST_F(PageComposerTest, what_waits_at_the_end_leaves) {
  Use({Route("a", kGood)});
  std::promise<void> next_waits;
  composer_->Compose(Route("a", ""), SamplePages("a")[0],
                     [&](const Delivery&) { next_waits.get_future().wait(); });
  std::future<std::string> next = Begin("a");
  std::promise<void> ending;
  std::thread end([&] {
    ending.set_value();
    composer_.reset();
  });
  ending.get_future().wait();
  next_waits.set_value();
  const std::string made = next.get();
  EXPECT_TRUE(made == "page_requested" || made == "! a.jq: it is being replaced") << made;
  end.join();
}

}  // namespace
}  // namespace escalation
