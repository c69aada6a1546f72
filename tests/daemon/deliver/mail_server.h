// tests/daemon/deliver/mail_server.h
//
// A mail server on a free port that speaks SMTP as a test tells it to.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/escaping.h"
#include "tests/daemon/deliver/scripted_server.h"

namespace escalation {

// The decoded parts of a message whose parts are all base64.
inline std::vector<std::string> PartsOf(const std::string& message) {
  std::vector<std::string> parts;
  static const std::string kMark = "Content-Transfer-Encoding: base64\r\n\r\n";
  for (size_t at = 0; (at = message.find(kMark, at)) != std::string::npos;) {
    at += kMark.size();
    std::string encoded = message.substr(at, message.find("\r\n--", at) - at);
    std::string decoded;
    EXPECT_TRUE(absl::Base64Unescape(encoded, &decoded)) << encoded;
    parts.push_back(decoded);
  }
  return parts;
}

class MailServer {
 public:
  using Answers = std::map<std::string, std::string>;

  // Answers in place of the usual ones, by the command's first word ("EHLO", "MAIL", "RCPT",
  // "DATA", "AUTH", "credentials", "." for the end of a message, "" for the greeting). An empty
  // answer closes the connection.
  explicit MailServer(Answers answers = {})
      : answers_(std::move(answers)), server_([this](Peer& peer) { Talk(peer); }) {}

  std::string Url() const {
    return "smtp" + server_.Url("").substr(4);  // Not "http".
  }
  std::vector<std::string> commands() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return commands_;
  }
  // As it came, without the line that ends it.
  std::string message() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return message_;
  }

 private:
  std::string AnswerTo(const std::string& word) const {
    static const auto* const usual =
        new std::map<std::string, std::string>{{"", "220 mail.example.com ESMTP"},
                                               {"EHLO", "250-mail.example.com\r\n250 AUTH PLAIN"},
                                               {"AUTH", "334 "},
                                               {"credentials", "235 welcome"},
                                               {"DATA", "354 go on"},
                                               {"QUIT", "221 bye"},
                                               {".", "250 queued as 17"}};
    if (const auto own = answers_.find(word); own != answers_.end()) return own->second;
    const auto found = usual->find(word);
    return found == usual->end() ? "250 ok" : found->second;
  }
  // False: the conversation is over.
  bool Say(Peer& peer, const std::string& word) const {
    const std::string answer = AnswerTo(word);
    return !answer.empty() && peer.Send(answer + "\r\n");
  }
  void Talk(Peer& peer) {
    if (!Say(peer, "")) return;
    bool in_message = false;
    bool log_in = false;
    for (std::string line; peer.ReadLine(&line);) {
      std::string word = log_in ? "credentials" : line.substr(0, line.find(' '));
      log_in = !in_message && word == "AUTH" && AnswerTo("AUTH").starts_with("334");
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!in_message) commands_.push_back(line);
        if (in_message && line != ".") message_ += line + "\r\n";
      }
      if (in_message && line != ".") continue;
      in_message = !in_message && word == "DATA" && AnswerTo("DATA").starts_with("354");
      if (!Say(peer, word)) return;
    }
  }

  const Answers answers_;
  mutable std::mutex mutex_;
  std::vector<std::string> commands_;
  std::string message_;
  ScriptedServer server_;
};

}  // namespace escalation
