// Mappings run in the real process, with its real limits.
#include "daemon/source/jq_decoder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/source/event_json.h"
#include "daemon/source/jq_process.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using namespace std::chrono_literals;

constexpr char kMapper[] = ESCALATION_BINARY_DIR "/daemon/escalation-mapper";

DecoderOptions Options(std::string program) {
  DecoderOptions options;
  options.format = SourceFormat::kJq;
  options.program = {"map.jq", std::move(program)};
  options.mapper = kMapper;
  return options;
}

std::unique_ptr<EventDecoder> Decoder(const DecoderOptions& options) {
  auto decoder = MakeDecoder(options);
  EXPECT_TRUE(decoder.ok()) << decoder.status();
  return *std::move(decoder);
}

SourceMessage Message(std::string value) {
  SourceMessage message;
  message.topic = "tickets";
  message.key = "key";
  message.stamped = *ParseInstant("2026-03-10T23:00:00Z");
  message.headers = {{"X-Kind", "ticket"}};
  message.value = std::move(value);
  return message;
}

// Events as JSON, one a line; or the error.
std::string Read(EventDecoder& decoder, const std::string& value) {
  const auto events = decoder.Decode(Message(value));
  if (!events.ok()) return events.status().ToString();
  std::string out;
  for (const v1::Event& event : *events) CatTo(&out, ToJson(event), "\n");
  return out;
}

std::string CompileError(const std::string& program) {
  const auto decoder = MakeDecoder(Options(program));
  EXPECT_TRUE(absl::IsInvalidArgument(decoder.status())) << decoder.status();
  return std::string(decoder.status().message());
}

// One that gives an event unless "." is a string, which is the program's to act on.
std::string Or(const std::string& program) {
  return Cat("if type == \"string\" then ", program,
             " else {id: \"e1\", ticket_id: \"T-1\", erased: {}} end");
}
constexpr char kErased[] = "{\"id\":\"e1\",\"ticket_id\":\"T-1\",\"erased\":{}}\n";

TEST(JqDecoderTest, a_program_sees_the_message_and_what_is_known_of_it) {
  const auto decoder =
      Decoder(Options("{id: $key, ticket_id: .id, occurred_at: $stamped,\n"
                      " opened: {subject: $topic, channel: $headers[\"x-kind\"], tags: [.tags[] | "
                      "ascii_downcase]}}"));
  EXPECT_EQ(Read(*decoder, R"({"id":9007199254740993,"tags":["A","B"]})"),
            R"({"id":"key","occurred_at":"2026-03-10T23:00:00Z","ticket_id":"9007199254740993",)"
            R"("opened":{"subject":"tickets","channel":"ticket","tags":["a","b"]}})"
            "\n");
}

TEST(JqDecoderTest, no_one_or_many_outputs_and_arrays_of_them) {
  const auto decoder =
      Decoder(Options(".[] | if . == 0 then null elif . == 1 then [] else"
                      " [range(.) | {id: \"e\\(.)\", ticket_id: \"T-1\", erased: {}}] end"));
  EXPECT_EQ(Read(*decoder, "[]"), "");
  EXPECT_EQ(Read(*decoder, "[0, 1]"), "");
  EXPECT_EQ(decoder->Decode(Message("[2, 0, 3]"))->size(), 5u);
}

