// tests/daemon/source/reader_fixture.h
//
// One reader in its world, driven step by step.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/daemon/source/reader_world.h"

namespace escalation {

inline const StreamPartition kZero{"tickets", 0};
inline const StreamPartition kOne{"tickets", 1};

class SourceReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    world_.broker.partitions[kZero];
    Start();
  }
  void Start(SourceReaderOptions options = {}) {
    options.mark_every = Duration::Hours(1);  // Unless a test is about marks.
    StartWithMarks(options);
  }
  void StartWithMarks(SourceReaderOptions options) {
    options.commit_every = {0};
    options.discover_every = {0};
    options_ = options;
    instance_ = world_.Start(options);
  }
  // What is in memory of the reader is gone.
  void Restart() { instance_ = world_.Start(options_); }
  void Put(const std::string& value, StreamPartition id = kZero) {
    world_.broker.Put(id, value, world_.now);
  }
  absl::Status Step() { return instance_.reader->Step({0}); }
  void Steps(int count = 4) {
    for (int i = 0; i < count; ++i) ASSERT_TRUE(Step().ok());
  }
  // Without marks.
  std::vector<std::string> Tickets() {
    std::vector<std::string> out;
    for (const std::string& told : world_.Told()) {
      if (told != "hold" && !told.starts_with("mark")) out.push_back(told);
    }
    return out;
  }
  int64_t Committed(StreamPartition id = kZero) { return world_.broker.committed.at(id).offset; }

  ReaderWorld world_;
  SourceReaderOptions options_;
  ReaderWorld::Instance instance_;
};

}  // namespace escalation
