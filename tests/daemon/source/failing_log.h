// tests/daemon/source/failing_log.h
//
// A log and dead letters in memory that fail as told.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/log/dead_letters.h"
#include "daemon/log/memory_log.h"

namespace escalation {

class FakeLetters : public DeadLetters {
 public:
  const std::string& incarnation() const override { return incarnation_; }
  absl::StatusOr<int64_t> Put(const v1::DeadLetter& letter) override {
    if (fails) return absl::UnavailableError("the disk is away");
    letters.push_back(letter);
    return static_cast<int64_t>(letters.size()) - 1;
  }
  absl::StatusOr<StoredLetter> Get(int64_t position) const override {
    return StoredLetter{position, letters.at(static_cast<size_t>(position))};
  }
  absl::StatusOr<LetterPage> List(int64_t, size_t, size_t) const override { return LetterPage{}; }

  std::vector<v1::DeadLetter> letters;
  bool fails = false;

 private:
  const std::string incarnation_ = "letters";
};

// Refuses what it is told to, keeping order: what stands behind a refused record is refused too.
class FailingLog : public MemoryLog {
 public:
  using MemoryLog::MemoryLog;
  void AppendTogether(Partition partition, std::vector<ToAppend> records) override {
    bool failed = false;
    for (ToAppend& record : records) {
      failed |= refuse && refuse(record.value);
      if (failed && lost_order > 0) {
        --lost_order;
        record.done(why);
        failed = false;
      } else if (failed) {
        record.done(why);
      } else {
        MemoryLog::Append(partition, std::move(record.value), std::move(record.done));
      }
    }
  }
  void Append(Partition partition, std::string value, Done done) override {
    if (refuse && refuse(value)) return done(why);
    MemoryLog::Append(partition, std::move(value), std::move(done));
  }

  std::function<bool(const std::string& value)> refuse;
  absl::Status why = absl::ResourceExhaustedError("the log is full");
  // So many records fail alone, whatever follows them.
  int lost_order = 0;
};

}  // namespace escalation
