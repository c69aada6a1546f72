// Calls that are records, with producers that do what a test says.
#include "daemon/deliver/record_client.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "state/base/text.h"
#include "tests/daemon/deliver/pages.h"

namespace escalation {
namespace {

// Of all producers that were opened, in their order.
struct World {
  struct Produced {
    std::string brokers;
    KafkaRecord record;
    KafkaProducer::Done done;
  };
  std::vector<Produced> produced;
  std::vector<KafkaProducerOptions> opened;
  std::vector<std::string> stopped;
  absl::Status refusal;
  absl::Status health;
};

class FakeProducer : public KafkaProducer {
 public:
  FakeProducer(World* world, std::string brokers) : world_(*world), brokers_(std::move(brokers)) {}
  void ProduceTogether(std::vector<ToProduce> records) override {
    for (ToProduce& together : records) {
      world_.produced.push_back({brokers_, std::move(together.record), std::move(together.done)});
    }
  }
  absl::Status Flush(absl::Duration) override { return absl::OkStatus(); }
  void Stop(absl::Duration) override { world_.stopped.push_back(brokers_); }
  absl::Status Health() const override { return world_.health; }
  int64_t restarts() const override { return 0; }

 private:
  World& world_;
  const std::string brokers_;
};

class RecordClientTest : public testing::Test {
 protected:
  static DeliveryRoute Route(const std::string& name, const std::string& brokers,
                             Duration timeout = Duration::Seconds(10)) {
    DeliveryRoute route = RouteNamed(name);
    route.provider = DeliveryRoute::Provider::kKafka;
    KafkaSettings settings;
    settings.brokers = brokers;
    route.topic = {std::make_shared<KafkaSettings>(settings), "pages"};
    route.timeout = timeout;
    return route;
  }
  RecordClient Client() {
    return RecordClient([this](const KafkaSettings& settings, const KafkaProducerOptions& options)
                            -> absl::StatusOr<std::unique_ptr<KafkaProducer>> {
      if (!world_.refusal.ok()) return world_.refusal;
      world_.opened.push_back(options);
      return std::make_unique<FakeProducer>(&world_, settings.brokers);
    });
  }
  void Send(RecordClient& client, const DeliveryRoute& route) {
    HttpCall call;
    call.record = RecordEnvelope{route.topic.cluster, route.topic.topic, "k"};
    call.headers = {{"id", "inc/0/1/0"}};
    call.body = "{}";
    call.timeout = route.timeout;
    client.Send(std::move(call), [this](HttpReply reply) { replies_.push_back(std::move(reply)); });
  }

