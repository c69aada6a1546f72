#include "daemon/deliver/http_client.h"

#include <curl/curl.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/deliver/curl_transfer.h"

namespace escalation {
namespace {

// Wake-ups come from Send; this only bounds how long a lost one could cost.
constexpr int kPollMs = 1'000;
constexpr long kConnectionsKept = 16;

}  // namespace

class CurlHttpClient::Impl {
 public:
  explicit Impl(HttpClientOptions options)
      : options_(std::move(options)),
        allow_private_(options_.allow_private_addresses),
        multi_(curl_multi_init()) {}

  bool Start() {
    if (multi_ == nullptr) return false;
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kConnectionsKept);
    thread_ = std::thread([this] { Run(); });
    return true;
  }

  ~Impl() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    if (multi_ == nullptr) return;
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
    curl_multi_cleanup(multi_);
  }

  void Send(HttpCall call, Done done) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!stopping_) {
        waiting_.emplace_back(std::move(call), std::move(done));
        curl_multi_wakeup(multi_);
        return;
      }
    }
    done(Stopped());
  }

  void AllowPrivateAddresses(bool allow) { allow_private_ = allow; }

 private:
  static HttpReply Stopped() {
    HttpReply reply;
    reply.kind = HttpReply::Kind::kStopped;
    reply.error = "the client stopped";
    return reply;
  }

  void Run() {
    while (TakeWaiting()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      Collect();
      curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
    }
    for (auto& [handle, transfer] : under_way_) {
      curl_multi_remove_handle(multi_, handle);
      transfer->Finish(Stopped());
    }
    under_way_.clear();
  }

  // False: stop.
  bool TakeWaiting() {
    std::vector<std::pair<HttpCall, Done>> taken;
    bool stop = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      taken.swap(waiting_);
      stop = stopping_;
    }
    for (auto& [call, done] : taken) {
      HttpClientOptions options = options_;
      options.allow_private_addresses = allow_private_;
      auto transfer = std::make_unique<CurlTransfer>(std::move(call), std::move(done), options);
      if (transfer->handle() == nullptr ||
          curl_multi_add_handle(multi_, transfer->handle()) != CURLM_OK) {
        HttpReply reply;
        reply.kind = HttpReply::Kind::kUnreachable;
        reply.error = transfer->error();
        transfer->Finish(std::move(reply));
        continue;
      }
      under_way_.emplace(transfer->handle(), std::move(transfer));
    }
    return !stop;
  }

  void Collect() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto found = under_way_.find(message->easy_handle);
      if (found == under_way_.end()) continue;
      HttpReply reply = found->second->Reply(message->data.result);
      curl_multi_remove_handle(multi_, found->first);
      found->second->Finish(std::move(reply));
      under_way_.erase(found);
    }
  }

  const HttpClientOptions options_;
  std::atomic<bool> allow_private_;
  CURLM* const multi_;
  // Owned by the thread.
  std::unordered_map<CURL*, std::unique_ptr<CurlTransfer>> under_way_;

  std::mutex mutex_;
  bool stopping_ = false;
  std::vector<std::pair<HttpCall, Done>> waiting_;
  std::thread thread_;
};

CurlHttpClient::CurlHttpClient(std::unique_ptr<Impl> impl, std::unique_ptr<Impl> mail)
    : impl_(std::move(impl)), mail_(std::move(mail)) {}
CurlHttpClient::~CurlHttpClient() = default;

absl::StatusOr<std::unique_ptr<CurlHttpClient>> CurlHttpClient::Start(HttpClientOptions options) {
  static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
  auto impl = std::make_unique<Impl>(options);
  auto mail = std::make_unique<Impl>(std::move(options));
  if (global != CURLE_OK || !impl->Start() || !mail->Start()) {
    return absl::UnavailableError("libcurl cannot be initialized");
  }
  return std::unique_ptr<CurlHttpClient>(new CurlHttpClient(std::move(impl), std::move(mail)));
}

void CurlHttpClient::Send(HttpCall call, Done done) {
  Impl& impl = call.mail.has_value() ? *mail_ : *impl_;
  impl.Send(std::move(call), std::move(done));
}

void CurlHttpClient::AllowPrivateAddresses(bool allow) {
  impl_->AllowPrivateAddresses(allow);
  mail_->AllowPrivateAddresses(allow);
}

}  // namespace escalation
