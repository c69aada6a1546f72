// Who may ask the HTTP API, and whose requests hooks take, as the config file says it.

#include "daemon/config_api.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "daemon/config.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

constexpr char kPolicy[] = R"(policy: small
tenant: default
revision: 1
severities: [low]
plans: {gold: {targets: [{name: reply, metric: first_response, within: 1h}]}}
)";
constexpr char kRest[] = "\ntenants: [{name: default, policy: small.yaml}]\n";

class ConfigApi : public testing::Test {
 protected:
  ConfigApi() {
    Write("small.yaml", kPolicy);
    Write("reader", "reader-0123456789abcdef\n");
    Write("writer", "writer-0123456789abcdef\n");
    Write("same", "writer-0123456789abcdef\n");
    Write("short", "0123456789abcdef012\n");
    Write("signing", "whsec_c2VjcmV0IG9mIHRoZSBwYWdlcg==\n");
    Write("broken", "whsec_%%%\n");
  }
  void Write(const std::string& name, std::string_view text, mode_t mode = 0600) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    chmod((folder_ / name).c_str(), mode);
  }
  absl::StatusOr<Config> Load(std::string_view text) const {
    Write("c.yaml", Cat(text, kRest));
    return LoadConfig(folder_ / "c.yaml");
  }
  // With the folder's path cut out.
  std::string MessageOf(std::string_view text) const {
    const absl::StatusOr<Config> config = Load(text);
    if (config.ok()) return "loads";
    std::string message(config.status().message());
    const std::string folder = folder_.path() + "/";
    for (size_t at; (at = message.find(folder)) != std::string::npos;) {
      message.erase(at, folder.size());
    }
    return message;
  }

  TemporaryDirectory folder_;
};

TEST_F(ConfigApi, tokens_and_the_socket_are_read) {
  const absl::StatusOr<Config> config = Load(R"(api:
  listen: 0.0.0.0:8320
  socket: run/api.sock
  tokens:
    - {name: dashboards, file: reader, scopes: [read]}
    - {name: helpdesk, file: writer, scopes: [write, admin]})");
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->api.socket, folder_ / "run/api.sock");
  const std::vector<ApiToken> expected = {
      {"dashboards", Secret("reader-0123456789abcdef"), {ApiScope::kRead}},
      {"helpdesk", Secret("writer-0123456789abcdef"), {ApiScope::kWrite, ApiScope::kAdmin}}};
  EXPECT_EQ(config->api.tokens, expected);
}

TEST_F(ConfigApi, an_address_that_others_reach_takes_tokens) {
  for (const char* listen : {"127.0.0.1:0", "127.8.8.8:1", "'[::1]:0'", "localhost:0"}) {
    EXPECT_EQ(MessageOf(Cat("api: {listen: ", listen, "}")), "loads") << listen;
  }
  for (const char* listen : {"0.0.0.0:0", "10.0.0.5:1", "'[::]:0'", "example.com:80"}) {
    EXPECT_NE(MessageOf(Cat("api: {listen: ", listen, "}")), "loads") << listen;
    EXPECT_EQ(MessageOf(Cat("api: {allow_without_token: true, listen: ", listen, "}")), "loads");
  }
  EXPECT_EQ(MessageOf("api: {listen: 0.0.0.0:8320}"),
            "c.yaml:1:15: api: \"listen\": other machines reach 0.0.0.0:8320, expected \"tokens\"\n"
            "  hint: where something before it asks who is calling, allow_without_token: true");
}

