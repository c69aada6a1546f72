#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "ops/app.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr char kErased[] = R"({"id":"e1","ticket_id":"T-1","erased":{}})";

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

class Map : public testing::Test {
 protected:
  Map() { setenv("ESCALATION_MAPPER", ESCALATION_BINARY_DIR "/daemon/escalation-mapper", 1); }

  Result Try(const std::string& program, const std::string& input,
             std::vector<std::string> options = {}) {
    std::ofstream(folder_ / "map.jq") << program;
    options.insert(options.begin(), {"map", "try", "-", "--program", folder_ / "map.jq"});
    std::istringstream in(input);
    std::ostringstream out, err;
    Result result;
    result.exit_code = RunEscalationctl(options, in, out, err);
    result.out = out.str();
    result.err = err.str();
    return result;
  }

  const TemporaryDirectory folder_;
};

TEST_F(Map, InputAndEventsAreShown) {
  const Result result =
      Try("select(.id) | {id, ticket_id: .t, erased: {}}", "{\"id\":\"e1\",\n \"t\":\"T-1\"}");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, Cat("-:1: {\"id\":\"e1\", \"t\":\"T-1\"}\n  ", kErased,
                            "\n1 message, 1 event, 0 refused\n"));
}

TEST_F(Map, EachLineOrElementIsAMessageOfItsOwn) {
  const std::string program =
      "if . == 1 then {id: \"e1\", ticket_id: \"T-1\", erased: {}} else null end";
  const std::string wanted =
      Cat("-:1: 1\n  ", kErased, "\n-:3: 2\n  nothing\n2 messages, 1 event, 0 refused\n");
  EXPECT_EQ(Try(program, "1\n\n2\n").out, wanted);
  EXPECT_EQ(Try(program, "[1,\n\n2]").out, wanted);
}

TEST_F(Map, ARefusedMessageIsNamedAndTheOthersAreShown) {
  const Result result = Try("if . == 1 then error(\"odd\") else empty end", "1\n2\nnope\n");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err, Cat("-:1: ", folder_ / "map.jq", ": odd\n-:3: 1:1: expected a value\n"));
  EXPECT_NE(result.out.find("3 messages, 0 events, 2 refused\n"), std::string::npos);
}

TEST_F(Map, WhatNoSourceWouldAcceptIsAnError) {
  const Result result = Try("{id: \"e1\", ticket_id: \"T 1\", erased: {}}", "1");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(result.err.rfind("-:1: events[0].ticket_id: ", 0), 0u) << result.err;
}

TEST_F(Map, HeadersTopicKeyAndTimeCanBeGiven) {
  const Result result = Try(
      "{id: $key, ticket_id: $headers.kind, occurred_at: $stamped, opened: {subject: $topic}}", "1",
      {"--header", "Kind=T-1", "--topic", "tickets", "--key", "e1", "--stamped",
       "2026-03-10T12:00:00Z", "-o", "jsonl"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(
      result.out,
      R"({"id":"e1","occurred_at":"2026-03-10T12:00:00Z","ticket_id":"T-1","opened":{"subject":"tickets"}})"
      "\n");
}

TEST_F(Map, JsonIsOneArray) {
  const std::string program =
      "if . == 0 then empty else {id: \"e1\", ticket_id: \"T-1\", erased: {}} end";
  EXPECT_EQ(Try(program, "1\n2", {"-o", "json"}).out, Cat("[\n", kErased, ",\n", kErased, "\n]\n"));
  EXPECT_EQ(Try(program, "0", {"-o", "json"}).out, "[]\n");
}

TEST_F(Map, AProgramThatDoesNotCompileIsToldWithItsPlace) {
  const Result result = Try(".a |\n nope", "1");
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_EQ(result.err, Cat(folder_ / "map.jq", ":2:2: nope/0 is not defined\n"));
}

TEST_F(Map, UsageIsChecked) {
  EXPECT_EQ(Try(".", "1", {"--header", "x"}).exit_code, 2);
  EXPECT_EQ(Try(".", "1", {"--stamped", "noon"}).exit_code, 2);
  EXPECT_EQ(Try(".", "1", {"--watch"}).exit_code, 2);
}

TEST_F(Map, CheckTellsOfMappingsToo) {
  std::ofstream(folder_ / "map.jq") << "nope";
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(RunEscalationctl({"check", folder_ / "map.jq"}, in, out, err), 78);
  EXPECT_EQ(err.str(), Cat(folder_ / "map.jq", ":1:1: nope/0 is not defined\n"));
  std::ofstream(folder_ / "map.jq") << ".";
  EXPECT_EQ(RunEscalationctl({"check", folder_ / "map.jq"}, in, out, err), 0);
  EXPECT_EQ(out.str(), Cat(folder_ / "map.jq", ": ok (mapping, 0 samples)\n"));
}

}  // namespace
}  // namespace escalation
