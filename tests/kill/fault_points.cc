// Counts what a process does to its files and sockets, and fails or kills it at one of these
// points.
//
// A shared library that is loaded before the others (LD_PRELOAD) and stands in the place of libc's
// functions, also for the libraries that the process uses.
//
//   Input       FAULT_DIR: files below it are watched, and every internet socket
//               FAULT_TRACE: gets one line for each operation: what it does to which kind of file,
//               as "fdatasync log/db/*.log"; "! ..." is the one that was failed
//               FAULT_POINT: "fdatasync log/db/*.log#3", the third of its kind; none: only counts
//               FAULT_KIND: see kKinds
//   Errors      none of its own: without FAULT_DIR it does nothing
//   Threads     safe everywhere

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>

namespace {

enum class Fault {
  kNone,
  kKill,       // SIGKILL before the operation.
  kKillAfter,  // SIGKILL after it.
  kTorn,       // SIGKILL after half of the bytes.
  kShort,      // Half of the bytes are taken, which is no error.
  kFail,       // It fails once.
  kFailOn,     // It fails, and so does everything of that sort from then on.
};

struct Kind {
  const char* name;
  Fault fault;
  int error;
};
constexpr Kind kKinds[] = {
    {"kill", Fault::kKill, 0},           {"kill_after", Fault::kKillAfter, 0},
    {"torn", Fault::kTorn, 0},           {"short", Fault::kShort, 0},
    {"eio", Fault::kFail, EIO},          {"eio_on", Fault::kFailOn, EIO},
    {"enospc", Fault::kFail, ENOSPC},    {"enospc_on", Fault::kFailOn, ENOSPC},
    {"reset", Fault::kFail, ECONNRESET}, {"refuse", Fault::kFail, ECONNREFUSED},
};

// What is asked of the disk: decides what a lasting failure touches.
enum class Sort { kSocket, kSpace, kSync, kName };

struct Plan {
  std::string dir;
  int trace = -1;
  std::string point;
  Kind kind{"", Fault::kNone, 0};
};

std::string Variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

const Plan& ThePlan() {
  static const Plan* const plan = [] {
    auto* const made = new Plan;  // Lives as long as the last thread that writes.
    made->dir = Variable("FAULT_DIR");
    made->point = Variable("FAULT_POINT");
    const std::string kind = Variable("FAULT_KIND");
    for (const Kind& known : kKinds) {
      if (kind == known.name) made->kind = known;
    }
    const std::string trace = Variable("FAULT_TRACE");
    if (!trace.empty()) {
      made->trace = static_cast<int>(syscall(SYS_openat, AT_FDCWD, trace.c_str(),
                                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    }
    return made;
  }();
  return *plan;
}

// Before the program has threads.
__attribute__((constructor)) void ReadPlan() { ThePlan(); }

void Note(const std::string& line) {
  if (ThePlan().trace < 0) return;
  const std::string whole = line + "\n";
  syscall(SYS_write, ThePlan().trace, whole.data(), whole.size());
}

[[noreturn]] void Die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

// "/dir/log/db/000012.log" -> "log/db/*.log"; empty: not watched.
std::string KindOfPath(const char* path) {
  const std::string& dir = ThePlan().dir;
  const std::string whole = path == nullptr ? "" : path;
  if (dir.empty() || whole.compare(0, dir.size(), dir) != 0 || whole[dir.size()] != '/') return "";
  std::string kind;
  for (size_t i = dir.size() + 1; i < whole.size(); ++i) {
    if (std::isdigit(static_cast<unsigned char>(whole[i])) == 0) {
      kind += whole[i];
    } else if (kind.empty() || kind.back() != '*') {
      kind += '*';
    }
  }
  return kind;
}

std::array<std::atomic<bool>, 65536> connected_by_us;

bool IsInternetSocket(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
         (address.ss_family == AF_INET || address.ss_family == AF_INET6);
}

std::string KindOfDescriptor(int fd) {
  if (ThePlan().dir.empty() || fd < 0) return "";
  struct stat info = {};
  if (fstat(fd, &info) != 0) return "";
  if (S_ISSOCK(info.st_mode)) {
    if (!IsInternetSocket(fd)) return "";
    const auto slot = static_cast<size_t>(fd);
    return slot < connected_by_us.size() && connected_by_us[slot] ? "to the pager" : "to a client";
  }
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return "";
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(link.c_str(), path, sizeof(path) - 1);
  if (size <= 0) return "";
  path[size] = '\0';
  return KindOfPath(path);
}

// Counts the operation; what is to happen to it.
Fault Reached(const char* name, const std::string& kind, Sort sort) {
  if (kind.empty()) return Fault::kNone;
  static std::mutex* const mutex = new std::mutex;
  static auto* const counts = new std::map<std::string, int>;
  static std::atomic<bool> failing{false};
  const Plan& plan = ThePlan();
  const std::string operation = std::string(name) + " " + kind;
  {
    const std::lock_guard lock(*mutex);
    const int count = ++(*counts)[operation];
    if (operation + "#" + std::to_string(count) == plan.point) {
      Note("! " + operation);
      if (plan.kind.fault == Fault::kFailOn) failing = true;
      return plan.kind.fault;
    }
    Note(operation);
  }
  if (!failing || sort == Sort::kSocket) return Fault::kNone;
  // A full disk still syncs; a broken one does nothing any more.
  if (plan.kind.error == ENOSPC && sort != Sort::kSpace) return Fault::kNone;
  return Fault::kFail;
}

// Carries out `call`, or what is to happen instead. `half` does it with half of the bytes.
template <typename Result, typename Call, typename Half>
Result At(const char* name, const std::string& kind, Sort sort, Call call, Half half) {
  const int before = errno;
  const Fault fault = Reached(name, kind, sort);
  errno = before;
  switch (fault) {
    case Fault::kNone:
      return call();
    case Fault::kKill:
      Die();
    case Fault::kKillAfter:
      call();
      Die();
    case Fault::kTorn:
      half();
      Die();
    case Fault::kShort:
      return half();
    case Fault::kFail:
    case Fault::kFailOn:
      errno = ThePlan().kind.error;
      return static_cast<Result>(-1);
  }
  return call();
}

template <typename Result, typename Call>
Result At(const char* name, const std::string& kind, Sort sort, Call call) {
  return At<Result>(name, kind, sort, call, call);
}

// libc's function that the caller replaces.
template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

template <typename Call>
ssize_t WriteAt(const char* name, int fd, size_t size, Call call) {
  const std::string kind = KindOfDescriptor(fd);
  const bool socket = kind.rfind("to ", 0) == 0;
  return At<ssize_t>(
      socket ? "send" : name, kind, socket ? Sort::kSocket : Sort::kSpace,
      [&] { return call(size); }, [&] { return call((size + 1) / 2); });
}

int OpenAt(const char* name, int dir, const char* path, int flags, mode_t mode) {
  static auto* const next = Next<int(int, const char*, int, ...)>("openat");
  if ((flags & O_CREAT) == 0) return next(dir, path, flags, mode);
  return At<int>(name, KindOfPath(path), Sort::kSpace,
                 [&] { return next(dir, path, flags, mode); });
}

mode_t ModeOf(int flags, va_list list) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(list, mode_t) : 0;
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  static auto* const next = Next<decltype(write)>("write");
  return WriteAt("write", fd, size, [&](size_t part) { return next(fd, data, part); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t position) {
  static auto* const next = Next<decltype(pwrite)>("pwrite");
  return WriteAt("pwrite", fd, size, [&](size_t part) { return next(fd, data, part, position); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t position) {
  static auto* const next = Next<decltype(pwrite64)>("pwrite64");
  return WriteAt("pwrite", fd, size, [&](size_t part) { return next(fd, data, part, position); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static auto* const next = Next<decltype(writev)>("writev");
  return WriteAt("writev", fd, 2,
                 [&](size_t part) { return next(fd, parts, part == 2 ? count : (count + 1) / 2); });
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  static auto* const next = Next<decltype(send)>("send");
  return WriteAt("send", fd, size, [&](size_t part) { return next(fd, data, part, flags); });
}

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t address_size) {
  static auto* const next = Next<decltype(sendto)>("sendto");
  return WriteAt("send", fd, size,
                 [&](size_t part) { return next(fd, data, part, flags, address, address_size); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static auto* const next = Next<decltype(sendmsg)>("sendmsg");
  return WriteAt("send", fd, 2, [&](size_t part) {
    msghdr some = *message;
    if (part != 2) some.msg_iovlen = (some.msg_iovlen + 1) / 2;
    return next(fd, &some, flags);
  });
}

ssize_t sendfile64(int out, int in, off64_t* position, size_t size) {
  static auto* const next = Next<decltype(sendfile64)>("sendfile64");
  return WriteAt("send", out, size, [&](size_t part) { return next(out, in, position, part); });
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static auto* const next = Next<decltype(connect)>("connect");
  const auto slot = static_cast<size_t>(fd);
  if (fd >= 0 && slot < connected_by_us.size()) connected_by_us[slot] = true;
  return At<int>("connect", KindOfDescriptor(fd), Sort::kSocket,
                 [&] { return next(fd, address, size); });
}

int accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  static auto* const next = Next<decltype(accept4)>("accept4");
  const int accepted = next(fd, address, size, flags);
  const auto slot = static_cast<size_t>(accepted);
  if (accepted >= 0 && slot < connected_by_us.size()) connected_by_us[slot] = false;
  return accepted;
}

int fsync(int fd) {
  static auto* const next = Next<decltype(fsync)>("fsync");
  return At<int>("fsync", KindOfDescriptor(fd), Sort::kSync, [&] { return next(fd); });
}

int fdatasync(int fd) {
  static auto* const next = Next<decltype(fdatasync)>("fdatasync");
  return At<int>("fdatasync", KindOfDescriptor(fd), Sort::kSync, [&] { return next(fd); });
}

int sync_file_range(int fd, off64_t from, off64_t size, unsigned flags) {
  static auto* const next = Next<decltype(sync_file_range)>("sync_file_range");
  return At<int>("sync_file_range", KindOfDescriptor(fd), Sort::kSync,
                 [&] { return next(fd, from, size, flags); });
}

int ftruncate(int fd, off_t size) noexcept {
  static auto* const next = Next<int(int, off_t)>("ftruncate");
  return At<int>("ftruncate", KindOfDescriptor(fd), Sort::kSpace, [&] { return next(fd, size); });
}

int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

int fallocate(int fd, int mode, off_t from, off_t size) {
  static auto* const next = Next<int(int, int, off_t, off_t)>("fallocate");
  return At<int>("fallocate", KindOfDescriptor(fd), Sort::kSpace,
                 [&] { return next(fd, mode, from, size); });
}

int fallocate64(int fd, int mode, off64_t from, off64_t size) {
  return fallocate(fd, mode, from, size);
}

int rename(const char* from, const char* to) noexcept {
  static auto* const next = Next<int(const char*, const char*)>("rename");
  return At<int>("rename", KindOfPath(to), Sort::kName, [&] { return next(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static auto* const next = Next<int(const char*, const char*)>("link");
  return At<int>("link", KindOfPath(to), Sort::kSpace, [&] { return next(from, to); });
}

int unlink(const char* path) noexcept {
  static auto* const next = Next<int(const char*)>("unlink");
  return At<int>("unlink", KindOfPath(path), Sort::kName, [&] { return next(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static auto* const next = Next<int(const char*, mode_t)>("mkdir");
  return At<int>("mkdir", KindOfPath(path), Sort::kSpace, [&] { return next(path, mode); });
}

int rmdir(const char* path) noexcept {
  static auto* const next = Next<int(const char*)>("rmdir");
  return At<int>("rmdir", KindOfPath(path), Sort::kName, [&] { return next(path); });
}

int open(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt("open", AT_FDCWD, path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt("open", AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char* path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  const mode_t mode = ModeOf(flags, list);
  va_end(list);
  return OpenAt("open", dir, path, flags, mode);
}

}  // extern "C"
