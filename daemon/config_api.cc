#include "daemon/config_api.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>
#include <utility>

#include "daemon/api/listen_socket.h"
#include "daemon/config_values.h"
#include "state/base/ids.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"
#include "state/policy/policy_names.h"

namespace escalation {
namespace {

// Fewer can be guessed.
constexpr size_t kTokenBytesMin = 20;

const std::vector<Choice>& ScopeChoices() {
  static const auto* const choices =
      new std::vector<Choice>{{"read", static_cast<int>(ApiScope::kRead)},
                              {"write", static_cast<int>(ApiScope::kWrite)},
                              {"admin", static_cast<int>(ApiScope::kAdmin)}};
  return *choices;
}

void WalkToken(YamlMap& map, const std::string& folder, ApiToken* token) {
  token->name = map.Text("name", Need::kRequired);
  if (!token->name.empty() && !IsId(token->name, kNameBytesMax)) {
    map.Problem(map.Find("name")->place,
                Cat("\"name\" must be 1 to ", kNameBytesMax,
                    " characters of A-Z a-z 0-9 . _ : -, got ", Quoted(token->name)));
  }
  for (const int scope : map.Words("scopes", ScopeChoices())) {
    token->scopes.push_back(static_cast<ApiScope>(scope));
  }
  if (token->scopes.empty() && !map.Has("scopes")) {
    map.Problem(map.place(), "\"scopes\" is missing: some of read, write, admin");
  }
  const std::string file = map.Text("file", Need::kRequired);
  if (!file.empty()) {
    absl::StatusOr<Secret> secret = ReadSecretFile(ResolvePath(folder, file));
    if (!secret.ok()) {
      map.Problem(map.Find("file")->place,
                  Cat("\"file\": ", std::string(secret.status().message())),
                  SecretFileHint(secret.status()));
    } else if (secret->Reveal().size() < kTokenBytesMin) {
      map.Problem(map.Find("file")->place,
                  Cat("\"file\": a token must have at least ", kTokenBytesMin, " bytes"),
                  "openssl rand -hex 32 makes one");
    } else {
      token->secret = *std::move(secret);
    }
  }
  map.Finish();
}

void WalkTokens(YamlMap& api, const std::string& folder, std::vector<ApiToken>* tokens) {
  std::set<std::string> names;
  std::set<std::string> secrets;
  for (const YamlNode* item : api.List("tokens")) {
    const size_t index = tokens->size();
    ApiToken& token = tokens->emplace_back();
    YamlMap map(*item, Cat("api, token ", index + 1), Cat("api.tokens[", index, "]"), api.walk());
    WalkToken(map, folder, &token);
    if (!token.name.empty() && !names.insert(token.name).second) {
      map.Problem(item->place, Cat("the token ", Quoted(token.name), " is given twice"));
    }
    if (!token.secret.empty() && !secrets.insert(token.secret.Reveal()).second) {
      map.Problem(item->place, "another token has the same text");
    }
  }
}

void WalkSocket(YamlMap& api, const std::string& folder, ApiConfig* config) {
  const std::string socket = api.Text("socket");
  if (socket.empty()) return;
  config->socket = ResolvePath(folder, socket);
  if (config->socket.size() > kUnixSocketPathBytesMax) {
    api.Problem(api.Find("socket")->place,
                Cat("\"socket\" must be a path of at most ", kUnixSocketPathBytesMax,
                    " bytes, got ", config->socket.size()));
  }
}

}  // namespace

bool IsLoopback(const ListenAddress& listen) {
  in_addr v4 = {};
  if (inet_pton(AF_INET, listen.host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return listen.host == "::1" || listen.host == "localhost";
}

void WalkApi(YamlMap& top, const std::string& folder, Config* config) {
  std::optional<YamlMap> api = top.Map("api", "api");
  if (!api) return;
  const std::string listen = api->Text("listen");
  if (!listen.empty()) {
    if (const auto address = ParseListenAddress(listen)) {
      config->listen = *address;
    } else {
      api->Problem(api->Find("listen")->place,
                   Cat("\"listen\" must be an address and a port, got ", Quoted(listen)),
                   "write it such as 127.0.0.1:8320; port 0 takes a free one");
    }
  }
  WalkSocket(*api, folder, &config->api);
  WalkTokens(*api, folder, &config->api.tokens);
  const bool open = api->Flag("allow_without_token").value_or(false);
  const bool has_tokens = api->Has("tokens");
  if (open && has_tokens) {
    api->Problem(api->Find("allow_without_token")->place,
                 "\"tokens\" and \"allow_without_token\" are both given", "keep one");
  }
  if (!open && !has_tokens && !IsLoopback(config->listen)) {
    api->Problem(
        api->Find("listen")->place,
        Cat("\"listen\": other machines reach ", ToText(config->listen), ", expected \"tokens\""),
        "where something before it asks who is calling, allow_without_token: true");
  }
  api->Finish();
}

}  // namespace escalation
