// E-mail, to a real server that takes, refuses, forgets and lies.

#include "daemon/deliver/email.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>
#include <vector>

#include "daemon/deliver/http_client.h"
#include "daemon/deliver/page_text.h"
#include "daemon/deliver/redact.h"
#include "tests/daemon/deliver/full_page.h"
#include "tests/daemon/deliver/mail_server.h"
#include "tests/daemon/deliver/replies.h"

namespace escalation {
namespace {

DeliveryRoute RouteTo(const std::string& url) {
  DeliveryRoute route = RouteNamed("mail");
  route.provider = DeliveryRoute::Provider::kEmail;
  route.url = Secret(url);
  route.mail.from = "escalationd@example.com";
  route.mail.to = {"ann@example.com", "bob@example.com"};
  route.mail.encrypted = false;
  route.timeout = Duration::Seconds(30);
  return route;
}

class EmailTest : public testing::Test {
 protected:
  EmailTest() {
    HttpClientOptions options;
    options.allow_private_addresses = true;
    client_ = *CurlHttpClient::Start(options);
  }
  HttpReply Reply(const Delivery& delivery, const DeliveryRoute& route) {
    std::promise<HttpReply> promise;
    client_->Send(*Email().Build(delivery, route, kNow),
                  [&](HttpReply reply) { promise.set_value(std::move(reply)); });
    return promise.get_future().get();
  }
  Verdict Send(const DeliveryRoute& route, const Delivery& delivery = FullPage()) {
    return Email().Classify(Reply(delivery, route));
  }
  // What becomes of a page if the server answers one command in this way.
  Verdict With(const std::string& command, const std::string& answer) {
    MailServer server(MailServer::Answers{{command, answer}});
    return Send(RouteTo(server.Url()));
  }

