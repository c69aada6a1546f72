#include "daemon/api/api_gate.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "state/base/sha256.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr std::string_view kBearer = "bearer ";

// Empty optional: anybody may.
std::optional<ApiScope> ScopeOf(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/-/healthy" || path == "/-/ready" || path.starts_with("/v1/hooks/")) {
    return std::nullopt;
  }
  if (request.method == "GET" || request.method == "HEAD") return ApiScope::kRead;
  return path == "/v1/policy" ? ApiScope::kAdmin : ApiScope::kWrite;
}

// The token that came along; empty: none.
std::string_view TokenOf(const HttpRequest& request) {
  const std::string_view header = request.Header("authorization").value_or("");
  if (header.size() <= kBearer.size()) return "";
  for (size_t i = 0; i < kBearer.size(); ++i) {
    const char c = header[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (lower != kBearer[i]) return "";
  }
  return header.substr(kBearer.size());
}

HttpResponse Unauthorized(std::string_view why) {
  HttpResponse response = ErrorResponse(401, why);
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"escalationd\"");
  return response;
}

}  // namespace

std::string_view NameOf(ApiScope scope) {
  switch (scope) {
    case ApiScope::kRead:
      return "read";
    case ApiScope::kWrite:
      return "write";
    case ApiScope::kAdmin:
      break;
  }
  return "admin";
}

ApiGate::ApiGate(std::vector<ApiToken> tokens, HttpHandler* handler) : handler_(*handler) {
  SetTokens(std::move(tokens));
}

void ApiGate::SetTokens(std::vector<ApiToken> tokens) {
  auto known = std::make_shared<KnownTokens>();
  for (ApiToken& token : tokens) {
    known->push_back(
        {std::move(token.name), Sha256({token.secret.Reveal()}), std::move(token.scopes)});
  }
  const std::lock_guard lock(mutex_);
  tokens_ = std::move(known);
}

std::shared_ptr<const ApiGate::KnownTokens> ApiGate::tokens() const {
  const std::lock_guard lock(mutex_);
  return tokens_;
}

void ApiGate::Handle(HttpRequest request, HttpRespond respond) {
  const std::shared_ptr<const KnownTokens> tokens = this->tokens();
  const std::optional<ApiScope> scope = ScopeOf(request);
  if (tokens->empty() || !scope) return handler_.Handle(std::move(request), std::move(respond));
  const std::string_view given = TokenOf(request);
  const std::string digest = Sha256({given});
  const Known* token = nullptr;
  for (const Known& known : *tokens) {
    if (CRYPTO_memcmp(known.digest.data(), digest.data(), digest.size()) == 0) token = &known;
  }
  if (token == nullptr) {
    ++unknown_;
    return respond(Unauthorized(
        given.empty() ? "a token is missing, expected the header Authorization: Bearer TOKEN"
                      : "the token is not known here"));
  }
  if (std::find(token->scopes.begin(), token->scopes.end(), *scope) == token->scopes.end()) {
    ++forbidden_;
    return respond(ErrorResponse(
        403, Cat("the token \"", token->name, "\" is not for this, expected one with ",
                 "the scope ", NameOf(*scope))));
  }
  handler_.Handle(std::move(request), std::move(respond));
}

std::string ApiGate::Metrics() const {
  static constexpr std::string_view kName = "escalationd_api_refused_total";
  return Cat("# HELP ", kName, " Requests without a token that is known, or with one for others.\n",
             "# TYPE ", kName, " counter\n", kName, "{status=\"401\"} ", unknown_.load(), "\n",
             kName, "{status=\"403\"} ", forbidden_.load(), "\n");
}

}  // namespace escalation
