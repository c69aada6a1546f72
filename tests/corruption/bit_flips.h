// tests/corruption/bit_flips.h
//
// Turns over one bit of a directory's files at a time, or takes one file away, and counts what
// became of it.
//
//   Input       a directory that is left as it is; a seed; what opens and reads a damaged copy
//   Output      counts; failures of the test where the damage got through
//   Invariants  1. each copy differs from the original in exactly one bit, or one file
//   Threads     one owner
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
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

inline const char* ToText(Finding::Kind kind) {
  static constexpr const char* kNames[] = {"refused", "detected", "harmless", "older", "WRONG"};
  return kNames[kind];
}

// Nothing else than what was written is served, and an error says where to look.
inline void ExpectHonest(const Finding& finding, const std::string& dir, const std::string& what) {
  EXPECT_NE(finding.kind, Finding::kWrong) << what;
  if (finding.kind != Finding::kRefused && finding.kind != Finding::kDetected) return;
  EXPECT_NE(std::string(finding.status.message()).find(dir), std::string::npos)
      << what << ": " << finding.status;
  EXPECT_TRUE(absl::IsDataLoss(finding.status) || absl::IsFailedPrecondition(finding.status))
      << what << ": " << finding.status;
}

// Flips `count` bits of `original`, half of them anywhere, half in a file of its own choice, so
// that small files have their share. `examine` opens and reads the damaged copy in `dir`.
inline std::map<Finding::Kind, int> FlipBits(
    const std::string& original, int count, uint64_t seed,
    const std::function<Finding(const std::string& dir)>& examine) {
  const std::vector<std::string> all = ListFiles(original);
  std::vector<std::string> files;
  std::vector<uint64_t> ends;
  uint64_t bytes = 0;
  for (const std::string& file : all) {
    if (!std::filesystem::is_regular_file(file) || std::filesystem::file_size(file) == 0) continue;
    files.push_back(std::filesystem::relative(file, original));
    ends.push_back(bytes += std::filesystem::file_size(file));
  }
  std::mt19937_64 random(seed);
  std::map<Finding::Kind, int> counts;
  std::map<std::string, std::map<Finding::Kind, int>> by_file;
  for (int i = 0; i < count; ++i) {
    const size_t file =
        i % 2 == 0
            ? static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), random() % bytes) -
                                  ends.begin())
            : random() % files.size();
    const uint64_t size = ends[file] - (file == 0 ? 0 : ends[file - 1]);
    const uint64_t bit = random() % (size * 8);
    const TemporaryDirectory copy;
    const std::string dir = copy / "copy";
    std::filesystem::copy(original, dir, std::filesystem::copy_options::recursive);
    {
      std::fstream damaged(dir + "/" + files[file],
                           std::ios::binary | std::ios::in | std::ios::out);
      damaged.seekg(static_cast<std::streamoff>(bit / 8));
      const int byte = damaged.get();
      damaged.seekp(static_cast<std::streamoff>(bit / 8));
      damaged.put(static_cast<char>(byte ^ (1 << (bit % 8))));
    }
    const Finding finding = examine(dir);
    ++counts[finding.kind];
    ++by_file[files[file]][finding.kind];
    ExpectHonest(finding, dir, files[file] + ", bit " + std::to_string(bit));
  }
  for (const auto& [file, kinds] : by_file) {
    std::cout << file << ":";
    for (const auto& [kind, number] : kinds) std::cout << " " << number << " " << ToText(kind);
    std::cout << "\n";
  }
  std::cout << count << " flips:";
  for (const auto& [kind, number] : counts) std::cout << " " << number << " " << ToText(kind);
  std::cout << "\n";
  return counts;
}

// Takes each file of `original` away, one at a time.
inline void MissFiles(const std::string& original,
                      const std::function<Finding(const std::string& dir)>& examine) {
  for (const std::string& path : ListFiles(original)) {
    if (!std::filesystem::is_regular_file(path)) continue;
    const std::string file = std::filesystem::relative(path, original);
    const TemporaryDirectory copy;
    const std::string dir = copy / "copy";
    std::filesystem::copy(original, dir, std::filesystem::copy_options::recursive);
    std::filesystem::remove(dir + "/" + file);
    const Finding finding = examine(dir);
    std::cout << "without " << file << ": " << ToText(finding.kind) << "\n";
    // Without its manifest, an archive is none.
    if (!absl::IsNotFound(finding.status)) ExpectHonest(finding, dir, "without " + file);
  }
}

}  // namespace escalation
