// The log of the daemon's config: embedded, or on Kafka.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/config.h"
#include "state/base/text.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

constexpr char kRest[] = R"(
tenants: [{name: default, policy: small.yaml}]
routes: {pager: {kind: webhook, url: "http://127.0.0.1:9/hook"}}
)";
constexpr char kPolicy[] = R"(policy: small
tenant: default
revision: 3
severities: [low, high]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
escalations: {night: {steps: [{page: [pager]}]}}
routes: {pager: {}}
)";

class ConfigLogTest : public testing::Test {
 protected:
  ConfigLogTest() {
    std::string pattern = testing::TempDir() + "config_log_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("small.yaml", kPolicy);
  }
  ~ConfigLogTest() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) const {
    std::ofstream(Cat(folder_, "/", name), std::ios::binary) << text;
    fs::permissions(Cat(folder_, "/", name), fs::perms::owner_read | fs::perms::owner_write);
  }
  absl::StatusOr<Config> Load(const std::string& log) const {
    Write("c.yaml", Cat("log: {", log, "}", kRest));
    return LoadConfig(Cat(folder_, "/c.yaml"));
  }
  std::string MessageOf(const std::string& log) const {
    const absl::StatusOr<Config> config = Load(log);
    if (config.ok()) return "loads";
    std::string message(config.status().message());
    for (size_t at; (at = message.find(folder_ + "/")) != std::string::npos;) {
      message.erase(at, folder_.size() + 1);
    }
    return message;
  }

  std::string folder_;
};

TEST_F(ConfigLogTest, kafka_needs_no_more_than_brokers_and_a_word_about_plain_text) {
  const auto config = Load("kind: kafka, brokers: \"a:9092,b\", allow_plaintext: true");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log.kind, LogConfig::Kind::kKafka);
  EXPECT_EQ(config->log.kafka.brokers, "a:9092,b");
  EXPECT_EQ(config->log.kafka.plaintext, Plaintext::kAllowed);
  EXPECT_EQ(config->log.topic, "escalation.log");
  EXPECT_EQ(config->log.decisions, "escalation.decisions");
  EXPECT_EQ(config->log.dead_letters, "escalation.dead-letters");
  EXPECT_EQ(config->log.group, "escalation.log.owners");
  EXPECT_EQ(config->log.session_timeout, Duration::Seconds(6));
}

TEST_F(ConfigLogTest, everything_can_be_named) {
  const auto config = Load(
      "kind: kafka, brokers: a, topic: eu.log, decisions: eu.d, dead_letters: eu.x, group: eu, "
      "session_timeout: 10s, settings: {security.protocol: ssl, ssl.ca.location: /etc/ca}");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log.topic, "eu.log");
  EXPECT_EQ(config->log.decisions, "eu.d");
  EXPECT_EQ(config->log.dead_letters, "eu.x");
  EXPECT_EQ(config->log.group, "eu");
  EXPECT_EQ(config->log.session_timeout, Duration::Seconds(10));
  EXPECT_EQ(config->log.kafka.plaintext, Plaintext::kRefused);
  EXPECT_EQ(config->log.kafka.properties.at("ssl.ca.location").Reveal(), "/etc/ca");
}

TEST_F(ConfigLogTest, secrets_come_from_a_file) {
  Write("kafka.properties", "# ours\nsecurity.protocol=SASL_SSL\nsasl.password=s3cr3t\n");
  const auto config = Load(
      "kind: kafka, brokers: a, settings: {sasl.username: us}, settings_file: kafka.properties");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log.kafka.properties.at("sasl.password").Reveal(), "s3cr3t");
  EXPECT_EQ(config->log.kafka.properties.at("sasl.username").Reveal(), "us");
  // Nobody else's to read; settings without a secret are anybody's.
  const std::string path = folder_ + "/kafka.properties";
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  EXPECT_NE(MessageOf("kind: kafka, brokers: a, settings_file: kafka.properties")
                .find("kafka.properties: others may read it, its mode is 0604"),
            std::string::npos);
  Write("kafka.properties", "security.protocol=SSL\n");
  fs::permissions(path, fs::perms::others_read, fs::perm_options::add);
  EXPECT_TRUE(Load("kind: kafka, brokers: a, settings_file: kafka.properties").ok());
}

TEST_F(ConfigLogTest, the_example_that_is_shipped_loads) {
  const auto config = LoadConfig(ESCALATION_SOURCE_DIR "/deploy/escalationd.kafka.example.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log.kind, LogConfig::Kind::kKafka);
}

TEST_F(ConfigLogTest, a_log_without_a_word_is_embedded) {
  const auto config = Load("dir: /x");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->log.kind, LogConfig::Kind::kEmbedded);
  EXPECT_EQ(config->log.dir, "/x");
}

TEST_F(ConfigLogTest, problems_say_place_value_and_expectation) {
  const struct {
    int line;
    const char* log;
    const char* message;
  } rows[] = {
      {__LINE__, "kind: kafka, allow_plaintext: true", "c.yaml:1:6: log: \"brokers\" is missing"},
      {__LINE__, "kind: kafka, brokers: \"a b\", allow_plaintext: true",
       "c.yaml:1:29: log: kafka: \"a b\" names no brokers, expected host:port,host:port"},
      {__LINE__, "kind: kafka, brokers: a, allow_plaintext: true, topic: \"a b\"",
       "c.yaml:1:62: log: \"topic\" must be 1 to 249 characters of A-Z a-z 0-9 . _ -, got "
       "\"a b\""},
      {__LINE__, "kind: kafka, brokers: a, allow_plaintext: true, settings: {acks: \"1\"}",
       "c.yaml:1:65: log: \"settings\": \"acks\" cannot be set\n  hint: security.protocol, sasl.*, "
       "ssl.*, socket.* and their like can; escalationd sets itself what its guarantees rest on"},
      {__LINE__, "kind: kafka, brokers: a, allow_plaintext: true, dir: /x",
       "c.yaml:1:60: log: \"dir\" is for kind: embedded"},
      {__LINE__, "kind: embedded, topic: x", "c.yaml:1:30: log: \"topic\" is for kind: kafka"},
      {__LINE__, "kind: kafka, brokers: a, allow_plaintext: true, session_timeout: 1ms",
       "c.yaml:1:72: log: \"session_timeout\" must be from 1s to 5m, got 1ms"},
  };
  for (const auto& row : rows) EXPECT_EQ(MessageOf(row.log), row.message) << "line " << row.line;
}

TEST_F(ConfigLogTest, a_secret_is_in_no_message) {
  Write("kafka.properties", "sasl.password=s3cr3t\nsasl.password=s3cr3t\n");
  const std::string message =
      MessageOf("kind: kafka, brokers: a, settings_file: kafka.properties, allow_plaintext: true");
  EXPECT_NE(message.find("kafka.properties:2: \"sasl.password\" is set twice"), std::string::npos)
      << message;
  EXPECT_EQ(message.find("s3cr3t"), std::string::npos) << message;
}

}  // namespace
}  // namespace escalation
