#include "daemon/deliver/curl_transfer.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "daemon/deliver/private_address.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kBodyBytesMax = 64 * 1024;
constexpr size_t kHeaderBytesMax = 64 * 1024;
constexpr int64_t kConnectMsMax = 5'000;
constexpr char kUserAgent[] = "escalationd";

bool IsUnreachable(CURLcode result) {
  switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_URL_MALFORMAT:
      return true;
    default:
      return false;
  }
}

}  // namespace

CurlTransfer::CurlTransfer(HttpCall call, HttpClient::Done done, const HttpClientOptions& options)
    : call_(std::move(call)),
      done_(std::move(done)),
      allow_private_(options.allow_private_addresses) {
  handle_ = curl_easy_init();
  if (handle_ == nullptr) {
    error_ = "libcurl gave no handle";
  } else if (!SetUp(options)) {
    curl_easy_cleanup(handle_);
    handle_ = nullptr;
  }
}

CurlTransfer::~CurlTransfer() {
  if (handle_ != nullptr) curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

bool CurlTransfer::AddHeader(const std::string& name, const std::string& value) {
  if (Cat(name, value).find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
    error_ = Cat("header ", name.substr(0, name.find_first_of("\r\n")), " holds a line end");
    return false;
  }
  // "Name;" is libcurl's form of an empty value; "Name:" alone would remove the header.
  const std::string line = value.empty() ? Cat(name, ";") : Cat(name, ": ", value);
  curl_slist* longer = curl_slist_append(headers_, line.c_str());
  if (longer != nullptr) headers_ = longer;
  return longer != nullptr;
}

bool CurlTransfer::SetUp(const HttpClientOptions& options) {
  for (const auto& [name, value] : call_.headers) {
    if (!AddHeader(name, value)) return false;
  }
  // No "Expect: 100-continue": it costs a round trip, or a second where it is not understood.
  headers_ = curl_slist_append(headers_, "Expect:");
  const long timeout_ms = static_cast<long>(std::max<int64_t>(call_.timeout.ms, 1));
  const long connect_ms = static_cast<long>(std::min<int64_t>(timeout_ms, kConnectMsMax));
  bool ok = true;
  const auto set = [this, &ok](CURLoption option, auto value) {
    ok = ok && curl_easy_setopt(handle_, option, value) == CURLE_OK;
  };
  set(CURLOPT_URL, call_.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_POST, 1L);
  set(CURLOPT_POSTFIELDS, call_.body.c_str());
  set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  set(CURLOPT_HTTPHEADER, headers_);
  set(CURLOPT_USERAGENT, kUserAgent);
  set(CURLOPT_TIMEOUT_MS, timeout_ms);
  set(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_ERRORBUFFER, curl_error_);
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::OnSocket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PRIVATE, this);
  if (!ok) error_ = "libcurl refused an option";
  return ok;
}

curl_socket_t CurlTransfer::OnSocket(void* cls, curlsocktype, curl_sockaddr* address) {
  auto* transfer = static_cast<CurlTransfer*>(cls);
  if (!transfer->allow_private_ && IsPrivateAddress(address->addr)) {
    transfer->forbidden_ = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

size_t CurlTransfer::OnBody(char* data, size_t size, size_t count, void* cls) {
  auto* transfer = static_cast<CurlTransfer*>(cls);
  const size_t bytes = size * count;
  const size_t room = kBodyBytesMax - transfer->body_.size();
  transfer->body_.append(data, std::min(bytes, room));
  transfer->too_long_ = bytes > room;
  return transfer->too_long_ ? 0 : bytes;
}

size_t CurlTransfer::OnHeader(char*, size_t size, size_t count, void* cls) {
  auto* transfer = static_cast<CurlTransfer*>(cls);
  transfer->header_bytes_ += size * count;
  transfer->too_long_ = transfer->header_bytes_ > kHeaderBytesMax;
  return transfer->too_long_ ? 0 : size * count;
}

HttpReply CurlTransfer::Reply(CURLcode result) const {
  HttpReply reply;
  long status = 0;
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(handle_, CURLINFO_RETRY_AFTER, &retry_after_s);
  if (retry_after_s > 0) {
    // Capped far above any use, so that it can be multiplied.
    reply.retry_after = Duration::Seconds(std::min<int64_t>(retry_after_s, 86'400));
  }
  reply.body = body_;
  if (result == CURLE_OK) return reply;
  reply.error = curl_error_[0] != '\0' ? curl_error_ : curl_easy_strerror(result);
  if (forbidden_) {
    reply.kind = HttpReply::Kind::kForbidden;
    reply.error = "a private address, and delivery.allow_private_addresses is not set";
  } else if (too_long_) {
    reply.kind = HttpReply::Kind::kTooLong;
    reply.error =
        Cat("status ", reply.status, " with a response longer than ", kBodyBytesMax, " bytes");
  } else if (result == CURLE_OPERATION_TIMEDOUT) {
    reply.kind = HttpReply::Kind::kTimeout;
    reply.error = Cat("no answer within ", ToText(call_.timeout));
  } else {
    reply.kind = IsUnreachable(result) ? HttpReply::Kind::kUnreachable : HttpReply::Kind::kBroken;
  }
  return reply;
}

void CurlTransfer::Finish(HttpReply reply) {
  const HttpClient::Done done = std::exchange(done_, nullptr);
  done(std::move(reply));
}

}  // namespace escalation
