#include "ops/api_client.h"

#include <curl/curl.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "daemon/api/listen_socket.h"
#include "daemon/config_values.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kReplyBytesMax = size_t{64} << 20;

size_t Collect(char* bytes, size_t size, size_t count, void* body) {
  auto* const out = static_cast<std::string*>(body);
  if (out->size() + size * count > kReplyBytesMax) return 0;
  out->append(bytes, size * count);
  return size * count;
}

struct HeaderList {
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list); }
  void Add(const std::string& header) { list = curl_slist_append(list, header.c_str()); }

  curl_slist* list = nullptr;
};

absl::Status Failure(CURLcode code, const std::string& url, const char* detail) {
  const char* const why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return absl::InvalidArgumentError(
        Cat(url, ": ", why, ", expected http://HOST:PORT or unix:PATH"));
  }
  return absl::UnavailableError(
      Cat("no answer from escalationd at ", url, ": ", why,
          "\n  hint: is it running? --url says where its HTTP API listens (\"listen\" or "
          "\"socket\" in its config)"));
}

// Empty: none is given.
absl::StatusOr<Secret> FindToken(const ApiCall& call) {
  if (!call.token_file.empty()) return ReadSecretFile(call.token_file);
  const char* const token = std::getenv(kApiTokenVariable);
  Secret secret(token == nullptr ? "" : token);
  // It could bring another header along.
  const bool clean = secret.Reveal().find_first_of("\r\n") == std::string::npos;
  if (clean) return secret;
  return absl::InvalidArgumentError(Cat(kApiTokenVariable, ": expected one line"));
}

}  // namespace

absl::StatusOr<ApiReply> CallApi(const ApiCall& call) {
  const absl::StatusOr<Secret> token = FindToken(call);
  if (!token.ok()) {
    const std::string hint = SecretFileHint(token.status());
    return absl::InvalidArgumentError(Cat("--token-file: ", std::string(token.status().message()),
                                          hint.empty() ? "" : "\n  hint: ", hint));
  }
  const std::unique_ptr<CURL, void (*)(CURL*)> easy(curl_easy_init(), curl_easy_cleanup);
  if (easy == nullptr) return absl::InternalError("libcurl cannot be initialized");
  std::string url = call.url;
  while (!url.empty() && url.back() == '/') url.pop_back();
  const bool local = url.rfind(kUnixSocketPrefix, 0) == 0;
  const std::string whole = Cat(local ? "http://localhost" : url, call.target);
  ApiReply reply;
  char detail[CURL_ERROR_SIZE] = "";
  HeaderList headers;
  headers.Add(Cat("Accept: ", call.accept));
  if (!call.content_type.empty()) headers.Add(Cat("Content-Type: ", call.content_type));
  if (!token->empty()) headers.Add(Cat("Authorization: Bearer ", token->Reveal()));
  headers.Add("Expect:");  // The daemon answers at once; there is nothing to wait for.
  CURL* const curl = easy.get();
  curl_easy_setopt(curl, CURLOPT_URL, whole.c_str());
  const std::string socket = local ? url.substr(sizeof(kUnixSocketPrefix) - 1) : "";
  if (local) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(call.timeout.ms));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, Collect);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  if (call.method != "GET") {
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  }
  const CURLcode code = curl_easy_perform(curl);
  if (code != CURLE_OK) return Failure(code, url, detail);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

absl::Status ApiStatus(const ApiReply& reply) {
  if (reply.status >= 200 && reply.status < 300) return absl::OkStatus();
  std::string message = Cat("escalationd answered ", reply.status);
  const auto document = nlohmann::json::parse(reply.body, nullptr, false);
  const auto pointer = nlohmann::json::json_pointer("/error/message");
  if (document.is_object() && document.contains(pointer) && document.at(pointer).is_string()) {
    message = document.at(pointer).get<std::string>();
  }
  if (reply.status == 401 || reply.status == 403) {
    return absl::PermissionDeniedError(
        Cat(message, "\n  hint: --token-file FILE or ", kApiTokenVariable, " gives a token"));
  }
  if (reply.status == 404) return absl::NotFoundError(message);
  if (reply.status == 503) return absl::UnavailableError(message);
  if (reply.status >= 400 && reply.status < 500) return absl::InvalidArgumentError(message);
  return absl::InternalError(message);
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
  return out;
}

}  // namespace escalation
