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
    case CURLE_USE_SSL_FAILED:
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
  curl_slist_free_all(recipients_);
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

bool CurlTransfer::SetUpHttp() {
  for (const auto& [name, value] : call_.headers) {
    if (!AddHeader(name, value)) return false;
  }
  // No "Expect: 100-continue": it costs a round trip, or a second where it is not understood.
  headers_ = curl_slist_append(headers_, "Expect:");
  Set(CURLOPT_PROTOCOLS_STR, "http,https");
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_HTTPHEADER, headers_);
  Set(CURLOPT_USERAGENT, kUserAgent);
  if (call_.method == HttpCall::Method::kGet) {
    Set(CURLOPT_HTTPGET, 1L);
  } else {
    Set(CURLOPT_POST, 1L);
    Set(CURLOPT_POSTFIELDS, call_.body.c_str());
    Set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  }
  return true;
}

bool CurlTransfer::SetUpMail(const MailEnvelope& mail) {
  for (const std::string& to : mail.to) {
    curl_slist* longer = curl_slist_append(recipients_, to.c_str());
    if (longer == nullptr) return false;
    recipients_ = longer;
  }
  Set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  Set(CURLOPT_USE_SSL, static_cast<long>(mail.encrypted ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  Set(CURLOPT_MAIL_FROM, mail.from.c_str());
  Set(CURLOPT_MAIL_RCPT, recipients_);
  if (!mail.user.empty()) {
    Set(CURLOPT_USERNAME, mail.user.c_str());
    Set(CURLOPT_PASSWORD, mail.password.c_str());
  }
  // libcurl says goodbye to a mail server and waits for its answer, without heed of other
  // transfers: at once, with this transfer's patience, rather than at some later time with its own.
  Set(CURLOPT_FORBID_REUSE, 1L);
  Set(CURLOPT_SERVER_RESPONSE_TIMEOUT, static_cast<long>((call_.timeout.ms + 999) / 1000));
  Set(CURLOPT_UPLOAD, 1L);
  Set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(call_.body.size()));
  Set(CURLOPT_READFUNCTION, &CurlTransfer::OnUpload);
  Set(CURLOPT_READDATA, this);
  return true;
}

void CurlTransfer::SetUpBounds(const HttpClientOptions& options) {
  const long timeout_ms = static_cast<long>(std::max<int64_t>(call_.timeout.ms, 1));
  const long connect_ms = static_cast<long>(std::min<int64_t>(timeout_ms, kConnectMsMax));
  Set(CURLOPT_PROXY, "");
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_TIMEOUT_MS, timeout_ms);
  Set(CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  Set(CURLOPT_SSL_VERIFYPEER, 1L);
  Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) Set(CURLOPT_CAINFO, options.ca_file.c_str());
}

bool CurlTransfer::SetUp(const HttpClientOptions& options) {
  error_ = "libcurl refused an option";
  Set(CURLOPT_URL, call_.url.c_str());
  if (!(call_.mail.has_value() ? SetUpMail(*call_.mail) : SetUpHttp())) return false;
  SetUpBounds(options);
  Set(CURLOPT_ERRORBUFFER, curl_error_);
  Set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::OnSocket);
  Set(CURLOPT_OPENSOCKETDATA, this);
  Set(CURLOPT_WRITEFUNCTION, &CurlTransfer::OnBody);
  Set(CURLOPT_WRITEDATA, this);
  Set(CURLOPT_HEADERFUNCTION, &CurlTransfer::OnHeader);
  Set(CURLOPT_HEADERDATA, this);
  Set(CURLOPT_PRIVATE, this);
  if (refused_) return false;
  error_.clear();
  return true;
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

size_t CurlTransfer::OnUpload(char* data, size_t size, size_t count, void* cls) {
  auto* transfer = static_cast<CurlTransfer*>(cls);
  const std::string& body = transfer->call_.body;
  const size_t bytes = std::min(size * count, body.size() - transfer->uploaded_);
  body.copy(data, bytes, transfer->uploaded_);
  transfer->uploaded_ += bytes;
  return bytes;
}

size_t CurlTransfer::OnHeader(char* data, size_t size, size_t count, void* cls) {
  auto* transfer = static_cast<CurlTransfer*>(cls);
  // A mail server's lines come here; the last one says what it is.
  if (transfer->call_.mail.has_value()) transfer->body_.assign(data, size * count);
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
  // A mail server that refuses has answered, though libcurl calls it a failure.
  const bool timed_out = result == CURLE_OPERATION_TIMEDOUT;
  if (call_.mail.has_value() && !timed_out && status >= 400 && status < 600) return reply;
  reply.error = curl_error_[0] != '\0' ? curl_error_ : curl_easy_strerror(result);
  if (forbidden_) {
    reply.kind = HttpReply::Kind::kForbidden;
    reply.error = "a private address, and delivery.allow_private_addresses is not set";
  } else if (too_long_) {
    reply.kind = HttpReply::Kind::kTooLong;
    reply.error =
        Cat("status ", reply.status, " with a response longer than ", kBodyBytesMax, " bytes");
  } else if (timed_out) {
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
