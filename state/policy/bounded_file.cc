#include "state/policy/bounded_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "state/base/text.h"

namespace escalation {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

absl::Status FromErrno(const char* what, int error) {
  const std::string message = Cat(what, ": ", std::strerror(error));
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError("no such file");
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(message);
  if (error == ENXIO) return absl::InvalidArgumentError("not a regular file but a socket or FIFO");
  return absl::UnavailableError(message);
}

const char* KindOf(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

std::string SizeText(size_t bytes) {
  return bytes % 1024 == 0 && bytes >= 1024 ? Cat(bytes / 1024, " KiB") : Cat(bytes, " bytes");
}

}  // namespace

absl::StatusOr<std::string> ReadBoundedFile(const std::string& path, size_t bytes_max) {
  if (path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError("the path holds a NUL byte");
  }
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const Descriptor file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (file.get() < 0) return FromErrno("cannot open", errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return FromErrno("cannot look at", errno);
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(Cat("not a regular file but ", KindOf(info.st_mode)));
  }
  const absl::Status too_large = absl::InvalidArgumentError(Cat(
      "too large: ", static_cast<int64_t>(info.st_size), " bytes, at most ", SizeText(bytes_max)));
  if (info.st_size > static_cast<off_t>(bytes_max)) return too_large;
  std::string content(bytes_max + 1, '\0');
  size_t size = 0;
  // The size that stat gave may be wrong (files of /proc) or change: only the bytes read count.
  while (size < content.size()) {
    const ssize_t got = read(file.get(), content.data() + size, content.size() - size);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FromErrno("cannot read", errno);
    size += static_cast<size_t>(got);
  }
  if (size > bytes_max) {
    return absl::InvalidArgumentError(Cat("too large: more than ", SizeText(bytes_max)));
  }
  content.resize(size);
  content.shrink_to_fit();
  return content;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return "";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string ResolvePath(const std::string& folder, const std::string& path) {
  if (folder.empty() || path.empty() || path.front() == '/') return path;
  return Cat(folder, folder.back() == '/' ? "" : "/", path);
}

}  // namespace escalation
