// tests/daemon/deliver/tls/tls_server.h
//
// A provider on a free port of this machine that speaks TLS, with a certificate that it signed
// itself, and answers 200 to everything that gets through.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "state/base/check.h"

namespace escalation {

class TlsServer {
 public:
  struct Certificate {
    // As a client compares it with what it called: "IP:127.0.0.1", "DNS:example.com".
    std::string name = "IP:127.0.0.1";
    // Seconds from now.
    long valid_from = -3600;
    long valid_until = 3600;
  };

  explicit TlsServer(const Certificate& certificate)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(X509_new(), X509_free),
        context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free),
        fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    Sign(certificate);
    ESCALATION_CHECK(SSL_CTX_use_certificate(context_.get(), certificate_.get()) == 1, "");
    ESCALATION_CHECK(SSL_CTX_use_PrivateKey(context_.get(), key_.get()) == 1, "");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(fd_, 16);
    thread_ = std::thread([this] { Run(); });
  }
  ~TlsServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string Url() const { return "https://127.0.0.1:" + std::to_string(port_) + "/hook"; }
  // Bytes of requests that got through.
  size_t heard() const { return heard_; }
  // For clients that trust it.
  void WriteCertificate(const std::string& path) const {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    ESCALATION_CHECK(file != nullptr && PEM_write_X509(file, certificate_.get()) == 1, path);
    std::fclose(file);
  }

 private:
  void Sign(const Certificate& wanted) {
    X509* const x509 = certificate_.get();
    X509_set_version(x509, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), wanted.valid_from);
    X509_gmtime_adj(X509_getm_notAfter(x509), wanted.valid_until);
    X509_set_pubkey(x509, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("provider"), -1, -1, 0);
    X509_set_issuer_name(x509, X509_get_subject_name(x509));
    X509_EXTENSION* const names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, wanted.name.c_str());
    ESCALATION_CHECK(names != nullptr && X509_add_ext(x509, names, -1) == 1, wanted.name);
    X509_EXTENSION_free(names);
    ESCALATION_CHECK(X509_sign(x509, key_.get(), EVP_sha256()) > 0, "");
  }

  void Run() {
    while (true) {
      const int client = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      SSL* const ssl = SSL_new(context_.get());
      SSL_set_fd(ssl, client);
      if (SSL_accept(ssl) == 1) Answer(ssl);
      SSL_free(ssl);
      close(client);
    }
  }

  void Answer(SSL* ssl) {
    char buffer[4096];
    const int got = SSL_read(ssl, buffer, sizeof(buffer));
    if (got <= 0) return;
    heard_ += static_cast<size_t>(got);
    static constexpr char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    SSL_write(ssl, kAnswer, sizeof(kAnswer) - 1);
    SSL_shutdown(ssl);
  }

  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
  const std::unique_ptr<X509, void (*)(X509*)> certificate_;
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  const int fd_;
  uint16_t port_ = 0;
  std::atomic<size_t> heard_{0};
  std::thread thread_;
};

}  // namespace escalation
