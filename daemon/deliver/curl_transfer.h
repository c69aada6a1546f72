// daemon/deliver/curl_transfer.h
//
// One request of libcurl from its options to its reply.
//
//   Invariants  stays at its address while libcurl uses it
//   Threads     one at a time
#pragma once

#include <curl/curl.h>

#include <string>

#include "daemon/deliver/http_client.h"

namespace escalation {

class CurlTransfer {
 public:
  CurlTransfer(HttpCall call, HttpClient::Done done, const HttpClientOptions& options);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  // Null: the request is not one that can be made; error() says why.
  CURL* handle() const { return handle_; }
  const std::string& error() const { return error_; }

  // What became of it.
  HttpReply Reply(CURLcode result) const;
  // Hands over the reply; once.
  void Finish(HttpReply reply);

 private:
  bool SetUp(const HttpClientOptions& options);
  bool SetUpHttp();
  bool SetUpMail(const MailEnvelope& mail);
  void SetUpBounds(const HttpClientOptions& options);
  template <typename Value>
  void Set(CURLoption option, Value value) {
    if (curl_easy_setopt(handle_, option, value) != CURLE_OK) refused_ = true;
  }
  bool AddHeader(const std::string& name, const std::string& value);
  static curl_socket_t OnSocket(void* cls, curlsocktype purpose, curl_sockaddr* address);
  static size_t OnBody(char* data, size_t size, size_t count, void* cls);
  static size_t OnUpload(char* data, size_t size, size_t count, void* cls);
  static size_t OnHeader(char* data, size_t size, size_t count, void* cls);

  HttpCall call_;
  HttpClient::Done done_;
  bool allow_private_ = false;
  CURL* handle_ = nullptr;
  curl_slist* headers_ = nullptr;
  curl_slist* recipients_ = nullptr;
  size_t uploaded_ = 0;
  bool refused_ = false;  // libcurl knows an option not, or not its value.
  std::string body_;
  size_t header_bytes_ = 0;
  bool too_long_ = false;
  bool forbidden_ = false;
  std::string error_;
  char curl_error_[CURL_ERROR_SIZE] = {};
};

}  // namespace escalation
