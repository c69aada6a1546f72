// tests/support/failing_disk.h
//
// A disk that becomes full or fails, for a program of its own: defines write, fsync and fdatasync
// in the place of libc's, also for the libraries that the program uses. Included by main.cc only.
//
//   Input       FailDisk("space:BYTES"): writes fail with ENOSPC after so many bytes
//               FailDisk("sync:COUNT"): syncs fail with EIO after so many
//   Threads     safe everywhere
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>

namespace escalation {

inline std::atomic<int64_t> disk_bytes_left{std::numeric_limits<int64_t>::max()};
inline std::atomic<int64_t> disk_syncs_left{std::numeric_limits<int64_t>::max()};

inline bool FailDisk(const std::string& how) {
  const size_t colon = how.find(':');
  if (colon == std::string::npos) return false;
  const int64_t amount = std::atoll(how.c_str() + colon + 1);
  if (how.substr(0, colon) == "space") {
    disk_bytes_left = amount;
  } else if (how.substr(0, colon) == "sync") {
    disk_syncs_left = amount;
  } else {
    return false;
  }
  return true;
}

inline int SyncOrFail(long call, int fd) {
  if (disk_syncs_left.fetch_sub(1) > 0) return static_cast<int>(::syscall(call, fd));
  errno = EIO;
  return -1;
}

}  // namespace escalation

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  using escalation::disk_bytes_left;
  // Standard output is no disk.
  if (fd <= STDERR_FILENO ||
      disk_bytes_left.fetch_sub(static_cast<int64_t>(size)) >= static_cast<int64_t>(size)) {
    return ::syscall(SYS_write, fd, data, size);
  }
  errno = ENOSPC;
  return -1;
}

int fsync(int fd) { return escalation::SyncOrFail(SYS_fsync, fd); }
int fdatasync(int fd) { return escalation::SyncOrFail(SYS_fdatasync, fd); }

}  // extern "C"