  World world_;
  std::vector<HttpReply> replies_;
};

TEST_F(RecordClientTest, a_record_has_the_call_s_key_headers_and_body) {
  RecordClient client = Client();
  const DeliveryRoute route = Route("r", "a:9092", Duration::Seconds(7));
  ASSERT_TRUE(client.SetRoutes({route, Route("s", "a:9092", Duration::Seconds(7))}).ok());
  ASSERT_EQ(world_.opened.size(), 1u);
  EXPECT_EQ(world_.opened[0].record_timeout, absl::Seconds(7));
  EXPECT_EQ(world_.opened[0].records_per_request_max, 1);
  Send(client, route);
  ASSERT_EQ(world_.produced.size(), 1u);
  const KafkaRecord& record = world_.produced[0].record;
  EXPECT_EQ(record.topic, "pages");
  EXPECT_EQ(record.partition, -1);
  EXPECT_EQ(record.key, "k");
  EXPECT_EQ(record.value, "{}");
  EXPECT_EQ(record.headers, (std::vector<KafkaHeader>{{"id", "inc/0/1/0"}}));
  EXPECT_TRUE(replies_.empty());
  world_.produced[0].done(KafkaDelivery{});
  ASSERT_EQ(replies_.size(), 1u);
  EXPECT_EQ(replies_[0].kind, HttpReply::Kind::kResponse);
  EXPECT_EQ(replies_[0].status, 200);
}

TEST_F(RecordClientTest, every_fate_of_a_record_has_one_meaning) {
  using Kind = HttpReply::Kind;
  const struct {
    int line;
    absl::StatusCode fate;
    Kind kind;
  } rows[] = {
      {__LINE__, absl::StatusCode::kInvalidArgument, Kind::kRefused},
      {__LINE__, absl::StatusCode::kNotFound, Kind::kRefused},
      {__LINE__, absl::StatusCode::kPermissionDenied, Kind::kRefused},
      {__LINE__, absl::StatusCode::kResourceExhausted, Kind::kUnreachable},
      {__LINE__, absl::StatusCode::kFailedPrecondition, Kind::kStopped},
      {__LINE__, absl::StatusCode::kUnavailable, Kind::kTimeout},
      {__LINE__, absl::StatusCode::kUnauthenticated, Kind::kTimeout},
      {__LINE__, absl::StatusCode::kDataLoss, Kind::kTimeout},
      {__LINE__, absl::StatusCode::kAborted, Kind::kTimeout},
  };
  RecordClient client = Client();
  const DeliveryRoute route = Route("r", "a:9092");
  ASSERT_TRUE(client.SetRoutes({route}).ok());
  for (const auto& row : rows) {
    Send(client, route);
    world_.produced.back().done(absl::Status(row.fate, "as it is"));
    EXPECT_EQ(replies_.back().kind, row.kind) << "line " << row.line;
    EXPECT_EQ(replies_.back().error, "as it is") << "line " << row.line;
  }
}

TEST_F(RecordClientTest, what_hinders_a_record_is_said_with_its_time_out) {
  RecordClient client = Client();
  const DeliveryRoute route = Route("r", "a:9092");
  ASSERT_TRUE(client.SetRoutes({route}).ok());
  Send(client, route);
  world_.health = absl::UnavailableError("connection refused");
  world_.produced.back().done(absl::UnavailableError("timed out"));
  EXPECT_EQ(replies_.back().error, "timed out: connection refused");
  Send(client, route);
  world_.produced.back().done(absl::NotFoundError("no topic"));
  EXPECT_EQ(replies_.back().error, "no topic");
}

TEST_F(RecordClientTest, a_reload_keeps_the_producers_that_are_still_named) {
  RecordClient client = Client();
  const DeliveryRoute kept = Route("kept", "a:9092");
  const DeliveryRoute gone = Route("gone", "b:9092");
  ASSERT_TRUE(client.SetRoutes({kept, gone}).ok());
  ASSERT_TRUE(client.SetRoutes({Route("renamed", "a:9092"), Route("new", "c:9092")}).ok());
  EXPECT_EQ(world_.opened.size(), 3u);
  EXPECT_EQ(world_.stopped, std::vector<std::string>{"b:9092"});
  Send(client, kept);
  EXPECT_EQ(world_.produced.size(), 1u);
  Send(client, gone);
  EXPECT_EQ(world_.produced.size(), 1u);
  EXPECT_EQ(replies_.back().kind, HttpReply::Kind::kUnreachable);
  EXPECT_EQ(replies_.back().error, "no route names kafka://b:9092 any more");
}

TEST_F(RecordClientTest, settings_that_cannot_be_used_change_nothing) {
  RecordClient client = Client();
  const DeliveryRoute route = Route("r", "a:9092");
  ASSERT_TRUE(client.SetRoutes({route}).ok());
  world_.refusal = absl::InvalidArgumentError("kafka://b:9092: ssl.ca.location: no such file");
  EXPECT_EQ(client.SetRoutes({Route("s", "b:9092")}),
            absl::InvalidArgumentError("route s: kafka://b:9092: ssl.ca.location: no such file"));
  Send(client, route);
  EXPECT_EQ(world_.produced.size(), 1u);
  EXPECT_TRUE(world_.stopped.empty());
}

TEST_F(RecordClientTest, a_route_in_shadow_mode_needs_no_broker) {
  RecordClient client = Client();
  DeliveryRoute route = Route("r", "a:9092");
  route.shadow = true;
  world_.refusal = absl::UnavailableError("asked");
  EXPECT_TRUE(client.SetRoutes({route, RouteNamed("webhook")}).ok());
}

}  // namespace
}  // namespace escalation
