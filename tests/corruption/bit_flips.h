// tests/corruption/bit_flips.h
//
// Turns over one bit of a directory's files at a time, or takes one file away, and counts what
// became of it.
//
//   Input       a directory that is left as it is; what opens and reads a damaged copy. From the
//               environment, for more or for one again: CORRUPTION_FLIPS, how many;
//               CORRUPTION_SEED, which; CORRUPTION_ONLY, "FILE@BIT"
//   Output      counts; failures of the test where the damage got through, or is not told with the
//               file's name; each says how to repeat it
//   Invariants  1. each copy differs from the original in exactly one bit, or one file
//   Threads     one owner
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "state/base/text.h"
#include "tests/support/list_files.h"
#include "tests/support/temporary_directory.h"

namespace escalation {

struct Finding {
  enum Kind {
    kRefused,   // It does not open; `status` says why.
    kDetected,  // It opens, and what is damaged is not served; `status` says why.
    kHarmless,  // Everything is served as it was.
    kOlder,     // It is served as it was some turns ago: what a crash may leave.
    kWrong,     // Something else is served.
  };
  Kind kind = kWrong;
  absl::Status status;
};

using Examine = std::function<Finding(const std::string& dir)>;

inline const char* ToText(Finding::Kind kind) {
  static constexpr const char* kNames[] = {"refused", "detected", "harmless", "older", "WRONG"};
  return kNames[kind];
}

// What is examined now, for a crash on the way.
inline char examined_now[512];

inline void TellWhatCrashed(int signal) {
  if (::write(STDERR_FILENO, examined_now, std::strlen(examined_now)) < 0) ::_exit(1);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

class BitFlips {
 public:
  explicit BitFlips(std::string original) : original_(std::move(original)) {
    for (const std::string& path : ListFiles(original_)) {
      if (!std::filesystem::is_regular_file(path)) continue;
      const std::string file = std::filesystem::relative(path, original_);
      all_.push_back(file);
      if (std::filesystem::file_size(path) == 0) continue;
      files_.push_back(file);
      bytes_[file] = std::filesystem::file_size(path);
    }
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) std::signal(signal, TellWhatCrashed);
  }

  // Flips `count` bits, half of them anywhere, half in a file of its own choice, so that small
  // files have their share.
  std::map<Finding::Kind, int> Run(int count, uint64_t seed, const Examine& examine) {
    if (const char* only = ::getenv("CORRUPTION_ONLY")) {
      const std::string flip(only);
      const size_t at = flip.find('@');
      Flip(flip.substr(0, at), std::strtoull(flip.c_str() + at + 1, nullptr, 10), examine);
      return counts_;
    }
    if (const char* flips = ::getenv("CORRUPTION_FLIPS")) count = std::atoi(flips);
    if (const char* other = ::getenv("CORRUPTION_SEED")) seed = std::strtoull(other, nullptr, 10);
    std::mt19937_64 random(seed);
    for (int i = 0; i < count; ++i) {
      std::string file = files_[random() % files_.size()];
      uint64_t byte = random() % Bytes();
      if (i % 2 == 0) {
        for (const std::string& other : files_) {
          file = other;
          if (byte < bytes_[other]) break;
          byte -= bytes_[other];
        }
      }
      Flip(file, byte % bytes_[file] * 8 + random() % 8, examine);
    }
    for (const auto& [file, kinds] : by_file_) Print(file, kinds);
    Print(Cat(count, " flips"), counts_);
    return counts_;
  }

  // Takes each file away, one at a time.
  void Miss(const Examine& examine) {
    if (::getenv("CORRUPTION_ONLY") != nullptr) return;
    for (const std::string& file : all_) {
      const TemporaryDirectory copy;
      const std::string dir = Copy(copy);
      std::filesystem::remove(dir + "/" + file);
      Note(Cat("without ", file));
      const Finding finding = examine(dir);
      std::cout << "without " << file << ": " << ToText(finding.kind) << "\n";
      // Without its manifest, an archive is none.
      if (absl::IsNotFound(finding.status)) continue;
      // Nothing names a write-ahead log that is not there: its entries are missed.
      const bool is_wal = std::filesystem::path(file).extension() == ".log";
      ExpectHonest(finding, is_wal ? dir : file, Cat("without ", file));
    }
  }

 private:
  uint64_t Bytes() const {
    uint64_t bytes = 0;
    for (const auto& [file, size] : bytes_) bytes += size;
    return bytes;
  }

  std::string Copy(const TemporaryDirectory& where) const {
    const std::string dir = where / "copy";
    std::filesystem::copy(original_, dir, std::filesystem::copy_options::recursive);
    return dir;
  }

  static void Note(const std::string& what) {
    const std::string line = Cat("crashed: ", what, "\n");
    std::memcpy(examined_now, line.c_str(), std::min(line.size() + 1, sizeof(examined_now) - 1));
  }

  void Flip(const std::string& file, uint64_t bit, const Examine& examine) {
    const TemporaryDirectory copy;
    const std::string dir = Copy(copy);
    {
      std::fstream damaged(dir + "/" + file, std::ios::binary | std::ios::in | std::ios::out);
      damaged.seekg(static_cast<std::streamoff>(bit / 8));
      const int byte = damaged.get();
      damaged.seekp(static_cast<std::streamoff>(bit / 8));
      damaged.put(static_cast<char>(byte ^ (1 << (bit % 8))));
    }
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    const std::string what =
        Cat(file, ", byte ", bit / 8, ", bit ", bit % 8, "\n  again: CORRUPTION_ONLY=", file, "@",
            bit, " build/dev/tests/corruption/corruption_test --gtest_filter=",
            std::string(test->test_suite_name()), ".", std::string(test->name()));
    Note(what);
    const Finding finding = examine(dir);
    ++counts_[finding.kind];
    ++by_file_[file][finding.kind];
    ExpectHonest(finding, file, what);
  }

  // Nothing else than what was written is served, and an error says where to look.
  static void ExpectHonest(const Finding& finding, const std::string& file,
                           const std::string& what) {
    EXPECT_NE(finding.kind, Finding::kWrong) << what;
    if (finding.kind != Finding::kRefused && finding.kind != Finding::kDetected) return;
    const std::string name = std::filesystem::path(file).filename();
    EXPECT_NE(std::string(finding.status.message()).find(name), std::string::npos)
        << what << "\n"
        << finding.status;
    EXPECT_TRUE(absl::IsDataLoss(finding.status) || absl::IsFailedPrecondition(finding.status))
        << what << "\n"
        << finding.status;
  }

  static void Print(const std::string& what, const std::map<Finding::Kind, int>& kinds) {
    std::cout << what << ":";
    for (const auto& [kind, number] : kinds) std::cout << " " << number << " " << ToText(kind);
    std::cout << "\n";
  }

  const std::string original_;
  std::vector<std::string> all_;
  // Those that are not empty.
  std::vector<std::string> files_;
  std::map<std::string, uint64_t> bytes_;
  std::map<Finding::Kind, int> counts_;
  std::map<std::string, std::map<Finding::Kind, int>> by_file_;
};

}  // namespace escalation
