#include "daemon/config_routes.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "state/base/text.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

// A folder with secrets, in which single routes are walked.
class ConfigRoutes : public testing::Test {
 protected:
  ConfigRoutes() {
    std::string pattern = testing::TempDir() + "routes_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::ofstream(folder_ + "/key") << "0123456789abcdef\n";
    std::ofstream(folder_ + "/old") << "old-secret\n";
    std::ofstream(folder_ + "/empty");
    for (const char* name : {"/key", "/old", "/empty"}) {
      fs::permissions(folder_ + name, fs::perms::owner_read | fs::perms::owner_write);
    }
  }
  ~ConfigRoutes() override { fs::remove_all(folder_); }

  // The route "r" with these settings; the problems go to messages_.
  DeliveryRoute Walked(const std::string& settings) {
    const std::string path = folder_ + "/config.yaml";
    std::ofstream(path) << "r: {" << settings << "}\n";
    Problems problems(path);
    Positions positions;
    const std::optional<YamlNode> root = ReadYamlFile(path, &problems);
    DeliveryRoute route;
    if (root) WalkRoute(root->entries.at(0), {&problems, &positions}, folder_, log_, &route);
    messages_ = problems.empty() ? "" : std::string(problems.ToStatus().message());
    for (size_t at; (at = messages_.find(folder_ + "/")) != std::string::npos;) {
      messages_.erase(at, folder_.size() + 1);
    }
    return route;
  }
  std::string MessageOf(const std::string& settings) {
    Walked(settings);
    return messages_;
  }

  std::string folder_;
  LogConfig log_;
  std::string messages_;
};

TEST_F(ConfigRoutes, every_provider_has_its_keys_and_defaults) {
  DeliveryRoute route = Walked("kind: pagerduty, key_file: key, severity: error");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.url.Reveal(), "https://events.pagerduty.com/v2/enqueue");
  EXPECT_EQ(route.key.Reveal(), "0123456789abcdef");
  EXPECT_EQ(route.urgency, "error");

  route = Walked("kind: slack, url: \"https://hooks.slack.com/services/a/b/c\", buttons: true");
  EXPECT_EQ(messages_, "");
  EXPECT_TRUE(route.buttons);
  EXPECT_EQ(route.per_minute_max, 60);
  route = Walked("kind: slack, token_file: key, channel: C0123");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.url.Reveal(), "https://slack.com/api/chat.postMessage");
  EXPECT_EQ(route.channel, "C0123");

  route = Walked(
      "kind: jsm, key_file: key, endpoint: \"https://api.opsgenie.com/v2/alerts\", "
      "priority: P2");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.url.Reveal(), "https://api.opsgenie.com/v2/alerts");
  EXPECT_EQ(route.urgency, "P2");

  route = Walked(
      "kind: email, server: \"smtp://mail.example.com:587\", user: pager, "
      "password_file: key, from: a@example.com, to: [b@example.com, c@example.com]");
  EXPECT_EQ(messages_, "");
  EXPECT_TRUE(route.mail.encrypted);
  EXPECT_EQ(route.mail.to.size(), 2u);
  EXPECT_EQ(route.key.Reveal(), "0123456789abcdef");

  route = Walked(
      "kind: alertmanager, url: \"http://alertmanager:9093/\", token_file: key, "
      "labels: {team: support}");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.url.Reveal(), "http://alertmanager:9093/api/v2/alerts");
  ASSERT_EQ(route.headers.size(), 1u);
  EXPECT_EQ(route.headers[0].second.Reveal(), "Bearer 0123456789abcdef");

  route = Walked("kind: webhook, url: \"https://h/\", secret_files: [key, old]");
  EXPECT_EQ(messages_, "");
  ASSERT_EQ(route.signing_secrets.size(), 2u);
  EXPECT_EQ(route.signing_secrets[1].Reveal(), "old-secret");

  route = Walked("kind: victorops, url: \"https://h/k/r\", message_type: WARNING");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.urgency, "WARNING");
}

