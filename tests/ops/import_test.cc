// A helpdesk's export, from its mapping to the pages that would have been.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "ops/app.h"
#include "state/base/text.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

const std::string kSource = ESCALATION_SOURCE_DIR;
const std::string kProgram = kSource + "/deploy/mappings/zendesk-eventbridge.jq";
const std::string kPolicy = kSource + "/tests/ops/import_policy.yaml";
const std::string kExport = kSource + "/tests/ops/zendesk_export.jsonl";

struct Result {
  int exit_code = 0;
  std::string out;
  std::string err;
};

Result Ctl(const std::vector<std::string>& arguments, const std::string& input = "") {
  setenv("ESCALATION_MAPPER", ESCALATION_BINARY_DIR "/daemon/escalation-mapper", 1);
  std::istringstream in(input);
  std::ostringstream out, err;
  Result result;
  result.exit_code = RunEscalationctl(arguments, in, out, err);
  result.out = out.str();
  result.err = err.str();
  return result;
}

Result Import(std::vector<std::string> options, const std::string& input = "") {
  options.insert(options.begin(), {"import", input.empty() ? kExport : "-", "--program", kProgram});
  return Ctl(options, input);
}

Result Simulate(const std::string& history) {
  return Ctl({"simulate", "--policy", kPolicy, "-o", "table", "-"}, history);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

// The lines that begin with `word`.
std::string LinesOf(const std::string& text, const std::string& word) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(word, 0) == 0) CatTo(&out, line, "\n");
  }
  return out;
}

TEST(Import, AHistoryTellsWhoWouldHaveBeenPaged) {
  const Result history = Import({"--as", "history"});
  ASSERT_EQ(history.exit_code, 0) << history.err;
  EXPECT_EQ(history.err, "11 lines, 10 events, 0 lines rejected\n");
  const Result simulated = Simulate(history.out);
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  EXPECT_EQ(LinesOf(simulated.out, "page"),
            "page 35500 on_call key=default/35500/unanswered/1/1 step=1 severity=high "
            "at=2026-03-10T10:30:00Z\n"
            "page 35436 on_call key=default/35436/unanswered/1/1 step=1 severity=high "
            "at=2026-03-10T10:45:00Z\n");
}

TEST(Import, AnArchiveIsTheSameHistoryForReplay) {
  const TemporaryDirectory folder;
  const std::string archive = "archive:" + folder / "a";
  ASSERT_EQ(Import({"--as", "history", "--out", archive}).exit_code, 0);
  const Result verified = Ctl({"archive", "verify", folder / "a"});
  EXPECT_EQ(verified.exit_code, 0) << verified.err;
  const Result replayed =
      Ctl({"replay", "--log", archive, "--policy", kPolicy, "--diff", "-o", "jsonl"});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_NE(replayed.out.find("default/35500/unanswered/1/1"), std::string::npos) << replayed.out;
  EXPECT_NE(replayed.out.find("default/35436/unanswered/1/1"), std::string::npos);
  // The same export is the same log.
  const std::string again = "archive:" + folder / "b";
  ASSERT_EQ(Import({"--as", "history", "--out", again}).exit_code, 0);
  EXPECT_EQ(ReadFile(folder / "a/manifest.json"), ReadFile(folder / "b/manifest.json"));
}

TEST(Import, TicketsThatAreTakenOverPageNobodyForWhatWasBrokenBefore) {
  const Result observed = Import({"--as", "observed", "--as-of", "2026-03-10T12:30:00Z"});
  ASSERT_EQ(observed.exit_code, 0) << observed.err;
  EXPECT_EQ(observed.err,
            "11 lines, 10 events, 0 lines rejected\n"
            "2 tickets taken over as of 2026-03-10T12:30:00Z, 1 closed, merged or erased ones left "
            "out\n");
  const Result simulated = Simulate(observed.out);
  ASSERT_EQ(simulated.exit_code, 0) << simulated.err;
  EXPECT_EQ(LinesOf(simulated.out, "page"), "");
  EXPECT_EQ(LinesOf(simulated.out, "clock"),
            "clock 35436 first_response started due=2026-03-10T10:00:00Z at=2026-03-10T09:00:00Z\n"
            "clock 35436 first_response met used=20m at=2026-03-10T09:20:00Z\n"
            "clock 35436 next_response started due=2026-03-10T10:45:00Z at=2026-03-10T09:45:00Z\n"
            "clock 35436 next_response breached recorded_only used=1h at=2026-03-10T10:45:00Z\n"
            "clock 35500 first_response started due=2026-03-10T10:30:00Z at=2026-03-10T09:30:00Z\n"
            "clock 35500 first_response breached recorded_only used=1h at=2026-03-10T10:30:00Z\n");
}

TEST(Import, WhatIsNotDueYetStillPagesLater) {
  const Result observed = Import({"--as", "observed", "--as-of", "2026-03-10T10:00:00Z"});
  ASSERT_EQ(observed.exit_code, 0) << observed.err;
  EXPECT_EQ(LinesOf(Simulate(observed.out).out, "page"),
            "page 35500 on_call key=default/35500/unanswered/1/1 step=1 severity=high "
            "at=2026-03-10T10:30:00Z\n"
            "page 35436 on_call key=default/35436/unanswered/1/1 step=1 severity=high "
            "at=2026-03-10T10:45:00Z\n");
}

TEST(Import, LinesThatAreNotMappedAreNamedCopiedAndStopTheImport) {
  const TemporaryDirectory folder;
  const std::string bad =
      R"({"detail-type":"Support Ticket: Odd","detail":{"ticket_event":{"type":"Odd","ticket":{},"meta":{}}}})";
  const std::string input = Cat(ReadFile(kExport), bad, "\n\nnope\n");
  const std::string out = folder / "out.jsonl", rejected = folder / "rejected.jsonl";
  const Result stopped = Import({"--as", "history", "--out", out, "--rejected", rejected}, input);
  EXPECT_EQ(stopped.exit_code, 1);
  EXPECT_EQ(stopped.err, Cat("-:12: ", kProgram, ": unknown kind of event: Odd\n",
                             "-:14: 1:1: expected a value\n",
                             "13 lines, 10 events, 2 lines rejected\nnothing was written\n",
                             "  hint: --keep-going goes on without these lines\n"));
  EXPECT_EQ(ReadFile(rejected), Cat(bad, "\nnope\n"));
  EXPECT_FALSE(std::ifstream(out).good());
  const Result rest = Import({"--as", "history", "--out", out, "--keep-going"}, input);
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(ReadFile(out), Import({"--as", "history"}).out);
}

TEST(Import, UsageAndProgramsAreChecked) {
  EXPECT_EQ(Import({}).exit_code, 2);
  EXPECT_EQ(Import({"--as", "history", "--post"}).exit_code, 2);
  EXPECT_EQ(Import({"--as", "observed", "--as-of", "noon"}).exit_code, 2);
  EXPECT_EQ(Import({"--as", "history", "--header", "x"}).exit_code, 2);
  EXPECT_EQ(Ctl({"import", kExport, "--program", kPolicy, "--as", "history"}).exit_code, 78);
  EXPECT_EQ(Ctl({"import", "/nowhere", "--program", kProgram, "--as", "history"}).exit_code, 1);
}

}  // namespace
}  // namespace escalation
