// What POST /v1/policy refuses before anything is written.
#include "daemon/service.h"

#include <gtest/gtest.h>

#include <string>

#include "escalation/v1/api.pb.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"

namespace escalation {
namespace {

HttpResponse Publish(const v1::Policy& policy) {
  const MemoryStore store;
  Service::World world;
  world.states["default"] = &store;
  world.now = [] { return Instant::Seconds(1'773'133'200); };
  Service service(std::move(world));
  v1::PublishPolicyRequest publish;
  *publish.mutable_policy() = policy;
  HttpRequest request;
  request.method = "POST";
  request.path = "/v1/policy";
  request.headers.emplace_back("content-type", "application/x-protobuf");
  request.body = publish.SerializeAsString();
  HttpResponse got;
  service.Handle(std::move(request), [&got](HttpResponse response) { got = std::move(response); });
  return got;
}

v1::Policy Good() {
  const auto loaded =
      LoadPolicyText("p.yaml", "policy: p\nrevision: 1\nseverities: [low]\nplans: {gold: {}}\n");
  EXPECT_TRUE(loaded.ok()) << loaded.status().message();
  return loaded->policy;
}

TEST(Service, a_policy_whose_pattern_is_none_is_refused) {
  v1::Policy policy = Good();
  policy.mutable_redaction()->add_patterns("C-[0-9]+");
  policy.mutable_redaction()->add_patterns("a(");
  const HttpResponse response = Publish(policy);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("redact.patterns[1]"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("is not a pattern"), std::string::npos) << response.body;
}

TEST(Service, a_policy_that_makes_no_sense_is_refused) {
  v1::Policy policy = Good();
  policy.clear_plans();
  const HttpResponse response = Publish(policy);
  EXPECT_EQ(response.status, 400);
  EXPECT_NE(response.body.find("at least one plan"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace escalation