  std::unique_ptr<CurlHttpClient> client_;
};

TEST_F(EmailTest, a_page_arrives_whole_at_everybody) {
  MailServer server;
  const Verdict verdict = Send(RouteTo(server.Url()));
  EXPECT_EQ(Word(verdict), "delivered") << verdict.reason;
  const std::vector<std::string> commands = server.commands();
  ASSERT_GE(commands.size(), 5u);
  EXPECT_EQ(commands[1].substr(0, 36), "MAIL FROM:<escalationd@example.com>");
  EXPECT_EQ(commands[2], "RCPT TO:<ann@example.com>");
  EXPECT_EQ(commands[3], "RCPT TO:<bob@example.com>");
  EXPECT_EQ(commands[4], "DATA");
  const std::string message = server.message();
  const std::string head = message.substr(0, message.find("\r\n\r\n") + 2);
  EXPECT_NE(head.find("Subject: high T-1: site down\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("To: ann@example.com, bob@example.com\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Date: Wed, 11 Mar 2026 07:00:00 +0000\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Auto-Submitted: auto-generated\r\n"), std::string::npos) << head;
  const std::vector<std::string> parts = PartsOf(message);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0], PageTextOf(FullPage()).message);
  EXPECT_NE(parts[1].find("<td>2h of 2h; paused for 30m</td>"), std::string::npos) << parts[1];
  EXPECT_NE(parts[1].find("<a href=\"https://wiki.example.com/down\">runbook</a>"),
            std::string::npos)
      << parts[1];
}

TEST_F(EmailTest, what_is_sent_twice_is_one_message_and_a_close_answers_it) {
  const DeliveryRoute route = RouteTo("smtp://mail.example.com");
  const auto head = [&](const Delivery& delivery, const std::string& name) {
    const std::string body = Email().Build(delivery, route, kNow)->body;
    const size_t at = body.find("\r\n" + name + ": ");
    if (at == std::string::npos) return std::string("none");
    return body.substr(at + name.size() + 4, body.find("\r\n", at + 2) - at - name.size() - 4);
  };
  const Delivery page = FullPage();
  const std::string id = head(page, "Message-ID");
  EXPECT_TRUE(id.starts_with("<") && id.ends_with("@escalationd>")) << id;
  EXPECT_EQ(head(page, "Message-ID"), id);
  const Delivery close = CloseOf(2, "default/T-1/night/1/1");
  EXPECT_EQ(head(close, "In-Reply-To"), id);
  EXPECT_EQ(head(close, "References"), id);
  EXPECT_NE(head(close, "Message-ID"), id);
  EXPECT_EQ(head(page, "In-Reply-To"), "none");
}

TEST_F(EmailTest, what_a_server_answers_decides) {
  const struct {
    int line;
    std::string command;
    std::string answer;
    std::string meaning;
  } rows[] = {
      {__LINE__, "", "554 not you", "failed"},
      {__LINE__, "", "421 later", "retry"},
      {__LINE__, "MAIL", "451 later", "retry"},
      {__LINE__, "MAIL", "550 not you", "failed"},
      {__LINE__, "RCPT", "450 mailbox busy", "retry"},
      {__LINE__, "RCPT", "550 no such user", "failed"},
      {__LINE__, "DATA", "451 later", "retry"},
      {__LINE__, "DATA", "554 no", "failed"},
      {__LINE__, ".", "451 disk full", "retry"},
      {__LINE__, ".", "554 spam", "failed"},
      // Gone after the message: nobody knows whether it was taken.
      {__LINE__, ".", "", "retry maybe"},
      {__LINE__, "DATA", "", "retry maybe"},
  };
  for (const auto& row : rows) {
    const Verdict verdict = With(row.command, row.answer);
    EXPECT_EQ(Word(verdict), row.meaning) << "line " << row.line << ": " << verdict.reason;
  }
  EXPECT_NE(With("RCPT", "550 no such user").reason.find("550"), std::string::npos);
}

TEST_F(EmailTest, a_server_without_tls_is_told_nothing) {
  MailServer server;
  DeliveryRoute route = RouteTo(server.Url());
  route.mail.encrypted = true;
  route.mail.user = "pager";
  route.key = Secret("correct horse battery");
  const Verdict verdict = Send(route);
  EXPECT_EQ(Word(verdict), "retry") << verdict.reason;
  for (const std::string& command : server.commands()) {
    EXPECT_FALSE(command.starts_with("AUTH") || command.starts_with("MAIL")) << command;
  }
}

TEST_F(EmailTest, logs_in_and_a_refused_password_is_not_told) {
  MailServer server;
  DeliveryRoute route = RouteTo(server.Url());
  route.mail.user = "pager";
  route.key = Secret("correct horse battery");
  EXPECT_EQ(Word(Send(route)), "delivered");
  EXPECT_EQ(server.commands()[1], "AUTH PLAIN");
  std::string credentials;
  ASSERT_TRUE(absl::Base64Unescape(server.commands()[2], &credentials));
  EXPECT_EQ(credentials, std::string("\0pager\0correct horse battery", 28));
  MailServer lying(MailServer::Answers{{"credentials", "535 correct horse battery is wrong"}});
  route.url = Secret(lying.Url());
  const Verdict verdict = Send(route);
  EXPECT_EQ(Word(verdict), "failed") << verdict.reason;
  EXPECT_EQ(Redactor(route)(verdict.reason).find("horse"), std::string::npos) << verdict.reason;
}

TEST_F(EmailTest, a_server_that_stalls_or_never_ends_is_left) {
  DeliveryRoute route = RouteTo("");
  route.timeout = Duration{200};
  ScriptedServer silent([](Peer& peer) { peer.WaitForClose(); });
  route.url = Secret("smtp" + silent.Url("").substr(4));
  EXPECT_EQ(Word(Send(route)), "retry maybe");
  ScriptedServer endless([](Peer& peer) {
    while (peer.Send("220-and another thing\r\n")) {
    }
  });
  route.url = Secret("smtp" + endless.Url("").substr(4));
  EXPECT_EQ(Word(Send(route)), "retry maybe");
}

TEST_F(EmailTest, private_addresses_are_refused_as_for_everybody) {
  client_ = *CurlHttpClient::Start({});
  MailServer server;
  EXPECT_EQ(Word(Send(RouteTo(server.Url()))), "failed");
  EXPECT_TRUE(server.commands().empty());
}

TEST(HeaderLine, is_ascii_folded_and_one_header) {
  EXPECT_EQ(HeaderLine("Subject", "site down"), "Subject: site down\r\n");
  EXPECT_EQ(HeaderLine("Subject", "a\r\nBcc: x@example.com"), "Subject: a Bcc: x@example.com\r\n");
  EXPECT_EQ(HeaderLine("Subject", "caf\xC3\xA9"), "Subject: =?UTF-8?B?Y2Fmw6k=?=\r\n");
  // What looks like an encoded word is not one.
  EXPECT_EQ(HeaderLine("Subject", "=?utf-8?q?x?="),
            "Subject: =?UTF-8?B?PT91dGYtOD9xP3g/PQ==?=\r\n");
  EXPECT_EQ(HeaderLine("Subject", ""), "Subject:\r\n");
  std::string euros;
  for (int i = 0; i < 80; ++i) euros += "\xE2\x82\xAC";
  const std::string line = HeaderLine("Subject", euros);
  for (size_t at = 0; at < line.size();) {
    const size_t end = line.find("\r\n", at);
    EXPECT_LE(end - at, 78u);
    at = end + 2;
  }
  EXPECT_GT(std::count(line.begin(), line.end(), '\n'), 4);
}

}  // namespace
}  // namespace escalation
