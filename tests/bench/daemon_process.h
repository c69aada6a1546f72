// tests/bench/daemon_process.h
//
// A real escalationd for a measurement: in a directory of its own, on a free port.
//
//   Input       the program, a policy, the config's routes; the processor that it may use
//   Output      its port, its metrics, the processor time that it took; its log after its end
//   Errors      whatever does not work ends the benchmark with a message
//   Threads     one at a time
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>

#include "state/base/check.h"
#include "state/base/text.h"
#include "tests/bench/bench_directory.h"

extern char** environ;

namespace escalation {

// This process, and every process that it starts, runs on `cpu` only; -1: wherever it likes.
inline void RunOn(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (cpu < 0 || i == cpu) CPU_SET(static_cast<size_t>(i), &set);
  }
  ESCALATION_CHECK(::sched_setaffinity(0, sizeof(set), &set) == 0, Cat("processor ", cpu));
}

// A blocking connection to a port of this machine.
inline int ConnectTo(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ESCALATION_CHECK(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
                   Cat("connect to port ", port));
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return fd;
}

class DaemonProcess {
 public:
  struct Options {
    std::string program;
    std::string policy;  // YAML.
    std::string routes;  // YAML of the config's "routes:", indented; may be empty.
    std::string settle = "2s";
    int cpu = -1;
  };

  explicit DaemonProcess(const Options& options) {
    std::ofstream(dir_ / "policy.yaml") << options.policy;
    std::ofstream(dir_ / "config.yaml")
        << "instance: bench\nstate_dir: " << dir_ / "state"
        << "\nlog: {kind: embedded, dir: " << log_dir() << "}\napi: {listen: \"127.0.0.1:0\"}\n"
        << "logging: {level: info, format: json}\nsettle: " << options.settle
        << "\ntenants:\n  - {name: default, partition: 0, policy: policy.yaml}\n"
        << (options.routes.empty() ? "" : Cat("routes:\n", options.routes))
        << "delivery: {allow_private_addresses: true}\n";
    Start(options);
    const std::string_view key = "\"address\":\"127.0.0.1:";
    std::string output;
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ESCALATION_CHECK(::waitpid(pid_, nullptr, WNOHANG) == 0, ReadWhole(dir_ / "output"));
      output = ReadWhole(dir_ / "output");
    } while (output.find(key) == std::string::npos || output.back() != '\n');
    port_ = static_cast<uint16_t>(std::stoi(output.substr(output.find(key) + key.size(), 5)));
  }
  DaemonProcess(const DaemonProcess&) = delete;
  DaemonProcess& operator=(const DaemonProcess&) = delete;
  ~DaemonProcess() { Kill(); }

  uint16_t port() const { return port_; }
  std::string log_dir() const { return dir_ / "log"; }

  // User and system time of all its threads so far.
  double CpuSeconds() const {
    const std::string stat = ReadWhole(Cat("/proc/", pid_, "/stat"));
    // Behind "pid (name) ": state is field 3, utime 14, stime 15.
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

  // The most memory that it ever had.
  int64_t PeakBytes() const {
    const std::string status = ReadWhole(Cat("/proc/", pid_, "/status"));
    constexpr std::string_view kPeak = "VmHWM:";
    return std::stoll(status.substr(status.find(kPeak) + kPeak.size())) * 1024;
  }

  // The sum of one metric's values.
  double Metric(std::string_view name) const {
    std::istringstream lines(Get("/metrics"));
    double sum = 0;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with(name)) continue;
      if (line[name.size()] != ' ' && line[name.size()] != '{') continue;
      sum += std::stod(line.substr(line.rfind(' ') + 1));
    }
    return sum;
  }

  // Waits until everything in the log is folded and published.
  void WaitUntilFolded() const {
    while (Metric("escalationd_fold_lag_records") > 0 ||
           Metric("escalationd_outbox_decisions") > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  // SIGKILL: no destructor and no handler runs.
  void Kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  void Start(const Options& options) {
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    const std::string output = dir_ / "output";
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0644);
    std::string command[] = {options.program, "--config", dir_ / "config.yaml"};
    char* arguments[] = {command[0].data(), command[1].data(), command[2].data(), nullptr};
    if (options.cpu >= 0) RunOn(options.cpu);
    const int error = ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments, environ);
    if (options.cpu >= 0) RunOn(-1);
    ::posix_spawn_file_actions_destroy(&actions);
    ESCALATION_CHECK(error == 0, options.program);
  }

  std::string Get(const std::string& path) const {
    const int fd = ConnectTo(port_);
    const std::string request =
        Cat("GET ", path, " HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n");
    ESCALATION_CHECK(::send(fd, request.data(), request.size(), MSG_NOSIGNAL) > 0, path);
    std::string out;
    char buffer[16'384];
    for (ssize_t got = 0; (got = ::recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
      out.append(buffer, static_cast<size_t>(got));
    }
    ::close(fd);
    ESCALATION_CHECK(out.starts_with("HTTP/1.1 200 "), out.substr(0, 200));
    return out;
  }

  BenchDirectory dir_;
  pid_t pid_ = -1;
  uint16_t port_ = 0;
};

}  // namespace escalation
