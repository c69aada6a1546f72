// Every answer and every fault has one meaning, for every provider.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "daemon/deliver/provider.h"
#include "tests/daemon/deliver/replies.h"

namespace escalation {
namespace {

using Kind = DeliveryRoute::Provider;
using Fault = HttpReply::Kind;

struct Row {
  const char* name;
  Kind kind;
  // What the provider says when it has done it.
  std::string word;
  // What that means.
  std::string done;
  // What a 2xx of somebody else in its place means.
  std::string not_its_word;
  std::string endless;
};

const std::vector<Row>& Rows() {
  static const auto* const rows = new std::vector<Row>{
      {"victorops", Kind::kVictorOps, R"({"result":"success","entity_id":"k"})", "delivered",
       "retry maybe", "retry maybe"},
      {"pagerduty", Kind::kPagerDuty, R"({"status":"success","message":"Event processed"})",
       "delivered", "retry maybe", "retry maybe"},
      {"slack", Kind::kSlack, "ok", "delivered", "retry maybe", "retry maybe"},
      {"jsm", Kind::kJsm, R"({"result":"Request will be processed","requestId":"43a2-9f"})",
       "retry maybe receipt", "retry maybe", "retry maybe"},
      {"webhook", Kind::kWebhook, "", "delivered", "delivered", "delivered"},
      {"kafka", Kind::kKafka, "", "delivered", "delivered", "retry maybe"},
  };
  return *rows;
}

std::string Full(const Verdict& verdict) {
  return Cat(Word(verdict), verdict.receipt.empty() ? "" : " receipt");
}

// Of a status that is no 2xx, whatever the body says.
std::string Otherwise(int status) {
  if (status == 429) return "retry after 17s";
  if (status == 408 || status == 425 || status >= 500) return "retry after 17s maybe";
  return status < 200 ? "retry maybe" : "failed";
}

TEST(ProviderTable, every_status_has_one_meaning) {
  for (const Row& row : Rows()) {
    for (int status = 100; status <= 599; ++status) {
      const bool success = status >= 200 && status < 300;
      const auto meaning = [&](const std::string& body) {
        return Full(ProviderOf(row.kind).Classify(Status(status, body, Duration::Seconds(17))));
      };
      EXPECT_EQ(meaning(row.word), success ? row.done : Otherwise(status)) << row.name << status;
      EXPECT_EQ(meaning("<html>please log in</html>"),
                success ? row.not_its_word : Otherwise(status))
          << row.name << status;
    }
  }
}

TEST(ProviderTable, alertmanager_says_200_and_nothing_else) {
  const Provider& provider = ProviderOf(Kind::kAlertmanager);
  for (int status = 100; status <= 599; ++status) {
    const bool success = status >= 200 && status < 300;
    const std::string other = success ? "retry maybe" : Otherwise(status);
    const auto meaning = [&](const std::string& body) {
      return Word(provider.Classify(Status(status, body, Duration::Seconds(17))));
    };
    EXPECT_EQ(meaning(""), status == 200 ? "delivered" : other) << status;
    EXPECT_EQ(meaning("{}\n"), status == 200 ? "delivered" : other) << status;
    EXPECT_EQ(meaning("<html>log in</html>"), other) << status;
  }
}

TEST(ProviderTable, every_code_of_a_mail_server_has_one_meaning) {
  for (int code = 100; code <= 599; ++code) {
    const std::string expected = code >= 500                 ? "failed"
                                 : code >= 400               ? "retry"
                                 : code >= 200 && code < 300 ? "delivered"
                                                             : "retry maybe";
    EXPECT_EQ(Word(ProviderOf(Kind::kEmail).Classify(Status(code, "said"))), expected) << code;
  }
}

TEST(ProviderTable, every_fault_has_one_meaning) {
  std::vector<Row> rows = Rows();
  rows.push_back({"alertmanager", Kind::kAlertmanager, "", "", "", "retry maybe"});
  rows.push_back({"email", Kind::kEmail, "", "", "", "retry maybe"});
  for (const Row& row : rows) {
    const auto meaning = [&](Fault fault, int status) {
      return Full(ProviderOf(row.kind).Classify(Broken(fault, status)));
    };
    EXPECT_EQ(meaning(Fault::kUnreachable, 0), "retry") << row.name;
    EXPECT_EQ(meaning(Fault::kRefused, 0), "failed") << row.name;
    EXPECT_EQ(meaning(Fault::kForbidden, 0), "failed") << row.name;
    EXPECT_EQ(meaning(Fault::kTimeout, 0), "retry maybe") << row.name;
    EXPECT_EQ(meaning(Fault::kBroken, 0), "retry maybe") << row.name;
    EXPECT_EQ(meaning(Fault::kBroken, 200), "retry maybe") << row.name;
    EXPECT_EQ(meaning(Fault::kStopped, 0), "retry maybe") << row.name;
    EXPECT_EQ(meaning(Fault::kTooLong, 200), row.endless) << row.name;
    EXPECT_EQ(meaning(Fault::kTooLong, 503), "retry maybe") << row.name;
  }
}

TEST(ProviderTable, what_is_almost_the_providers_word_is_not) {
  const struct {
    int line;
    Kind kind;
    int status;
    std::string body;
    std::string meaning;
  } rows[] = {
      {__LINE__, Kind::kPagerDuty, 202, R"({"status":"invalid event"})", "failed"},
      {__LINE__, Kind::kPagerDuty, 202, R"({"status":7})", "retry maybe"},
      {__LINE__, Kind::kPagerDuty, 202, R"({"status":"succ)", "retry maybe"},
      {__LINE__, Kind::kPagerDuty, 202, R"([{"status":"success"}])", "retry maybe"},
      {__LINE__, Kind::kPagerDuty, 202, std::string(60'000, '['), "retry maybe"},
      {__LINE__, Kind::kSlack, 200, " ok\n", "delivered"},
      {__LINE__, Kind::kSlack, 200, "okay", "retry maybe"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":true,"ts":"1.2"})", "delivered"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":"true"})", "retry maybe"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":false,"error":"channel_not_found"})", "failed"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":false})", "failed"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":false,"error":"ratelimited"})", "retry maybe"},
      {__LINE__, Kind::kSlack, 200, R"({"ok":false,"error":"fatal_error"})", "retry maybe"},
      {__LINE__, Kind::kJsm, 202, R"({"requestId":"a/../../b"})", "retry maybe"},
      {__LINE__, Kind::kJsm, 202, R"({"requestId":".."})", "retry maybe"},
      {__LINE__, Kind::kJsm, 202, R"({"requestId":""})", "retry maybe"},
      {__LINE__, Kind::kJsm, 202, R"({"requestId":12})", "retry maybe"},
      {__LINE__, Kind::kJsm, 202, Cat(R"({"requestId":")", std::string(200, 'a'), "\"}"),
       "retry maybe"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Full(ProviderOf(row.kind).Classify(Status(row.status, row.body))), row.meaning)
        << "line " << row.line;
  }
}

// A receipt is kept until the provider says what became of the request.
TEST(ProviderTable, every_answer_about_a_receipt_has_one_meaning) {
  const Provider& jsm = ProviderOf(Kind::kJsm);
  const auto meaning = [&](const HttpReply& reply) {
    return Full(jsm.ClassifyAnswer("43a2-9f", reply));
  };
  for (int status = 100; status <= 599; ++status) {
    const bool success = status >= 200 && status < 300;
    const bool fails = status >= 300 && status < 500 && status != 404 && status != 408 &&
                       status != 425 && status != 429;
    const bool waits = status >= 500 || status == 408 || status == 425 || status == 429;
    const std::string other = success ? "delivered"
                              : fails ? "failed maybe"
                              : waits ? "retry after 17s maybe receipt"
                                      : "retry maybe receipt";
    EXPECT_EQ(meaning(Status(status, R"({"data":{"isSuccess":true}})", Duration::Seconds(17))),
              other)
        << status;
  }
  EXPECT_EQ(meaning(Status(200, R"({"data":{"isSuccess":false,"status":"no such alert"}})")),
            "failed");
  EXPECT_EQ(jsm.ClassifyAnswer("r", Status(200, R"({"data":{"isSuccess":false,"status":"gone"}})"))
                .reason,
            "status 200: gone");
  for (const char* body :
       {"", "{}", R"({"data":true})", R"({"data":{"isSuccess":"true"}})", "[]"}) {
    EXPECT_EQ(meaning(Status(200, body)), "retry maybe receipt") << body;
  }
  for (const Fault fault :
       {Fault::kUnreachable, Fault::kTimeout, Fault::kBroken, Fault::kStopped}) {
    EXPECT_EQ(meaning(Broken(fault)), "retry maybe receipt");
  }
  EXPECT_EQ(meaning(Broken(Fault::kTooLong, 200)), "retry maybe receipt");
  EXPECT_EQ(meaning(Broken(Fault::kForbidden)), "failed maybe");
}

}  // namespace
}  // namespace escalation
