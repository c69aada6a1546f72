#include "daemon/log/durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "state/base/text.h"

namespace escalation {

absl::Status FromErrno(int error, std::string_view path, std::string_view what) {
  const std::string message = Cat(path, ": ", what, ": ", std::strerror(error));
  switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return absl::ResourceExhaustedError(message);
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    case EACCES:
    case EPERM:
    case EROFS:
    case EEXIST:
    case EISDIR:
      return absl::FailedPreconditionError(message);
    case EMFILE:
    case ENFILE:
      return absl::UnavailableError(message);
    default:
      return absl::DataLossError(message);
  }
}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

absl::StatusOr<FileDescriptor> FileDescriptor::Open(const std::string& path, int flags) {
  // O_NONBLOCK: a FIFO in the place of a file must not hang; it changes nothing for files.
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd < 0) return FromErrno(errno, path, "cannot open");
  return FileDescriptor(fd);
}

absl::Status WriteAll(int fd, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FromErrno(errno, path, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadAt(int fd, uint64_t position, size_t bytes, std::string_view path) {
  std::string out(bytes, '\0');
  size_t filled = 0;
  while (filled < bytes) {
    const ssize_t got =
        ::pread(fd, out.data() + filled, bytes - filled, static_cast<off_t>(position + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno(errno, path, "cannot read");
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  out.resize(filled);
  return out;
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t bytes_max) {
  absl::StatusOr<FileDescriptor> file = FileDescriptor::Open(path, O_RDONLY);
  if (!file.ok()) return file.status();
  struct stat info = {};
  if (::fstat(file->get(), &info) != 0) return FromErrno(errno, path, "cannot read");
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(Cat(path, ": not a regular file"));
  }
  if (static_cast<uint64_t>(info.st_size) > bytes_max) {
    return absl::InvalidArgumentError(
        Cat(path, ": ", info.st_size, " bytes are too many, expected at most ", bytes_max));
  }
  return ReadAt(file->get(), 0, static_cast<size_t>(info.st_size), path);
}

absl::Status SyncFile(int fd, std::string_view path) {
  if (::fsync(fd) != 0) return FromErrno(errno, path, "cannot fsync");
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& dir) {
  absl::StatusOr<FileDescriptor> handle = FileDescriptor::Open(dir, O_RDONLY | O_DIRECTORY);
  if (!handle.ok()) return handle.status();
  return SyncFile(handle->get(), dir);
}

absl::Status RenameDurably(const std::string& from, const std::string& to, const std::string& dir) {
  if (::rename(from.c_str(), to.c_str()) != 0) return FromErrno(errno, to, "cannot rename to it");
  return SyncDirectory(dir);
}

absl::Status WriteDurably(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  absl::StatusOr<FileDescriptor> file =
      FileDescriptor::Open(temporary, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return file.status();
  if (absl::Status status = WriteAll(file->get(), bytes, temporary); !status.ok()) return status;
  if (absl::Status status = SyncFile(file->get(), temporary); !status.ok()) return status;
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return RenameDurably(temporary, path, parent.empty() ? "." : parent);
}

absl::Status MakeDirectory(const std::string& dir) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  if (error) return FromErrno(error.value(), dir, "cannot create the directory");
  return absl::OkStatus();
}

absl::StatusOr<FileDescriptor> LockDirectory(const std::string& dir) {
  absl::StatusOr<FileDescriptor> handle = FileDescriptor::Open(dir, O_RDONLY | O_DIRECTORY);
  if (!handle.ok()) return handle.status();
  if (::flock(handle->get(), LOCK_EX | LOCK_NB) == 0) return handle;
  if (errno != EWOULDBLOCK) return FromErrno(errno, dir, "cannot lock");
  return absl::FailedPreconditionError(
      Cat(dir,
          ": in use by another process\n  hint: one process at a time may write here; stop "
          "the other one first"));
}

}  // namespace escalation
