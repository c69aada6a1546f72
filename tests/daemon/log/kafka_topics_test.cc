#include "daemon/log/kafka_topics.h"

#include <gtest/gtest.h>

#include "escalation/v1/event.pb.h"

namespace escalation {
namespace {

using Kind = KafkaFinding::Kind;

TEST(KafkaTopicsTest, the_topics_of_a_log_are_named_after_it) {
  EXPECT_EQ(TopicsOf("escalation.log").decisions, "escalation.decisions");
  EXPECT_EQ(TopicsOf("escalation.log").dead_letters, "escalation.dead-letters");
  EXPECT_EQ(TopicsOf("sla").decisions, "sla.decisions");
  EXPECT_EQ(TopicsOf(".log").log, ".log");
  EXPECT_EQ(TopicsOf(".log").decisions, ".log.decisions");
}

TEST(KafkaTopicsTest, settings_that_lose_records_are_refused_and_risky_ones_are_told) {
  const std::map<std::string, std::string> good = {{"cleanup.policy", "delete"},
                                                   {"message.timestamp.type", "LogAppendTime"},
                                                   {"retention.ms", "-1"},
                                                   {"retention.bytes", "-1"},
                                                   {"max.message.bytes", "17825792"},
                                                   {"unclean.leader.election.enable", "false"}};
  const struct {
    int line;
    KafkaTopicRole role;
    const char* name;
    const char* value;
    Kind kind;
  } rows[] = {
      {__LINE__, KafkaTopicRole::kLog, "cleanup.policy", "compact", Kind::kRefused},
      {__LINE__, KafkaTopicRole::kDecisions, "cleanup.policy", "compact,delete", Kind::kRefused},
      {__LINE__, KafkaTopicRole::kLog, "message.timestamp.type", "CreateTime", Kind::kRefused},
      {__LINE__, KafkaTopicRole::kDecisions, "message.timestamp.type", "CreateTime", Kind::kOk},
      {__LINE__, KafkaTopicRole::kLog, "retention.ms", "604800000", Kind::kWarning},
      {__LINE__, KafkaTopicRole::kLog, "retention.ms", "0", Kind::kWarning},
      {__LINE__, KafkaTopicRole::kDeadLetters, "retention.bytes", "1000", Kind::kWarning},
      {__LINE__, KafkaTopicRole::kLog, "max.message.bytes", "1048588", Kind::kWarning},
      {__LINE__, KafkaTopicRole::kLog, "unclean.leader.election.enable", "true", Kind::kWarning},
      {__LINE__, KafkaTopicRole::kLog, "retention.ms", "-1", Kind::kOk},
  };
  for (const auto& row : rows) {
    auto settings = good;
    settings[row.name] = row.value;
    const auto findings = JudgeTopic(row.role, "topic", settings);
    ASSERT_EQ(findings.size(), row.kind == Kind::kOk ? 0u : 1u) << "line " << row.line;
    if (row.kind == Kind::kOk) continue;
    EXPECT_EQ(findings[0].kind, row.kind) << "line " << row.line;
    EXPECT_EQ(findings[0].text.find(std::string("topic: ") + row.name + " is " + row.value), 0u)
        << findings[0].text;
  }
  EXPECT_EQ(JudgeTopic(KafkaTopicRole::kLog, "topic",
                       {{"retention.ms", "5"}, {"cleanup.policy", "compact"}})[0]
                .kind,
            Kind::kRefused);
}

TEST(KafkaTopicsTest, the_key_is_the_tenant_whatever_the_bytes_are) {
  v1::Event event;
  event.set_id("e-1");
  EXPECT_EQ(TenantOfEvent(event.SerializeAsString()), "");
  event.set_tenant("acme");
  EXPECT_EQ(TenantOfEvent(event.SerializeAsString()), "acme");
  EXPECT_EQ(TenantOfEvent(""), "");
  EXPECT_EQ(TenantOfEvent("\x0a"), "");
  EXPECT_EQ(TenantOfEvent("\x0a\x05xy"), "");
  EXPECT_EQ(TenantOfEvent("\x0a\xff\xff"), "");
}

}  // namespace
}  // namespace escalation