TEST(JqDecoderTest, texts_become_what_they_say) {
  const auto decoder = Decoder(Options(
      "{id: \"e1\", ticket_id: \"T-1\", message_added: {visibility: \"public\", text: .}}"));
  EXPECT_EQ(
      Read(*decoder, R"("Down again! #escalate, please?")"),
      R"({"id":"e1","ticket_id":"T-1","message_added":{"visibility":"PUBLIC","is_question":true,)"
      R"("tokens":["#escalate"],"length":30}})"
      "\n");
}

TEST(JqDecoderTest, what_is_no_event_is_told_with_its_field) {
  const auto decoder = Decoder(Options(".[]"));
  EXPECT_EQ(Read(*decoder, "[5]"),
            "ABORTED: map.jq: expected an event, an array of events or null, got 5");
  EXPECT_EQ(Read(*decoder, R"([null, {"id": 5}])"),
            "ABORTED: map.jq: output 2: id: expected a string, got 5");
  EXPECT_EQ(Read(*decoder, R"([{"opened": {"colour": "red"}}])"),
            "ABORTED: map.jq: opened.colour: unknown field");
}

TEST(JqDecoderTest, the_programs_own_errors_refuse_the_message_only) {
  const auto decoder = Decoder(Options(Or("error(\"unknown kind \" + .)")));
  EXPECT_EQ(Read(*decoder, "\"x\""), "ABORTED: map.jq: unknown kind x");
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqDecoderTest, events_before_an_error_do_not_count) {
  const auto decoder =
      Decoder(Options("{id: \"e1\", ticket_id: \"T-1\", erased: {}}, error(\"late\")"));
  EXPECT_EQ(Read(*decoder, "1"), "ABORTED: map.jq: late");
}

TEST(JqDecoderTest, a_message_that_is_not_json_is_not_the_mappings_fault) {
  const auto decoder = Decoder(Options("."));
  EXPECT_EQ(Read(*decoder, "{\"a\":1").substr(0, 17), "INVALID_ARGUMENT:");
  EXPECT_EQ(Read(*decoder, "\"\xc3\x28\""), "INVALID_ARGUMENT: expected JSON in UTF-8");
}

TEST(JqDecoderTest, a_loop_for_ever_costs_its_message_only) {
  DecoderOptions options = Options(Or("last(repeat(1))"));
  options.limits.processor_time_max = 100ms;
  const auto decoder = Decoder(options);
  EXPECT_EQ(Read(*decoder, "1"), kErased);
  EXPECT_EQ(Read(*decoder, "\"x\""), "ABORTED: map.jq: took more than 100ms of processor time");
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqProcessTest, a_process_that_does_not_answer_in_time_is_ended) {
  MappingLimits limits;
  limits.processor_time_max = 1h;
  limits.wall_time_max = 50ms;  // Of a message. What compiling takes is bounded apart from it.
  const auto process = JqProcess::Start({"map.jq", "last(repeat(1))"}, limits, kMapper);
  ASSERT_TRUE(process.ok()) << process.status();
  const JqReply reply = (*process)->Run(R"({"body":1})");
  EXPECT_EQ(reply.outcome, JqReply::Outcome::kTooLong);
  EXPECT_EQ(reply.error, "took longer than 50ms");
  EXPECT_FALSE((*process)->running());
}

TEST(JqDecoderTest, eating_memory_costs_its_message_only) {
  DecoderOptions options = Options(Or("[range(1e9)]"));
  options.limits.memory_bytes_max = size_t{64} << 20;
  options.limits.processor_time_max = 30s;
  const auto decoder = Decoder(options);
  EXPECT_EQ(Read(*decoder, "1"), kErased);
  EXPECT_EQ(Read(*decoder, "\"x\""), "ABORTED: map.jq: took too much memory");
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqDecoderTest, a_crash_costs_its_message_only) {
  // jq prints recursively, so what is nested too deep takes its stack.
  DecoderOptions options = Options(Or("reduce range(300000) as $i (null; [.])"));
  options.limits.processor_time_max = 30s;
  const auto decoder = Decoder(options);
  EXPECT_EQ(Read(*decoder, "\"x\""), "ABORTED: map.jq: its process was ended by signal 11");
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqDecoderTest, output_is_bounded_in_sum) {
  DecoderOptions options = Options(Or("range(1e9) | \"0123456789\" * 100"));
  options.limits.output_bytes_max = 100'000;
  const auto decoder = Decoder(options);
  EXPECT_EQ(Read(*decoder, "\"x\""), "ABORTED: map.jq: gave more than 100000 bytes");
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqDecoderTest, outputs_of_the_largest_size_arrive) {
  const auto decoder = Decoder(Options(
      "{id: \"e1\", ticket_id: \"T-1\", message_added: {visibility: \"public\", text: .}}"));
  const auto events = decoder->Decode(Message("\"" + std::string(3'000'000, 'x') + "\""));
  ASSERT_TRUE(events.ok()) << events.status();
  EXPECT_EQ((*events)[0].message_added().length(), 3'000'000);
}

TEST(JqProcessTest, a_process_that_is_killed_says_so_from_then_on) {
  const auto process = JqProcess::Start({"map.jq", "."}, {}, kMapper);
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_EQ((*process)->Run(R"({"body":1})").outputs, std::vector<std::string>{"1"});
  kill((*process)->pid(), SIGKILL);
  const JqReply reply = (*process)->Run(R"({"body":1})");
  EXPECT_EQ(reply.outcome, JqReply::Outcome::kEnded);
  EXPECT_EQ(reply.error, "its process was ended by signal 9");
  EXPECT_FALSE((*process)->running());
  EXPECT_EQ((*process)->Run("{}").outcome, JqReply::Outcome::kEnded);
}

// Those that are or were this process's.
std::vector<pid_t> Mappers() {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream file(entry.path() / "stat");
    pid_t pid = 0;
    std::string command;
    char state = 0;
    pid_t parent = 0;
    if (!(file >> pid >> command >> state >> parent)) continue;
    if (parent == getpid() && command == "(escalation-mapp)") found.push_back(pid);
  }
  return found;
}