TEST_F(ConfigApi, what_is_wrong_with_tokens_is_said) {
  const struct {
    int line;
    const char* api;
    const char* message;
  } rows[] = {
      {__LINE__, "tokens: [{name: a, file: reader}]",
       "c.yaml:1:16: api, token 1: \"scopes\" is missing: some of read, write, admin"},
      {__LINE__, "tokens: [{name: a, file: short, scopes: [read]}]",
       "c.yaml:1:32: api, token 1: \"file\": a token must have at least 20 bytes\n"
       "  hint: openssl rand -hex 32 makes one"},
      {__LINE__,
       "tokens: [{name: a, file: writer, scopes: [read]}, {name: a, file: same, scopes: [read]}]",
       "c.yaml:1:57: api, token 2: the token \"a\" is given twice\n"
       "c.yaml:1:57: api, token 2: another token has the same text"},
      {__LINE__, "tokens: [{name: 'a b', file: none, scopes: [read]}]",
       "c.yaml:1:23: api, token 1: \"name\" must be 1 to 64 characters of A-Z a-z 0-9 . _ : -, got "
       "\"a b\"\nc.yaml:1:36: api, token 1: \"file\": none: no such file"},
      {__LINE__, "tokens: [{name: a, file: reader, scopes: [read]}], allow_without_token: true",
       "c.yaml:1:79: api: \"tokens\" and \"allow_without_token\" are both given\n"
       "  hint: keep one"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(MessageOf(Cat("api: {", row.api, "}")), row.message) << "line " << row.line;
  }
  const std::string longer(kSecretBytesMax, 'x');
  EXPECT_NE(MessageOf(Cat("api: {socket: ", longer, "}")), "loads");
}

TEST_F(ConfigApi, a_secret_that_others_can_read_or_change_is_refused) {
  const struct {
    int line;
    mode_t mode;
    const char* message;
  } rows[] = {
      {__LINE__, 0600, "loads"},
      {__LINE__, 0400, "loads"},
      {__LINE__, 0640, "loads"},
      {__LINE__, 0440, "loads"},
      {__LINE__, 0644,
       "c.yaml:1:32: api, token 1: \"file\": key: others may read it, its mode is 0644, expected "
       "0600, 0400 or 0640\n  hint: chmod 600 makes it its owner's alone"},
      {__LINE__, 0660,
       "c.yaml:1:32: api, token 1: \"file\": key: others may write it, its mode is 0660, expected "
       "0600, 0400 or 0640\n  hint: chmod 600 makes it its owner's alone"},
      {__LINE__, 0602,
       "c.yaml:1:32: api, token 1: \"file\": key: others may write it, its mode is 0602, expected "
       "0600, 0400 or 0640\n  hint: chmod 600 makes it its owner's alone"},
  };
  for (const auto& row : rows) {
    Write("key", "0123456789abcdef0123\n", row.mode);
    EXPECT_EQ(MessageOf("api: {tokens: [{name: a, file: key, scopes: [read]}]}"), row.message)
        << "line " << row.line;
  }
  // The same for every other secret.
  Write("key", "0123456789abcdef0123\n", 0644);
  for (const char* hook : {"secret_file: key", "secret_files: [reader, key]"}) {
    const std::string message =
        MessageOf(Cat("sources: {s: {format: slack, http: {verify: slack, ", hook, "}}}"));
    EXPECT_NE(message.find("key: others may read it"), std::string::npos) << message;
  }
}

TEST_F(ConfigApi, hooks_of_pagers_know_how_their_senders_sign) {
  const absl::StatusOr<Config> config = Load(R"(sources:
  pd: {format: pagerduty, http: {verify: pagerduty, secret_files: [reader, writer]}}
  vo: {format: victorops, http: {verify: victorops, secret_file: reader, url: "https://a/b"}}
  slack: {format: slack, http: {verify: slack, secret_file: reader, age_max: 1m}}
  own: {format: pager, http: {verify: standard_webhooks, secret_file: signing}}
  header: {format: victorops, http: {verify: header, header: X-Escalation, secret_file: reader}})");
  ASSERT_TRUE(config.ok()) << config.status().message();
  const auto& sources = config->sources;
  ASSERT_EQ(sources.size(), 5u);
  EXPECT_EQ(sources[0].decoder.format, SourceFormat::kPagerDuty);
  EXPECT_EQ(sources[0].decoder.tenant, "default");
  EXPECT_EQ(sources[0].hook->header, "x-pagerduty-signature");
  EXPECT_EQ(sources[0].hook->secrets.size(), 2u);
  EXPECT_EQ(sources[1].hook->kind, HookVerification::Kind::kVictorOps);
  EXPECT_EQ(sources[1].hook->url, "https://a/b");
  EXPECT_EQ(sources[2].hook->age_max, Duration::Minutes(1));
  EXPECT_EQ(sources[3].hook->secrets[0].Reveal(), "secret of the pager");
  EXPECT_EQ(sources[4].hook->header, "x-escalation");
}

TEST_F(ConfigApi, what_is_wrong_with_hooks_is_said) {
  const struct {
    int line;
    const char* hook;
    const char* message;
  } rows[] = {
      {__LINE__, "verify: slack", "c.yaml:1:36: source \"s\", http: \"secret_file\" is missing"},
      {__LINE__, "verify: slack, secret: ''",
       "c.yaml:1:60: source \"s\", http: \"secret\" must not be empty"},
      {__LINE__, "verify: standard_webhooks, secret_file: broken",
       "c.yaml:1:36: source \"s\", http: a secret begins with whsec_ but is not base64"},
      {__LINE__, "verify: victorops, secret_file: reader",
       "c.yaml:1:36: source \"s\", http: \"url\" is missing"},
      {__LINE__, "verify: victorops, secret_file: reader, url: here",
       "c.yaml:1:82: source \"s\", http: \"url\" is not an http or https URL\n"
       "  hint: the hook's address exactly as VictorOps shows it: its signature covers it"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(MessageOf(Cat("sources: {s: {format: pager, http: {", row.hook, "}}}")), row.message)
        << "line " << row.line;
  }
}

}  // namespace
}  // namespace escalation
