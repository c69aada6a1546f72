#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ops/app.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

struct Result {
  int exit_code;
  std::string out;
  std::string err;
};

Result Redact(const std::string& input, std::vector<std::string> options) {
  options.insert(options.begin(), "redact");
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  const int code = RunEscalationctl(options, in, out, err);
  return {code, out.str(), err.str()};
}

TEST(RedactCommand, without_a_policy_addresses_numbers_and_secrets_go) {
  const Result result = Redact("ann@h.example +49 30 1234567\npassword=a ACME-1", {"-"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "[email] [phone]\npassword=[secret] ACME-1");
  EXPECT_EQ(Redact("", {"-"}).out, "");
}

TEST(RedactCommand, a_policy_says_what_goes) {
  const TemporaryDirectory folder;
  const std::string policy = folder.path() + "/p.yaml";
  const std::string text = "policy: p\nrevision: 1\nseverities: [low]\nplans: {gold: {}}\n";
  std::ofstream(policy) << text << "redact: {patterns: ['ACME-[0-9]+']}\n";
  EXPECT_EQ(Redact("ann@h.example ACME-1", {"--policy", policy, "-"}).out,
            "ann@h.example [redacted]");
  std::ofstream(policy) << text;
  const Result nothing = Redact("ann@h.example", {"--policy", policy, "-"});
  EXPECT_EQ(nothing.out, "ann@h.example");
  EXPECT_EQ(nothing.err, policy + ": has no \"redact\": the text stays as it is\n");
  std::ofstream(policy) << text << "redact: {patterns: ['(']}\n";
  EXPECT_EQ(Redact("", {"--policy", policy, "-"}).exit_code, 78);
}

TEST(RedactCommand, an_archive_of_a_browser) {
  const TemporaryDirectory folder;
  const std::string file = folder.path() + "/s.har";
  std::ofstream(file) << R"({"log":{"entries":[{"request":{"cookies":[{"name":"a","value":"b"}]},)"
                      << R"("response":{}}]}})"
                      << "\n";
  const Result result = Redact("", {"--har", file});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out,
            R"({"log":{"entries":[{"request":{"cookies":[{"name":"a","value":"[secret]"}]},)"
            R"("response":{}}]}})"
            "\n");
}

TEST(RedactCommand, what_is_no_archive_is_named_and_nothing_is_printed) {
  const Result broken = Redact("{\n1}", {"--har", "-"});
  EXPECT_EQ(broken.exit_code, 1);
  EXPECT_EQ(broken.out, "");
  EXPECT_EQ(broken.err,
            "-:2:1: expected a name in quotes\n"
            "  hint: --har expects an HTTP archive, as browsers save it\n");
  EXPECT_EQ(Redact("{}", {"--har", "-"}).err.rfind("-: log: missing, expected an object\n", 0), 0u);
  const Result absent = Redact("", {"/nowhere/a.log"});
  EXPECT_EQ(absent.exit_code, 1);
  EXPECT_EQ(absent.err, "/nowhere/a.log: cannot be opened\n");
  EXPECT_EQ(Redact("", {}).exit_code, 2);
}

}  // namespace
}  // namespace escalation