TEST(JqDecoderTest, a_process_killed_between_messages_is_not_noticed) {
  const auto decoder = Decoder(Options(Or("null")));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Read(*decoder, "1"), kErased);
    const std::vector<pid_t> mappers = Mappers();
    ASSERT_EQ(mappers.size(), 1u);
    kill(mappers[0], SIGKILL);
  }
  EXPECT_EQ(Read(*decoder, "1"), kErased);
}

TEST(JqDecoderTest, no_process_is_left) {
  Decoder(Options("."));
  EXPECT_TRUE(Mappers().empty());
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child was not waited for";
}

TEST(JqDecoderTest, a_program_that_does_not_compile_is_told_with_its_place) {
  EXPECT_EQ(CompileError(".a |\n  nope, .b"), "map.jq:2:3: nope/0 is not defined");
  EXPECT_EQ(CompileError("# the ticket\n{id: $idd}"), "map.jq:2:6: $idd is not defined");
  EXPECT_EQ(CompileError("{id: .a\n ticket_id: .b}"),
            "map.jq:2: syntax error, unexpected IDENT, expecting '}'\n"
            "map.jq:1: May need parentheses around object key expression");
  EXPECT_EQ(CompileError("a, b"), "map.jq:1:1: a/0 is not defined\nmap.jq:1:4: b/0 is not defined");
  EXPECT_EQ(CompileError("  \n"), "map.jq: the program is empty");
  EXPECT_EQ(CompileError(std::string("1\0002", 3)), "map.jq: expected text, got a byte 0");
  EXPECT_EQ(CompileError("import \"a\" as a; 1"), "map.jq:1: syntax error, unexpected import");
}

TEST(JqDecoderTest, what_is_not_in_the_message_cannot_be_asked_for) {
  EXPECT_EQ(CompileError("{occurred_at: .at,\n written_at: (now | todate)}"),
            "map.jq:2:15: now is not available: a message gives the same events at any time; "
            "$stamped is when it came");
  for (const char* const program :
       {"input", "inputs", "[inputs]", "env.HOME", "$ENV.HOME", "$ENV", "halt", "halt_error",
        "input_filename", "input_line_number", "localtime", "strflocaltime(\"%H\")", "stderr",
        "get_search_list", "\"a\" | modulemeta", "def f: now; f", "[1] | map(now)"}) {
    const std::string error = CompileError(program);
    EXPECT_NE(error.find(" is not available: "), std::string::npos) << program << ": " << error;
  }
}

TEST(JqDecoderTest, names_that_only_look_forbidden_are_not) {
  const auto decoder =
      Decoder(Options("# now and $ENV\ndef now: \"e1\"; {now: now, env: \"$ENV\"} as $input |"
                      " {id: $input.now, ticket_id: .now, erased: {}}"));
  EXPECT_EQ(Read(*decoder, R"({"now":"T-1"})"), kErased);
}

TEST(JqDecoderTest, a_mapper_that_is_not_there_is_named) {
  DecoderOptions options = Options(".");
  options.mapper = "/nowhere/escalation-mapper";
  const auto decoder = MakeDecoder(options);
  EXPECT_TRUE(absl::IsFailedPrecondition(decoder.status()));
  EXPECT_EQ(decoder.status().message(), "/nowhere/escalation-mapper: No such file or directory");
}

TEST(JqDecoderTest, many_messages_take_one_process) {
  const auto decoder = Decoder(Options(Or("null")));
  EXPECT_EQ(Read(*decoder, "1"), kErased);
  const std::vector<pid_t> before = Mappers();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(Read(*decoder, "1"), kErased);
  EXPECT_EQ(Mappers(), before);
}

}  // namespace
}  // namespace escalation
