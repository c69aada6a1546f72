#include "daemon/source/jq_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_split.h"
#include "daemon/mapper/frame.h"
#include "state/base/text.h"
#include "state/policy/bounded_file.h"

namespace escalation {
namespace {

constexpr char kMapperName[] = "escalation-mapper";
constexpr size_t kReadBytes = 64 * 1024;
// The mapper bounds the processor time of compiling by itself; this is for one that hangs.
constexpr std::chrono::minutes kCompileWallTimeMax{2};

absl::Status Unavailable(std::string_view what, int error) {
  return absl::UnavailableError(Cat(kMapperName, ": ", what, ": ", std::strerror(error)));
}

// Attributes and actions of posix_spawn, freed at the end.
class SpawnSettings {
 public:
  explicit SpawnSettings(int socket) {
    posix_spawnattr_init(&attributes_);
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, socket, STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    // A signal that this process holds back must still end that one.
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
    // Of a process group of its own: what a terminal says is said to its owner.
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // 0, or the error.
  int Spawn(const std::string& program, std::vector<std::string> arguments, pid_t* pid) const {
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    std::string sign = kMapperEnvironment;
    std::string zone = "TZ=UTC0";
    char* const environment[] = {sign.data(), zone.data(), nullptr};
    return posix_spawn(pid, program.c_str(), &actions_, &attributes_, pointers.data(), environment);
  }

 private:
  posix_spawnattr_t attributes_;
  posix_spawn_file_actions_t actions_;
};

std::string HowItEnded(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kMapperOutOfMemory) return "took too much memory";
  if (WIFSIGNALED(status)) return Cat("its process was ended by signal ", WTERMSIG(status));
  return Cat("its process ended with status ", WIFEXITED(status) ? WEXITSTATUS(status) : status);
}

// "name:1:5: text" of each line "1:5: text".
std::string Named(const std::string& name, const std::string& lines) {
  std::string out;
  for (const auto& line : absl::StrSplit(lines, '\n')) {
    CatTo(&out, out.empty() ? "" : "\n", name, ":", std::string(line));
  }
  return out;
}

}  // namespace

JqProcess::JqProcess(pid_t pid, int socket, const MappingLimits& limits)
    : pid_(pid), socket_(socket), limits_(limits) {}

JqProcess::~JqProcess() {
  if (running()) Bury({});
}

absl::StatusOr<std::unique_ptr<JqProcess>> JqProcess::Start(const MappingProgram& program,
                                                            const MappingLimits& limits,
                                                            const std::string& mapper) {
  if (access(mapper.c_str(), X_OK) != 0) {
    return absl::FailedPreconditionError(Cat(mapper, ": ", std::strerror(errno)));
  }
  int sockets[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Unavailable("no socket", errno);
  }
  pid_t pid = 0;
  const int error = SpawnSettings(sockets[1])
                        .Spawn(mapper,
                               {kMapperName, Cat(limits.memory_bytes_max),
                                Cat(int64_t{limits.processor_time_max.count()}),
                                Cat(limits.output_bytes_max), Cat(int64_t{getpid()})},
                               &pid);
  close(sockets[1]);
  if (error != 0) {
    close(sockets[0]);
    return Unavailable("no process", error);
  }
  fcntl(sockets[0], F_SETFL, O_NONBLOCK);
  std::unique_ptr<JqProcess> process(new JqProcess(pid, sockets[0], limits));
  if (absl::Status status = process->Compile(program); !status.ok()) return status;
  return process;
}

absl::Status JqProcess::Compile(const MappingProgram& program) {
  if (program.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return absl::InvalidArgumentError(Cat(program.name, ": the program is empty"));
  }
  if (program.text.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(Cat(program.name, ": expected text, got a byte 0"));
  }
  const JqReply reply = Exchange(program.text, kMapperErrorBytesMax, kCompileWallTimeMax);
  switch (reply.outcome) {
    case JqReply::Outcome::kDone:
      return absl::OkStatus();
    case JqReply::Outcome::kRefused:
      if (reply.error.rfind("cannot be confined", 0) == 0) {
        return absl::FailedPreconditionError(Cat(kMapperName, ": ", reply.error));
      }
      return absl::InvalidArgumentError(Named(program.name, reply.error));
    case JqReply::Outcome::kTooLong:
    case JqReply::Outcome::kEnded:
      break;
  }
  return absl::FailedPreconditionError(Cat(program.name, ": ", reply.error, " while compiling"));
}

JqReply JqProcess::Run(std::string_view document) {
  ++runs_;
  // What frames the outputs is bounded by them: each has a byte at least.
  return Exchange(document, limits_.output_bytes_max + kMapperErrorBytesMax, limits_.wall_time_max);
}

JqReply JqProcess::Exchange(std::string_view request, size_t reply_bytes_max,
                            std::chrono::milliseconds wall_time_max) {
  if (!running()) return {JqReply::Outcome::kEnded, {}, "its process ended"};
  const Deadline deadline = std::chrono::steady_clock::now() + wall_time_max;
  std::string head;
  AppendSize(request.size(), &head);
  JqReply reply;
  if (Send(head, deadline) && Send(request, deadline) &&
      ReceiveReply(reply_bytes_max, deadline, &reply)) {
    return reply;
  }
  return Bury(wall_time_max);
}

bool JqProcess::Wait(short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) {
      overdue_ = true;
      return false;
    }
    pollfd one{socket_, events, 0};
    const int ready = poll(&one, 1, static_cast<int>(left.count()) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool JqProcess::Send(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t n = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n >= 0) {
      bytes.remove_prefix(static_cast<size_t>(n));
    } else if (errno == EAGAIN) {
      if (!Wait(POLLOUT, deadline)) return false;
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool JqProcess::Receive(size_t size, Deadline deadline, std::string* out) {
  while (buffer_.size() < size) {
    const size_t had = buffer_.size();
    buffer_.resize(had + kReadBytes);
    const ssize_t n = recv(socket_, buffer_.data() + had, kReadBytes, 0);
    const int error = errno;
    buffer_.resize(had + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return false;
    if (n > 0 || error == EINTR) continue;
    if (error != EAGAIN || !Wait(POLLIN, deadline)) return false;
  }
  out->assign(buffer_, 0, size);
  buffer_.erase(0, size);
  return true;
}

bool JqProcess::ReceiveReply(size_t reply_bytes_max, Deadline deadline, JqReply* reply) {
  std::string head;
  std::string bytes;
  for (size_t left = reply_bytes_max;;) {
    if (!Receive(kMapperFrameHeadBytes, deadline, &head)) return false;
    const size_t size = ReadSize(head.data() + 1);
    // It does not keep to what was agreed: something else speaks there.
    if (size > left) return false;
    left -= size;
    if (!Receive(size, deadline, &bytes)) return false;
    switch (head.front()) {
      case kMapperOutput:
        reply->outputs.push_back(std::move(bytes));
        break;
      case kMapperDone:
        return true;
      case kMapperError:
        *reply = {JqReply::Outcome::kRefused, {}, std::move(bytes)};
        return true;
      default:
        return false;
    }
  }
}

JqReply JqProcess::Bury(std::chrono::milliseconds wall_time_max) {
  close(socket_);
  buffer_.clear();
  int status = 0;
  // Of one that has begun to end, this changes nothing: how it ended is told.
  kill(pid_, SIGKILL);
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = 0;
  if (overdue_) {
    return {JqReply::Outcome::kTooLong,
            {},
            Cat("took longer than ", int64_t{wall_time_max.count()}, "ms")};
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF) {
    return {JqReply::Outcome::kTooLong,
            {},
            Cat("took more than ", int64_t{limits_.processor_time_max.count()},
                "ms of processor time")};
  }
  return {JqReply::Outcome::kEnded, {}, HowItEnded(status)};
}

absl::StatusOr<std::string> FindMapper() {
  if (const char* const given = std::getenv("ESCALATION_MAPPER")) return std::string(given);
  std::string self(4096, '\0');
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size());
  self.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  const std::string folder = FolderOf(self);
  std::string tried;
  for (const char* const place : {"", "../daemon/", "../libexec/escalationd/"}) {
    std::string path = ResolvePath(folder, Cat(place, kMapperName));
    if (access(path.c_str(), X_OK) == 0) return path;
    CatTo(&tried, tried.empty() ? "" : ", ", path);
  }
  return absl::FailedPreconditionError(
      Cat(kMapperName, " was not found: ", tried, "\n  hint: ESCALATION_MAPPER says where it is"));
}

}  // namespace escalation
