// tests/support/temporary_directory.h
//
// A directory for one test, removed at its end.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "state/base/check.h"

namespace escalation {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(testing::TempDir() + "/escalation-XXXXXX") {
    ESCALATION_CHECK(::mkdtemp(path_.data()) != nullptr, path_);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace escalation
