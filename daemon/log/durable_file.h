// daemon/log/durable_file.h
//
// Files and directories that must be there after a power cut, and the lock on a directory.
//
//   Input       paths
//   Output      files on disk
//   Invariants  1. a file has its old content or all of its new content, never part of it
//   Errors      kResourceExhausted: disk full. kFailedPrecondition: no permission, or locked by
//               another process. kNotFound. kUnavailable: too many open files. kDataLoss: the disk
//               failed
//   Threads     safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace escalation {

// "path: what: words of errno", with the code that says what the caller should do.
absl::Status FromErrno(int error, std::string_view path, std::string_view what);

// Closes what it holds.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();

  static absl::StatusOr<FileDescriptor> Open(const std::string& path, int flags);

  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

absl::Status WriteAll(int fd, std::string_view bytes, std::string_view path);
// Fewer bytes than asked for: the file ended.
absl::StatusOr<std::string> ReadAt(int fd, uint64_t position, size_t bytes, std::string_view path);
// The whole file; kInvalidArgument above bytes_max.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max);

absl::Status SyncFile(int fd, std::string_view path);
absl::Status SyncDirectory(const std::string& dir);
// Renames and makes the new name durable. Both names are in `dir`.
absl::Status RenameDurably(const std::string& from, const std::string& to, const std::string& dir);
// Writes `path` through a temporary file.
absl::Status WriteDurably(const std::string& path, std::string_view bytes);

// Creates `dir` and what is missing above it.
absl::Status MakeDirectory(const std::string& dir);

// Held until destruction; gone with the process, however it dies.
absl::StatusOr<FileDescriptor> LockDirectory(const std::string& dir);

}  // namespace escalation
