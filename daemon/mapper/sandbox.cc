#include "daemon/mapper/sandbox.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <vector>

namespace escalation {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "say here which AUDIT_ARCH_ this machine is"
#endif

// What jq needs once its program is compiled, and what the allocator and the end of a process need.
constexpr unsigned kAllowed[] = {
    SYS_read,         SYS_write,          SYS_mmap,      SYS_munmap, SYS_mremap, SYS_brk,
    SYS_mprotect,     SYS_madvise,        SYS_setitimer, SYS_futex,  SYS_exit,   SYS_exit_group,
    SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_getpid,    SYS_gettid, SYS_tgkill,
};

std::string Refused(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

bool SetLimit(__rlimit_resource resource, rlim_t value) {
  const rlimit limit{value, value};
  return setrlimit(resource, &limit) == 0;
}

}  // namespace

std::string LimitProcess(size_t memory_bytes_max, pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return Refused("PR_SET_PDEATHSIG");
  if (getppid() != parent) return "the process that started it has ended";
  // What it holds is what people wrote: not for other processes, not for a core file.
  if (prctl(PR_SET_DUMPABLE, 0) != 0) return Refused("PR_SET_DUMPABLE");
  if (!SetLimit(RLIMIT_CORE, 0)) return Refused("RLIMIT_CORE");
  if (!SetLimit(RLIMIT_AS, memory_bytes_max)) return Refused("RLIMIT_AS");
  return "";
}

std::string EnterSandbox() {
  std::vector<sock_filter> filter = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
  };
  for (const unsigned call : kAllowed) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Refused("PR_SET_NO_NEW_PRIVS");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return Refused("PR_SET_SECCOMP");
  return "";
}

void AllowProcessorTime(long milliseconds) {
  itimerval timer{};
  timer.it_value.tv_sec = milliseconds / 1000;
  timer.it_value.tv_usec = (milliseconds % 1000) * 1000;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

}  // namespace escalation
