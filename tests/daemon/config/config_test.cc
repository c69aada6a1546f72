#include "daemon/config.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "daemon/secret.h"
#include "state/base/text.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

constexpr char kPolicy[] = R"(policy: small
tenant: default
revision: 3
severities: [low, high]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
escalations: {night: {steps: [{page: [victorops]}]}}
routes: {victorops: {fallback: ops_webhook}, ops_webhook: {}}
)";

constexpr char kRoutes[] = R"(routes:
  victorops: {kind: victorops, url: "https://alert.example.com/KEY/support"}
  ops_webhook: {kind: webhook, url: "http://127.0.0.1:9/hook"}
)";

constexpr char kTenants[] = "tenants: [{name: default, policy: small.yaml}]\n";

// A folder with a policy, in which configs are tried.
class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = testing::TempDir() + "config_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("small.yaml", kPolicy);
  }
  ~ConfigFile() override { fs::remove_all(folder_); }

  void Write(const std::string& name, std::string_view text) const {
    std::ofstream(Path(name), std::ios::binary) << text;
    fs::permissions(Path(name), fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string Path(const std::string& name) const { return Cat(folder_, "/", name); }

  absl::StatusOr<Config> Load(std::string_view text) const {
    Write("escalationd.yaml", text);
    return LoadConfig(Path("escalationd.yaml"));
  }
  // With the folder's path cut from the message.
  std::string MessageOf(std::string_view text) const {
    const absl::StatusOr<Config> config = Load(text);
    if (config.ok()) return "loads";
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
    std::string message(config.status().message());
    for (size_t at; (at = message.find(folder_ + "/")) != std::string::npos;) {
      message.erase(at, folder_.size() + 1);
    }
    return message;
  }
  // A config whose route "ops_webhook" has these settings.
  std::string WithWebhook(std::string_view settings) const {
    return Cat(kTenants,
               "routes:\n  victorops: {kind: victorops, url: \"https://alert.example.com/K/s\"}\n",
               "  ops_webhook: {kind: webhook, ", settings, "}\n");
  }
  std::string WithVictorOps(std::string_view settings) const {
    return Cat(kTenants, "routes:\n  ops_webhook: {kind: webhook, url: \"http://h/\"}\n",
               "  victorops: {kind: victorops, ", settings, "}\n");
  }

  std::string folder_;
};

TEST_F(ConfigFile, WhatIsNotSaidHasDefaults) {
  const absl::StatusOr<Config> config = Load(Cat(kTenants, kRoutes));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(IsId(config->instance, kNameBytesMax)) << config->instance;
  EXPECT_EQ(config->state_dir, "/var/lib/escalationd");
  EXPECT_EQ(config->log.kind, LogConfig::Kind::kEmbedded);
  EXPECT_EQ(config->log.dir, "/var/lib/escalationd/log");
  EXPECT_EQ(config->listen.host, "127.0.0.1");
  EXPECT_EQ(config->listen.port, 8320);
  EXPECT_EQ(config->logging.level, LogLevel::kInfo);
  EXPECT_EQ(config->logging.format, LogFormat::kAuto);
  EXPECT_EQ(config->settle, Duration::Seconds(2));
  EXPECT_EQ(config->delivery.allow_private_addresses, false);
  EXPECT_EQ(config->delivery.backoff_initial, Duration::Seconds(1));
  EXPECT_EQ(config->delivery.backoff_max, Duration::Minutes(5));
  EXPECT_EQ(config->delivery.give_up_after, Duration::Hours(1));
  EXPECT_EQ(config->tickets_max, 20'000);
  ASSERT_EQ(config->tenants.size(), 1u);
  EXPECT_EQ(config->tenants[0].partition.value, 0);
  EXPECT_EQ(config->tenants[0].policy.policy.name(), "small");
  EXPECT_EQ(config->FindRoute("victorops")->per_minute_max, 150);
  EXPECT_EQ(config->FindRoute("victorops")->timeout, Duration::Seconds(10));
  EXPECT_EQ(config->FindRoute("ops_webhook")->per_minute_max, 0);
  EXPECT_EQ(config->FindRoute("nobody"), nullptr);
  EXPECT_TRUE(config->notices.empty());
}

TEST_F(ConfigFile, EveryKeyIsRead) {
  fs::create_directory(Path("secrets"));
  Write("secrets/key", "abc-123\n");
  Write("secrets/sign", "whsec_x\r\n");
  Write("other.yaml",
        std::string(kPolicy).replace(std::string(kPolicy).find("default"), 7, "acme"));
  const absl::StatusOr<Config> config = Load(R"(instance: demo-1
state_dir: state
log: {kind: embedded, dir: /srv/log}
api: {listen: "[::1]:0"}
logging: {level: debug, format: json}
settle: 500ms
tenants:
  - {name: default, partition: 0, policy: small.yaml}
  - {name: acme, partition: 3, policy: other.yaml}
routes:
  victorops: {kind: victorops, key_file: secrets/key, routing_key: support, per_minute_max: 60, shadow: true}
  ops_webhook: {kind: webhook, url: "http://127.0.0.1:9/hook", secret_file: secrets/sign, headers: {X-A: b}, timeout: 5s}
  spare: {kind: victorops, endpoint: "http://127.0.0.1:1/alert", key: k}
delivery: {allow_private_addresses: true, backoff_initial: 10ms, backoff_max: 20ms, give_up_after: 1m}
cache: {tickets_max: 10}
)");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->instance, "demo-1");
  EXPECT_EQ(config->state_dir, Path("state"));
  EXPECT_EQ(config->log.dir, "/srv/log");
  EXPECT_EQ(config->listen.host, "::1");
  EXPECT_EQ(config->listen.port, 0);
  EXPECT_EQ(config->logging.level, LogLevel::kDebug);
  EXPECT_EQ(config->logging.format, LogFormat::kJson);
  EXPECT_EQ(config->settle, Duration{500});
  EXPECT_EQ(config->FindTenant("acme")->partition.value, 3);
  EXPECT_EQ(config->FindTenant("acme")->policy_path, Path("other.yaml"));
  const DeliveryRoute& victorops = *config->FindRoute("victorops");
  EXPECT_EQ(victorops.provider, DeliveryRoute::Provider::kVictorOps);
  EXPECT_EQ(victorops.url.Reveal(),
            "https://alert.victorops.com/integrations/generic/20131114/alert/abc-123/support");
  EXPECT_EQ(victorops.per_minute_max, 60);
  EXPECT_TRUE(victorops.shadow);
  const DeliveryRoute& webhook = *config->FindRoute("ops_webhook");
  EXPECT_EQ(webhook.url.Reveal(), "http://127.0.0.1:9/hook");
  ASSERT_EQ(webhook.signing_secrets.size(), 1u);
  EXPECT_EQ(webhook.signing_secrets[0].Reveal(), "whsec_x");
  ASSERT_EQ(webhook.headers.size(), 1u);
  EXPECT_EQ(webhook.headers[0].first, "X-A");
  EXPECT_EQ(webhook.headers[0].second.Reveal(), "b");
  EXPECT_EQ(webhook.timeout, Duration::Seconds(5));
  EXPECT_EQ(config->FindRoute("spare")->url.Reveal(), "http://127.0.0.1:1/alert/k");
  EXPECT_TRUE(config->delivery.allow_private_addresses);
  EXPECT_EQ(config->delivery.give_up_after, Duration::Minutes(1));
  EXPECT_EQ(config->tickets_max, 10);
  ASSERT_EQ(config->notices.size(), 1u);
  EXPECT_EQ(config->notices[0], Cat(Path("escalationd.yaml"),
                                    ": route \"spare\" is configured, but no policy pages it"));
}

TEST_F(ConfigFile, ASecretIsNeverPrinted) {
  const Secret secret("hunter2");
  std::ostringstream out;
  out << secret;
  EXPECT_EQ(out.str(), "[redacted]");
  EXPECT_EQ(ToText(secret), "[redacted]");
  EXPECT_EQ(ToText(Secret()), "[none]");
  Write("key", "hunter2 with blanks\n");
  EXPECT_EQ(MessageOf(WithVictorOps("endpoint: \"ftp://example.com\", key_file: key")),
            "escalationd.yaml:4:14: route \"victorops\": the address is not an http or https URL\n"
            "  hint: write it such as https://hooks.example.com/pages");
}

TEST_F(ConfigFile, TheEnvironmentIsReadInValues) {
  setenv("ESCALATION_TEST_PORT", "9000", 1);
  unsetenv("ESCALATION_TEST_NONE");
  const absl::StatusOr<Config> config =
      Load(Cat("api: {listen: \"127.0.0.1:${ESCALATION_TEST_PORT}\"}\n",
               "instance: ${ESCALATION_TEST_NONE:spare}\n",
               "state_dir: ${ESCALATION_TEST_NONE:a:b}\n", kTenants, kRoutes));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->listen.port, 9000);
  EXPECT_EQ(config->instance, "spare");
  EXPECT_EQ(config->state_dir, Path("a:b"));
  EXPECT_EQ(MessageOf(Cat("instance: ${ESCALATION_TEST_NONE}\n", kTenants, kRoutes)),
            "escalationd.yaml:1:11: the environment variable ESCALATION_TEST_NONE is not set\n"
            "  hint: set it, or give a default: ${ESCALATION_TEST_NONE:default}");
}

TEST_F(ConfigFile, WhatIsWrongIsSaid) {
  Write("empty", "");
  Write("two_lines", "a\nb\n");
  Write("large", std::string(5000, 'x'));
  Write("foreign.yaml",
        std::string(kPolicy).replace(std::string(kPolicy).find("default"), 7, "acme"));
  Write("broken.yaml",
        "policy: broken\nrevision: 1\nseverities: [low]\nplans: {gold: {calender: x}}\n");
  const struct {
    int line;
    std::string text;
    const char* message;
  } rows[] = {
      {__LINE__, "instance: a\n", "escalationd.yaml:1:1: \"tenants\" is missing"},
      {__LINE__, "tenants: []\n",
       "escalationd.yaml:1:1: \"tenants\" must hold at least one tenant"},
      {__LINE__, Cat(kTenants, kRoutes, "stat_dir: x\n"),
       "escalationd.yaml:5:1: unknown key \"stat_dir\"\n  hint: did you mean \"state_dir\"?"},
      {__LINE__, Cat(kTenants, kRoutes, "instance: my host\n"),
       "escalationd.yaml:5:11: \"instance\" must be 1 to 64 characters of A-Z a-z 0-9 . _ : -, got "
       "\"my host\""},
      {__LINE__, Cat(kTenants, kRoutes, "log: {kind: kafka, brokers: a, topic: b}\n"),
       "escalationd.yaml:5:29: log: kafka: security.protocol is plaintext, so a would be spoken to "
       "in plain text, expected ssl or sasl_ssl\n  hint: on a network that nobody else reads, "
       "allow_plaintext allows it"},
      {__LINE__, Cat(kTenants, kRoutes, "log: {kind: file}\n"),
       "escalationd.yaml:5:13: log: \"kind\" has no such word: \"file\"\n"
       "  hint: one of embedded, kafka"},
      {__LINE__, Cat(kTenants, kRoutes, "api: {listen: 8320}\n"),
       "escalationd.yaml:5:15: api: \"listen\" must be an address and a port, got \"8320\"\n"
       "  hint: write it such as 127.0.0.1:8320; port 0 takes a free one"},
      {__LINE__, Cat(kTenants, kRoutes, "logging: {level: verbose}\n"),
       "escalationd.yaml:5:18: logging: \"level\" has no such word: \"verbose\"\n"
       "  hint: one of trace, debug, info, warning, error"},
      {__LINE__, Cat(kTenants, kRoutes, "settle: 2h\n"),
       "escalationd.yaml:5:9: \"settle\" must be from 0s to 1m, got 2h"},
      {__LINE__, Cat(kTenants, kRoutes, "delivery: {backoff_initial: 10s, backoff_max: 1s}\n"),
       "escalationd.yaml:5:11: delivery: \"backoff_max\" must be at least \"backoff_initial\" of "
       "10s, "
       "got 1s"},
      {__LINE__, Cat(kTenants, kRoutes, "cache: {tickets_max: 0}\n"),
       "escalationd.yaml:5:22: cache: \"tickets_max\" must be a whole number from 1 to 100000000, "
       "got "
       "\"0\""},
      {__LINE__, Cat("tenants: [{name: default, policy: none.yaml}]\n", kRoutes),
       "escalationd.yaml:1:35: tenant 1: \"policy\": none.yaml: no such file"},
      {__LINE__, Cat("tenants: [{name: default, policy: broken.yaml}]\ninstance: a b\n", kRoutes),
       "escalationd.yaml:2:11: \"instance\" must be 1 to 64 characters of A-Z a-z 0-9 . _ : -, got "
       "\"a b\"\nbroken.yaml:4:16: plan \"gold\": unknown key \"calender\"\n  hint: did you mean "
       "\"calendar\"?"},
      {__LINE__, Cat("tenants: [{name: default, policy: foreign.yaml}]\n", kRoutes),
       "escalationd.yaml:1:35: tenant 1: the policy is for tenant \"acme\", expected \"default\""},
      {__LINE__,
       Cat("tenants: [{name: default, policy: small.yaml}, {name: default, policy: small.yaml}]\n",
           kRoutes),
       "escalationd.yaml:1:48: tenant 2: the tenant \"default\" is given twice"},
      {__LINE__, Cat("tenants: [{name: default, partition: -1, policy: small.yaml}]\n", kRoutes),
       "escalationd.yaml:1:38: tenant 1: \"partition\" must be a whole number from 0 to 1023, got "
       "\"-1\""},
      {__LINE__, Cat(kTenants, "routes:\n  victorops: {kind: victorops, url: \"https://h/\"}\n"),
       "escalationd.yaml:3:3: the policy of tenant \"default\" pages the route \"ops_webhook\", "
       "which "
       "is not configured\n  hint: configured: victorops"},
      {__LINE__, kTenants,
       "escalationd.yaml:1:1: the policy of tenant \"default\" pages the route \"victorops\", "
       "which is "
       "not configured\n"
       "escalationd.yaml:1:1: the policy of tenant \"default\" pages the route \"ops_webhook\", "
       "which "
       "is not configured"},
      {__LINE__, WithWebhook("secret: x"),
       "escalationd.yaml:4:16: route \"ops_webhook\": \"url\" is missing"},
      {__LINE__, WithWebhook("url: \"hook.example.com\""),
       "escalationd.yaml:4:16: route \"ops_webhook\": the address is not an http or https URL\n"
       "  hint: write it such as https://hooks.example.com/pages"},
      {__LINE__, WithWebhook("url: \"http://h/\", url_file: empty"),
       "escalationd.yaml:4:60: route \"ops_webhook\": \"url\" and \"url_file\" are both given\n"
       "  hint: keep one"},
      {__LINE__, WithWebhook("url: \"http://h/\", headers: {\"X A\": b}"),
       "escalationd.yaml:4:59: route \"ops_webhook\": \"headers\" has a malformed header \"X A\"\n"
       "  hint: names are letters, digits, - and _; values are one line"},
      {__LINE__, WithWebhook("url: \"http://h/\", headers: {X-A: \"b\\r\\nX-B: c\"}"),
       "escalationd.yaml:4:59: route \"ops_webhook\": \"headers\" has a malformed header \"X-A\"\n"
       "  hint: names are letters, digits, - and _; values are one line"},
      {__LINE__, WithWebhook("url: \"http://h/\", timeout: 5"),
       "escalationd.yaml:4:59: route \"ops_webhook\": \"timeout\" must be a duration, got \"5\"\n"
       "  hint: a unit is missing: 5m is minutes"},
      {__LINE__, WithWebhook("url: \"http://h/\", routing_key: support"),
       "escalationd.yaml:4:50: route \"ops_webhook\": unknown key \"routing_key\"\n"
       "  hint: known here: kind, url, url_file, secret, secret_file, secret_files, body, headers, "
       "per_minute_max, shadow, timeout"},
      {__LINE__, WithWebhook("url: \"${ESCALATION_TEST_NONE}\""),
       "escalationd.yaml:4:37: the environment variable ESCALATION_TEST_NONE is not set\n"
       "  hint: set it, or give a default: ${ESCALATION_TEST_NONE:default}"},
      {__LINE__, WithVictorOps("routing_key: support"),
       "escalationd.yaml:4:14: route \"victorops\": no address: \"url_file\" or \"key_file\" is "
       "missing"},
      {__LINE__, WithVictorOps("key_file: none"),
       "escalationd.yaml:4:42: route \"victorops\": \"key_file\": none: no such file"},
      {__LINE__, WithVictorOps("url: \"https://h/\", key: k"),
       "escalationd.yaml:4:14: route \"victorops\": \"url\" is the whole address; \"endpoint\" and "
       "\"key\" are its parts\n  hint: give one or the other"},
      {__LINE__, WithVictorOps("url_file: empty"),
       "escalationd.yaml:4:42: route \"victorops\": \"url_file\": empty: the file is "
       "empty\n"
       "  hint: the file holds the secret alone, in one line"},
      {__LINE__, WithVictorOps("url_file: large"),
       "escalationd.yaml:4:42: route \"victorops\": \"url_file\": large: too large: 5000 "
       "bytes, at most 4 KiB"},
      {__LINE__, Cat(kTenants, "routes: {victorops: {kind: pigeon}, ops_webhook: {}}\n"),
       "escalationd.yaml:2:28: route \"victorops\": \"kind\" has no such word: \"pigeon\"\n"
       "  hint: one of victorops, pagerduty, slack, jsm, email, alertmanager, kafka, webhook\n"
       "escalationd.yaml:2:50: route \"ops_webhook\": \"kind\" is missing"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(MessageOf(row.text), row.message) << "line " << row.line;
  }
}

TEST(ShippedConfig, Loads) {
  const absl::StatusOr<Config> config =
      LoadConfig(ESCALATION_SOURCE_DIR "/deploy/escalationd.example.yaml");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_TRUE(config->notices.empty());
}

TEST_F(ConfigFile, AReloadKnowsWhatNeedsARestart) {
  const absl::StatusOr<Config> before = Load(Cat(kTenants, kRoutes));
  ASSERT_TRUE(before.ok()) << before.status().message();
  EXPECT_TRUE(RestartFields(*before, *before).empty());
  const absl::StatusOr<Config> free_to_change = Load(Cat(
      kTenants, kRoutes, "settle: 1s\nlogging: {level: debug}\ndelivery: {give_up_after: 2h}\n"));
  ASSERT_TRUE(free_to_change.ok()) << free_to_change.status().message();
  EXPECT_TRUE(RestartFields(*before, *free_to_change).empty());
  const absl::StatusOr<Config> after =
      Load(Cat("tenants: [{name: default, partition: 1, policy: small.yaml}]\n", kRoutes,
               "instance: other\nstate_dir: x\nlog: {dir: y}\napi: {listen: \"127.0.0.1:1\"}\n",
               "logging: {format: json}\ncache: {tickets_max: 1}\n"));
  ASSERT_TRUE(after.ok()) << after.status().message();
  EXPECT_EQ(RestartFields(*before, *after),
            (std::vector<std::string>{"instance", "state_dir", "log", "api", "logging.format",
                                      "cache", "tenants"}));
}

}  // namespace
}  // namespace escalation
