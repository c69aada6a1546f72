// Folds histories in a process of its own, under whatever environment it is started in, and prints
// what sums them up.
//
//   golden_fold [--decisions] ARCHIVE...        archives
//   golden_fold [--decisions] --random FIRST COUNT
//                                               random histories by seed
//   golden_fold --environment                   what it sees of locale, zone and hash seed
//
// --decisions prints every decision before the line of its history.

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <locale>
#include <string>
#include <vector>

#include "absl/hash/hash.h"
#include "daemon/log/archive_log.h"
#include "daemon/source/event_json.h"
#include "state/base/text.h"
#include "tests/golden/golden.h"

namespace escalation::golden {
namespace {

constexpr int kRandomRecords = 400;

int Fail(const std::string& what) {
  std::fprintf(stderr, "golden_fold: %s\n", what.c_str());
  return 1;
}

int FoldAndPrint(const std::string& name, const std::vector<FoldRecord>& records,
                 const std::string& incarnation, bool decisions) {
  const auto print = [&](const v1::Decision& decision) {
    if (decisions) std::printf("%s\n", ToJson(decision).c_str());
  };
  const auto folded = Fold(records, incarnation, 64, print);
  if (!folded.ok()) return Fail(Cat(name, ": ", folded.status().ToString()));
  std::string summary = Summary(*folded);
  for (char& c : summary) c = c == '\n' ? ' ' : c;
  std::printf("%s: %sstate %s\n", name.c_str(), summary.c_str(), folded->state_digest.c_str());
  return 0;
}

int FoldArchive(const std::string& dir, bool decisions) {
  const auto log = OpenArchiveLog(dir);
  if (!log.ok()) return Fail(log.status().ToString());
  const auto records = ReadRecords(**log);
  if (!records.ok()) return Fail(records.status().ToString());
  // Also of "NAME/".
  const std::string name =
      std::filesystem::path(dir + "/.").lexically_normal().parent_path().filename();
  return FoldAndPrint(name, *records, (*log)->identity().incarnation, decisions);
}

// Shows that a locale, a zone and a hash seed have reached the process.
int PrintEnvironment() {
  const std::time_t noon = 1'773'144'000;
  char local[32];
  std::strftime(local, sizeof(local), "%H:%M", std::localtime(&noon));
  std::printf("decimal point %s, local noon %s, hash %zu\n", std::localeconv()->decimal_point,
              local, absl::Hash<std::string>()("T-1"));
  return 0;
}

int Run(std::vector<std::string> arguments) {
  // As a library that we use might do it: whatever the environment says, holds.
  if (std::setlocale(LC_ALL, "") == nullptr) return Fail("the locale is not there");
  std::locale::global(std::locale(""));
  bool decisions = false;
  if (!arguments.empty() && arguments[0] == "--decisions") {
    decisions = true;
    arguments.erase(arguments.begin());
  }
  if (arguments.empty()) return Fail("expected archives, --random or --environment");
  if (arguments[0] == "--environment") return PrintEnvironment();
  if (arguments[0] != "--random") {
    for (const std::string& dir : arguments) {
      if (const int failed = FoldArchive(dir, decisions)) return failed;
    }
    return 0;
  }
  if (arguments.size() != 3) return Fail("--random wants FIRST and COUNT");
  const uint64_t first = std::strtoull(arguments[1].c_str(), nullptr, 10);
  const uint64_t count = std::strtoull(arguments[2].c_str(), nullptr, 10);
  for (uint64_t seed = first; seed < first + count; ++seed) {
    if (const int failed = FoldAndPrint(Cat("random ", seed), RandomRecords(seed, kRandomRecords),
                                        "random", decisions)) {
      return failed;
    }
  }
  return 0;
}

}  // namespace
}  // namespace escalation::golden

int main(int count, char** arguments) {
  return escalation::golden::Run(std::vector<std::string>(arguments + 1, arguments + count));
}
