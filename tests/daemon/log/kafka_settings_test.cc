#include "daemon/log/kafka_settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "daemon/log/kafka_client.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

KafkaSettings Settings(std::string brokers, Plaintext plaintext,
                       std::map<std::string, std::string> properties = {}) {
  KafkaSettings out;
  out.brokers = std::move(brokers);
  out.plaintext = plaintext;
  for (auto& [name, value] : properties) out.properties.emplace(name, Secret(value));
  return out;
}

TEST(KafkaSettingsTest, what_is_wrong_is_named_with_its_value_and_the_expectation) {
  const auto allowed = Plaintext::kAllowed;
  const auto refused = Plaintext::kRefused;
  const struct {
    int line;
    KafkaSettings settings;
    // Empty: nothing is wrong.
    std::string message;
  } rows[] = {
      {__LINE__, Settings("a:9092", allowed), ""},
      {__LINE__, Settings("a:9092, b:9093,[::1]:9092,c", allowed), ""},
      {__LINE__, Settings("a:9093", refused, {{"security.protocol", "SSL"}}), ""},
      {__LINE__, Settings("a:9093", refused, {{"security.protocol", "sasl_ssl"}}), ""},
      {__LINE__, Settings("", allowed), "\"\" names no brokers"},
      {__LINE__, Settings("a:", allowed), "names no brokers"},
      {__LINE__, Settings("a:70000", allowed), "names no brokers"},
      {__LINE__, Settings("a:1,,b:1", allowed), "names no brokers"},
      {__LINE__, Settings("PLAINTEXT://a:1", allowed), "names no brokers"},
      {__LINE__, Settings("user:word@a:1", allowed), "names no brokers"},
      {__LINE__, Settings("a:9092", refused), "would be spoken to in plain text"},
      {__LINE__, Settings("a:9092", refused, {{"security.protocol", "sasl_plaintext"}}),
       "security.protocol is sasl_plaintext"},
      {__LINE__, Settings("a:9092", allowed, {{"security.protocol", "tls"}}),
       "security.protocol is \"tls\", expected ssl"},
      {__LINE__, Settings("a:9092", allowed, {{"acks", "1"}}), "\"acks\" cannot be set"},
      {__LINE__, Settings("a:9092", allowed, {{"enable.idempotence", "false"}}), "cannot be set"},
      {__LINE__, Settings("a:9092", allowed, {{"group.id", "x"}}), "cannot be set"},
      {__LINE__, Settings("a:9092", allowed, {{"ssl.engine.location", "x.so"}}), "cannot be set"},
  };
  for (const auto& row : rows) {
    const absl::Status status = CheckKafkaSettings("config.yaml:3:5", row.settings);
    EXPECT_EQ(status.ok(), row.message.empty()) << "line " << row.line << ": " << status;
    if (row.message.empty()) continue;
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << "line " << row.line;
    EXPECT_NE(status.message().find(row.message), std::string::npos)
        << "line " << row.line << ": " << status;
    EXPECT_EQ(status.message().find("config.yaml:3:5: "), 0u) << "line " << row.line;
  }
}

TEST(KafkaSettingsTest, a_file_has_one_setting_a_line) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "good")
      << "# to the cluster\nbrokers = a:9093\n\nsecurity.protocol=sasl_ssl\r\n"
         "sasl.password=k=v w\nallow_plaintext=false\n";
  const auto settings = ReadKafkaSettings(dir / "good");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->brokers, "a:9093");
  EXPECT_EQ(settings->properties.at("security.protocol").Reveal(), "sasl_ssl");
  EXPECT_EQ(settings->properties.at("sasl.password").Reveal(), "k=v w");
  EXPECT_TRUE(absl::IsNotFound(ReadKafkaSettings(dir / "none").status()));
  const struct {
    const char* text;
    const char* message;
  } rows[] = {{"# one\nbrokers", ":2: no \"=\" in the line"},
              {"acks=1", ":1: \"acks\" cannot be set"},
              {"allow_plaintext=yes", ":1: allow_plaintext is \"yes\", expected true or false"},
              {"client.rack=a\nclient.rack=b", ":2: \"client.rack\" is set twice"}};
  for (const auto& row : rows) {
    std::ofstream(dir / "bad") << row.text;
    const absl::Status status = ReadKafkaSettings(dir / "bad").status();
    EXPECT_NE(status.message().find(row.message), std::string::npos) << status;
  }
}

TEST(KafkaSettingsTest, secrets_are_never_told) {
  const KafkaSettings settings = Settings("a:9093", Plaintext::kRefused,
                                          {{"security.protocol", "sasl_ssl"},
                                           {"sasl.mechanism", "PLAIN"},
                                           {"sasl.username", "daemon"},
                                           {"sasl.password", "hunter22"},
                                           {"ssl.key.pem", "-----BEGIN hunter33"}});
  EXPECT_EQ(WithoutSecrets(settings, "login hunter22 of daemon hunter22 with -----BEGIN hunter33"),
            "login [redacted] of daemon [redacted] with [redacted]");
  // librdkafka quotes the value that it cannot use.
  std::string logged;
  KafkaSettings told = settings;
  told.on_log = [&](const KafkaLogLine& line) { logged += line.text; };
  const auto handle = KafkaHandle::Open(KafkaRole::kConsumer, told, {.client_id = "test"});
  EXPECT_TRUE(absl::IsInvalidArgument(handle.status()) || handle.ok()) << handle.status();
  EXPECT_EQ(handle.status().message().find("hunter"), std::string::npos) << handle.status();
  EXPECT_EQ(logged.find("hunter"), std::string::npos) << logged;
}

TEST(KafkaSettingsTest, a_value_that_librdkafka_refuses_is_told_when_a_client_opens) {
  const auto handle = KafkaHandle::Open(
      KafkaRole::kConsumer, Settings("a:1", Plaintext::kAllowed, {{"socket.timeout.ms", "soon"}}),
      {.client_id = "test"});
  EXPECT_TRUE(absl::IsInvalidArgument(handle.status()));
  EXPECT_NE(handle.status().message().find("socket.timeout.ms"), std::string::npos)
      << handle.status();
}

}  // namespace
}  // namespace escalation
