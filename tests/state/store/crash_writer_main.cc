// Commits turns to a store until it is killed:
//
//   store_crash_writer DIR FIRST [FILE_BYTES_MAX]
//
//   committed N     turn N is committed; each turn writes the keys "first", "last" and "turn N"
//   flushed N       everything up to turn N is flushed
//   failed CODE MESSAGE, again CODE    the first commit that failed, and the one after it
//
// With FILE_BYTES_MAX no file may grow beyond it, as on a full disk.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "state/base/text.h"
#include "state/store/rocksdb_store.h"
#include "tests/state/store/store_turns.h"

namespace escalation {
namespace {

void Print(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3) {
    // The write fails with EFBIG instead of a signal.
    std::signal(SIGXFSZ, SIG_IGN);
    const rlim_t bytes = static_cast<rlim_t>(std::atoll(argv[3]));
    const rlimit limit = {bytes, bytes};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
  }
  RocksdbStoreOptions options;
  options.flush_bytes_max = 256 << 10;
  absl::StatusOr<std::unique_ptr<RocksdbStore>> store =
      RocksdbStore::Open(argv[1], kStoreIdentity, options);
  if (!store.ok()) {
    Print(Cat("open ", std::string(store.status().message())));
    return 1;
  }
  absl::Status status;
  for (int64_t n = std::atoll(argv[2]);; ++n) {
    status = (*store)->Commit(NumberedTurn(n));
    if (!status.ok()) break;
    Print(Cat("committed ", n));
    if (n % 100 != 99) continue;
    status = (*store)->Flush();
    if (!status.ok()) break;
    Print(Cat("flushed ", n));
  }
  std::string message(status.message());
  std::replace(message.begin(), message.end(), '\n', ' ');
  Print(Cat("failed ", static_cast<int>(status.code()), " ", message));
  Print(Cat("again ", static_cast<int>((*store)->Commit(NumberedTurn(0)).code())));
  return 0;
}

}  // namespace
}  // namespace escalation

int main(int argc, char** argv) { return escalation::Main(argc, argv); }