TEST_F(ConfigRoutes, a_topic_is_on_the_log_s_cluster_unless_another_is_named) {
  DeliveryRoute route = Walked("kind: kafka, topic: pages, brokers: \"k:9092\"");
  EXPECT_EQ(messages_.find("config.yaml:1:41: route \"r\": kafka: security.protocol is plaintext"),
            0u)
      << messages_;
  route = Walked("kind: kafka, topic: pages, brokers: \"k:9092\", allow_plaintext: true");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.topic.topic, "pages");
  EXPECT_EQ(route.topic.cluster->brokers, "k:9092");
  EXPECT_EQ(route.per_minute_max, 0);
  Walked("kind: kafka, topic: pages");
  EXPECT_EQ(messages_, "config.yaml:1:4: route \"r\": \"brokers\" is missing");

  log_.kind = LogConfig::Kind::kKafka;
  log_.kafka.brokers = "a:9092";
  log_.kafka.properties["security.protocol"] = Secret("ssl");
  log_.decisions = "escalation.decisions";
  route = Walked("kind: kafka, topic: pages");
  EXPECT_EQ(messages_, "");
  EXPECT_TRUE(SameConnection(*route.topic.cluster, log_.kafka));
  route = Walked(
      "kind: kafka, topic: pages, brokers: \"k:9092\", "
      "settings: {security.protocol: ssl, ssl.key.password: canary-one}");
  EXPECT_EQ(messages_, "");
  EXPECT_EQ(route.topic.cluster->brokers, "k:9092");
  EXPECT_EQ(MessageOf("kind: kafka, topic: escalation.decisions"),
            "config.yaml:1:25: route \"r\": \"topic\": \"escalation.decisions\" is a topic that "
            "escalationd itself writes");
}

TEST_F(ConfigRoutes, what_a_provider_would_not_take_is_said) {
  const struct {
    int line;
    std::string settings;
    std::string part;
  } rows[] = {
      {__LINE__, "kind: pagerduty", "config.yaml:1:4: route \"r\": \"key_file\" is missing"},
      {__LINE__, "kind: pagerduty, key_file: key, severity: high",
       "\"severity\" has no such word: \"high\"\n  hint: one of critical, error, warning, info"},
      {__LINE__, "kind: pagerduty, key_file: key, endpoint: \"ftp://h\"",
       "the address is not an http or https URL"},
      {__LINE__, "kind: victorops, url: \"https://h/k/r\", message_type: ALERT",
       "\"message_type\" has no such word: \"ALERT\""},
      {__LINE__, "kind: slack", "expected either \"url_file\" or \"token_file\""},
      {__LINE__, "kind: slack, token_file: key", "\"channel\" is missing"},
      {__LINE__, "kind: slack, url: \"https://h/\", channel: C1",
       "\"channel\" and \"endpoint\" go with a token"},
      {__LINE__, "kind: jsm, key_file: key, priority: P9", "\"priority\" has no such word: \"P9\""},
      {__LINE__, "kind: email, server: \"https://h\", from: a@h, to: b@h",
       "\"server\" must be a mail server's address, got \"https://h\""},
      {__LINE__, "kind: email, server: \"smtp://h\", from: \"a@h\\r\\nBcc: x@h\", to: b@h",
       "\"from\" must be an e-mail address"},
      {__LINE__, "kind: email, server: \"smtp://h\", from: a@h, to: [b@h, nobody]",
       "\"to\" must be e-mail addresses, got \"nobody\""},
      {__LINE__, "kind: email, server: \"smtp://h\", from: a@h, to: b@h, user: u",
       "\"user\" and \"password_file\" go together"},
      {__LINE__,
       "kind: email, server: \"smtp://h\", from: a@h, to: b@h, user: u, password_file: key, "
       "plaintext: true",
       "\"plaintext\" would send the password for everybody to read"},
      {__LINE__, "kind: alertmanager, url: \"http://a\", labels: {tenant: x}",
       "\"labels\" has a label \"tenant\" that escalationd gives"},
      {__LINE__, "kind: alertmanager, url: \"http://a\", labels: {\"a-b\": x}",
       "\"labels\" has a label \"a-b\" that is malformed"},
      {__LINE__, "kind: kafka, brokers: \"k:9093\", settings: {security.protocol: ssl}",
       "\"topic\" is missing"},
      {__LINE__,
       "kind: kafka, topic: \"a/b\", brokers: \"k:9093\", settings: {security.protocol: ssl}",
       "\"topic\" must be 1 to 249 characters of A-Z a-z 0-9 . _ -, got \"a/b\""},
      {__LINE__,
       "kind: kafka, topic: t, brokers: k, settings: {acks: \"0\"}, allow_plaintext: true",
       "\"settings\": \"acks\" cannot be set"},
      {__LINE__, "kind: kafka, topic: t, brokers: k, allow_plaintext: true, url: \"https://h\"",
       "\"url\""},
      {__LINE__, "kind: webhook, url: \"https://h/\", secret_files: [key, empty]",
       "\"secret_files\": empty: the file is empty"},
      {__LINE__, "kind: webhook, url: \"https://h/\", secret_files: [none]",
       "\"secret_files\": none: no such file"},
  };
  for (const auto& row : rows) {
    const std::string message = MessageOf(row.settings);
    EXPECT_NE(message.find(row.part), std::string::npos) << "line " << row.line << ": " << message;
    EXPECT_EQ(message.find("0123456789abcdef"), std::string::npos) << "line " << row.line;
  }
}

}  // namespace
}  // namespace escalation
