#include "daemon/pager_guard.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/deliver/http_client.h"
#include "state/base/text.h"
#include "tests/daemon/deliver/scripted_server.h"

namespace escalation {
namespace {

constexpr const char* kTaken =
    "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{\"result\":\"success\"}";

// A guard over real HTTP, whose clock the test holds, and what the servers heard.
class PagerGuardTest : public testing::Test {
 protected:
  PagerGuardTest()
      : dir_(std::filesystem::temp_directory_path() / "pager-guard-XXXXXX"),
        server_([this](Peer& peer) { Serve(peer); }) {
    EXPECT_NE(mkdtemp(dir_.data()), nullptr);
    HttpClientOptions options;
    options.allow_private_addresses = true;
    client_ = *CurlHttpClient::Start(options);
    PartitionHealth well;
    well.caught_up = well.leads = well.armed = true;
    health_.partitions = {well};
    Restart();
  }
  ~PagerGuardTest() override {
    guard_.reset();
    client_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Restart() {
    PagerGuard::Options options;
    options.heartbeat.url = Secret(server_.Url("/beat/s3cr3t"));
    options.break_glass.route = "operators";
    DeliveryRoute route;
    route.name = "operators";
    route.provider = DeliveryRoute::Provider::kVictorOps;
    route.url = Secret(server_.Url("/alert/s3cr3t"));
    options.routes = {route};
    options.log_name = "support";
    options.partitions = {Partition{0}};
    options.state_dir = dir_;
    PagerGuard::World world;
    world.client = client_.get();
    world.now = [this] {
      const std::lock_guard lock(mutex_);
      return now_ = now_ + step_;
    };
    world.chance = [](uint64_t) { return uint64_t{0}; };
    world.health = [this] {
      const std::lock_guard lock(mutex_);
      health_.partitions[0].looked = now_;
      return health_;
    };
    guard_ = std::make_unique<PagerGuard>(std::move(options), std::move(world));
    guard_->Start();
  }

  void Serve(Peer& peer) {
    const std::string request = peer.ReadRequest();
    const std::lock_guard lock(mutex_);
    const bool refuses = refusals_ > 0;
    if (refuses) --refusals_;
    peer.Send(refuses ? "HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                      : kTaken);
    heard_.push_back(request);
    changed_.notify_all();
  }
  // Waits for a request that holds both; it is forgotten then.
  std::string Hear(const std::string& a, const std::string& b = "") {
    std::unique_lock lock(mutex_);
    std::string found;
    changed_.wait(lock, [&] {
      for (auto at = heard_.begin(); at != heard_.end(); ++at) {
        if (at->find(a) == std::string::npos || at->find(b) == std::string::npos) continue;
        found = *at;
        heard_.erase(at);
        return true;
      }
      return false;
    });
    return found;
  }
  void Trouble(const std::string& trouble) {
    const std::lock_guard lock(mutex_);
    health_.partitions[0].trouble = trouble;
  }
  void After(Duration wait) {
    {
      const std::lock_guard lock(mutex_);
      now_ = now_ + wait;
    }
    guard_->WatchOnce();
  }
  bool Marked() const { return std::filesystem::exists(dir_ + "/break-glass-0"); }

  std::string dir_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Instant now_{1'773'230'400'000};
  Duration step_;  // With each look at the clock.
  PagerHealth health_;
  int refusals_ = 0;
  std::vector<std::string> heard_;
  ScriptedServer server_;
  std::unique_ptr<CurlHttpClient> client_;
  std::unique_ptr<PagerGuard> guard_;
};

TEST_F(PagerGuardTest, the_heartbeat_is_a_get_of_its_address) {
  Hear("GET /beat/s3cr3t HTTP/1.1");
  // One at a time: the first has been answered.
  while (guard_->Metrics().find("escalationd_heartbeats_total 1\n") == std::string::npos) {
    std::this_thread::yield();
  }
  After(Duration::Minutes(1));
  Hear("GET /beat/s3cr3t HTTP/1.1");
}

TEST_F(PagerGuardTest, the_operators_are_paged_past_the_log_and_told_when_it_works_again) {
  Hear("GET /beat");
  Trouble("brokers away");
  After(Duration::Seconds(1));
  After(Duration::Minutes(1));
  const std::string page = Hear("POST /alert/s3cr3t", "CRITICAL");
  EXPECT_NE(page.find("\"entity_id\":\"escalationd//break-glass/support/0\""), std::string::npos)
      << page;
  EXPECT_NE(page.find("brokers away"), std::string::npos) << page;
  EXPECT_TRUE(Marked());
  EXPECT_NE(guard_->Metrics().find("escalationd_break_glass_open 1\n"), std::string::npos);
  EXPECT_NE(guard_->Metrics().find("escalationd_pager_healthy 0\n"), std::string::npos);
  Trouble("");
  After(Duration::Seconds(1));
  const std::string close = Hear("POST /alert/s3cr3t", "RECOVERY");
  EXPECT_NE(close.find("\"entity_id\":\"escalationd//break-glass/support/0\""), std::string::npos)
      << close;
}

// It does not know what its predecessor said, but where it stands.
TEST_F(PagerGuardTest, the_next_process_closes_what_this_one_opened) {
  guard_->Fatal("the disk is full", Duration::Minutes(1));
  Hear("CRITICAL", "the disk is full");
  EXPECT_TRUE(Marked());
  Restart();
  Hear("RECOVERY", "escalationd//break-glass/support/0");
}

TEST_F(PagerGuardTest, the_last_words_of_a_process_are_tried_again_until_they_are_heard) {
  Hear("GET /beat");
  {
    const std::lock_guard lock(mutex_);
    refusals_ = 2;
    step_ = Duration::Seconds(1);
  }
  guard_->Fatal("the disk is full", Duration::Minutes(1));
  for (int i = 0; i < 3; ++i) Hear("CRITICAL", "the disk is full");
}

}  // namespace
}  // namespace escalation
