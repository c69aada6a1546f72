// Appends to an embedded log until it is killed, and prints what was acknowledged:
//
//   log_crash_writer DIR ROUND [FAILURE]
//
//   record OFFSET NUMBER    the record NUMBER of this round has this offset
//   decision SEQ            decisions are published through SEQ
//   failed CODE MESSAGE     the first append that failed; hint lines are joined. The program ends
//   again CODE              what a second append gives after that
//
// FAILURE: a disk that becomes full or fails, see failing_disk.h.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "daemon/log/embedded_log.h"
#include "state/base/text.h"
#include "tests/daemon/log/crash_records.h"
#include "tests/support/failing_disk.h"

namespace escalation {
namespace {

constexpr int kUnderWayMax = 500;

// One write call of less than a pipe's buffer is atomic, so lines do not mix or tear.
void Print(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

class Writer {
 public:
  Writer(Log* log, int round) : log_(log), round_(round) {}

  // Returns when an append has failed.
  void AppendUntilFailure() {
    for (int64_t number = 0;; ++number) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return failed_ || under_way_ < kUnderWayMax; });
        if (failed_) break;
        ++under_way_;
      }
      log_->Append(Partition{0}, CrashRecord(round_, number),
                   [this, number](absl::StatusOr<Appended> done) { Finish(number, done); });
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return under_way_ == 0; });
  }

  void PublishUntilFailure() {
    uint64_t seq = *log_->PublishedThrough(Partition{0});
    for (;;) {
      ++seq;
      if (!log_->Publish(Partition{0}, {CrashDecision(seq)}).ok()) return;
      Print(Cat("decision ", seq));
    }
  }

 private:
  void Finish(int64_t number, const absl::StatusOr<Appended>& done) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    changed_.notify_one();
    if (done.ok()) {
      Print(Cat("record ", done->offset, " ", number));
      return;
    }
    if (failed_) return;
    failed_ = true;
    std::string message(done.status().message());
    std::replace(message.begin(), message.end(), '\n', ' ');
    Print(Cat("failed ", static_cast<int>(done.status().code()), " ", message));
  }

  Log* const log_;
  const int round_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int under_way_ = 0;
  bool failed_ = false;
};

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3 && !FailDisk(argv[3])) return 2;
  EmbeddedLogOptions options;
  options.clock = [] { return Instant{1'773'144'000'000}; };
  absl::StatusOr<std::unique_ptr<Log>> log = OpenEmbeddedLog(argv[1], std::move(options));
  if (!log.ok()) {
    Print(Cat("open ", std::string(log.status().message())));
    return 1;
  }
  Writer writer(log->get(), std::atoi(argv[2]));
  std::thread publisher([&] { writer.PublishUntilFailure(); });
  writer.AppendUntilFailure();
  publisher.join();
  const absl::Status again = AppendAndWait(**log, Partition{0}, "again").status();
  Print(Cat("again ", static_cast<int>(again.code())));
  return 0;
}

}  // namespace
}  // namespace escalation

int main(int argc, char** argv) { return escalation::Main(argc, argv); }
