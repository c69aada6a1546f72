// tests/bench/bench_directory.h
//
// A directory of a measurement's own, and reading files.
//
//   Errors      a directory that cannot be made ends the benchmark
//   Threads     values
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "state/base/check.h"

namespace escalation {

// Removed at its end.
class BenchDirectory {
 public:
  BenchDirectory() : path_(std::filesystem::temp_directory_path() / "escalation-bench-XXXXXX") {
    ESCALATION_CHECK(::mkdtemp(path_.data()) != nullptr, path_);
  }
  BenchDirectory(const BenchDirectory&) = delete;
  BenchDirectory& operator=(const BenchDirectory&) = delete;
  ~BenchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace escalation
