#include "ops/receiver_command.h"

#include <pthread.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "daemon/api/http_server.h"
#include "ops/receiver.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl receiver --listen 127.0.0.1:8321
  escalationctl receiver --port-file /tmp/port -o json
  escalationctl receiver --fail-first 3
  curl -s http://127.0.0.1:8321/pages

Point a route of the daemon's config at it:
  VictorOps     http://127.0.0.1:8321/integrations/generic/20131114/alert/any-key/NIGHT
  PagerDuty     http://127.0.0.1:8321/v2/enqueue
  Slack         http://127.0.0.1:8321/services/any, or /api/chat.postMessage with a token
  JSM           http://127.0.0.1:8321/v2/alerts
  Alertmanager  http://127.0.0.1:8321
  webhook       http://127.0.0.1:8321/hook
The daemon must allow private addresses for deliveries.)";

struct Options {
  std::string listen = "127.0.0.1:0";
  std::string port_file;
  std::string form = "text";
  int fail_first = 0;
  int status = 0;
};

Instant Now() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return Instant::Seconds(std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count());
}

// Whole or not at all, since others wait for the file to appear.
bool WritePort(const std::string& path, uint16_t port) {
  const std::string beside = path + ".new";
  {
    std::ofstream file(beside);
    file << port << "\n";
    if (!file.flush()) return false;
  }
  return std::rename(beside.c_str(), path.c_str()) == 0;
}

void Fail(CommandContext& context, const std::string& what) {
  context.err << "escalationctl receiver: " << what << "\n";
  context.exit_code = kExitFailed;
}

void Run(const Options& options, CommandContext& context) {
  // Before any thread begins, so that the signals reach only sigwait.
  sigset_t signals;
  sigset_t before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  Receiver receiver({options.form == "json", options.fail_first, options.status}, Now,
                    &context.out);
  HttpServerOptions server_options;
  server_options.listen = options.listen;
  auto server = HttpServer::Start(server_options, &receiver);
  if (!server.ok()) {
    Fail(context, std::string(server.status().message()));
  } else if (!options.port_file.empty() && !WritePort(options.port_file, (*server)->port())) {
    Fail(context, options.port_file + ": cannot be written");
  } else {
    context.err << "receiver: listening on http://" << (*server)->address() << "\n" << std::flush;
    int signal = 0;
    sigwait(&signals, &signal);
    (*server)->Stop(std::chrono::seconds(1));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void AddReceiverCommand(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("receiver", "A local stand-in for pagers: prints the pages it gets");
  command->footer(kFooter);
  const auto options = std::make_shared<Options>();
  command->add_option("--listen", options->listen, "Address and port; port 0: any free one")
      ->capture_default_str();
  command->add_option("--port-file", options->port_file, "Write the bound port to this file");
  command->add_option("-o,--output", options->form, "How pages are printed")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  command->add_option("--fail-first", options->fail_first, "Refuse the first N requests with 503")
      ->check(CLI::Range(0, 1'000'000));
  command->add_option("--status", options->status, "Answer every page with this HTTP status")
      ->check(CLI::Range(200, 599));
  command->callback([options, &context] { Run(*options, context); });
}

}  // namespace escalation
