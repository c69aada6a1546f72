// escalationd --config FILE
//
// Exit codes: 0 stopped by a signal, 1 failed, 2 usage, 78 config.

#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <thread>

#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/logging.h"

namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;
constexpr int kExitConfig = 78;

// Signals are taken by one thread that waits for them, never by a handler.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

void ServeSignals(const sigset_t& signals, escalation::Daemon* daemon) {
  for (;;) {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) continue;
    if (signal == SIGHUP) {
      daemon->Reload();
      continue;
    }
    escalation::LogInfo("stopping", {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
    daemon->Stop();
    return;
  }
}

// Waits at most that long for a signal that ends the process.
bool IsStopAsked(const sigset_t& signals, escalation::Duration length) {
  timespec wait = {};
  wait.tv_sec = length.ms / 1000;
  wait.tv_nsec = length.ms % 1000 * 1'000'000;
  const int signal = sigtimedwait(&signals, nullptr, &wait);
  return signal == SIGTERM || signal == SIGINT;
}

// The process holds the secrets of its config: no core is written, whatever ends it, and other
// processes of its user do not read its memory. What led to a crash is in the log, to be replayed.
void KeepMemoryPrivate() {
  if (prctl(PR_SET_DUMPABLE, 0) != 0) std::perror("escalationd: prctl");
}

int Serve(const std::string& config_path) {
  using escalation::LogError;
  absl::StatusOr<escalation::Config> config = escalation::LoadConfig(config_path);
  if (!config.ok()) {
    std::fprintf(stderr, "%s\n", std::string(config.status().message()).c_str());
    return kExitConfig;
  }
  escalation::InitLogging(config->logging.level, config->logging.format);
  for (const std::string& notice : config->notices) escalation::LogWarning(notice, {});
  const sigset_t signals = BlockSignals();
  auto daemon = escalation::Daemon::Start(
      *std::move(config),
      [&signals](escalation::Duration length) { return IsStopAsked(signals, length); });
  if (absl::IsCancelled(daemon.status())) {
    escalation::LogInfo("stopped before it began",
                        {{"why", std::string(daemon.status().message())}});
    return 0;
  }
  if (!daemon.ok()) {
    LogError("cannot start", {{"error", std::string(daemon.status().message())}});
    std::fprintf(stderr, "escalationd: %s\n", std::string(daemon.status().message()).c_str());
    return absl::IsInvalidArgument(daemon.status()) ? kExitConfig : kExitFailed;
  }
  escalation::LogInfo("ready", {{"address", (*daemon)->address()}});
  std::thread waiter(ServeSignals, signals, daemon->get());
  const absl::Status end = (*daemon)->Run();
  if (!end.ok()) {
    LogError("stopped by an error", {{"error", std::string(end.message())}});
    std::fprintf(stderr, "escalationd: %s\n", std::string(end.message()).c_str());
    pthread_kill(waiter.native_handle(), SIGTERM);
  }
  waiter.join();
  return end.ok() ? 0 : kExitFailed;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "escalationd watches support tickets and makes sure that no promise is broken in silence.");
  app.set_version_flag("--version", std::string("escalationd ") + ESCALATION_VERSION);
  std::string config_path;
  app.add_option("--config", config_path,
                 "The daemon's config file; see deploy/escalationd.example.yaml")
      ->required();
  app.footer("Example: escalationd --config /etc/escalationd/escalationd.yaml");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  KeepMemoryPrivate();
  return Serve(config_path);
}
