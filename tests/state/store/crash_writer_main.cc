// Commits turns to a store until it is killed:
//
//   store_crash_writer DIR FIRST [FAILURE]
//
//   committed N     turn N is committed; each turn writes the keys "first", "last" and "turn N"
//   flushed N       everything up to turn N is flushed
//   failed CODE MESSAGE, again CODE    the first commit that failed, and the one after it
//
// FAILURE: a disk that becomes full or fails, see failing_disk.h.
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "state/base/text.h"
#include "state/store/rocksdb_store.h"
#include "tests/state/store/store_turns.h"
#include "tests/support/failing_disk.h"

namespace escalation {
namespace {

void Print(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

int Main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (argc > 3 && !FailDisk(argv[3])) return 2;
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
