#include "ops/redact_command.h"

#include <CLI/CLI.hpp>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "daemon/source/har_redaction.h"
#include "daemon/source/redactor.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

constexpr char kFooter[] = R"(Examples:
  escalationctl redact crash.log > crash-to-share.log
  escalationctl redact --har session.har > session-to-share.har
  kubectl logs shop | escalationctl redact --policy deploy/policies/example.yaml -

Prints the text with [email], [phone], [secret], [url] and [redacted] in place of what must not be
passed on. JSON keeps its names and shape. With --har the file is an HTTP archive: cookies,
authorization headers and secret parameters are replaced whole, bodies as what they are. Redacting
twice changes nothing more. Look through the result before you share it.

Exit 0 done, 1 the file cannot be read or is no HTTP archive, 2 usage, 78 the policy is wrong.)";

struct Options {
  std::string file;
  std::string policy;
  bool har = false;
};

absl::StatusOr<v1::Redaction> RedactionOf(const Options& options) {
  if (!options.policy.empty()) {
    const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(options.policy);
    if (!loaded.ok()) return loaded.status();
    return loaded->policy.redaction();
  }
  v1::Redaction redaction;
  redaction.set_emails(true);
  redaction.set_phones(true);
  redaction.set_secrets(true);
  return redaction;
}

absl::StatusOr<std::string> Read(const std::string& path, std::istream& in) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return absl::NotFoundError("cannot be opened");
  }
  std::istream& source = path == "-" ? in : file;
  std::ostringstream text;
  if (source.peek() != std::istream::traits_type::eof()) text << source.rdbuf();
  if (source.bad() || text.bad()) return absl::DataLossError("cannot be read to its end");
  return text.str();
}

int Redact(const Options& options, CommandContext& context) {
  const absl::StatusOr<v1::Redaction> redaction = RedactionOf(options);
  if (!redaction.ok()) {
    context.err << redaction.status().message() << "\n";
    return kExitConfig;
  }
  const absl::StatusOr<Redactor> redactor = Redactor::Create(*redaction);
  if (!redactor.ok()) {
    context.err << options.policy << ": " << redactor.status().message() << "\n";
    return kExitConfig;
  }
  if (redactor->empty()) {
    context.err << options.policy << ": has no \"redact\": the text stays as it is\n";
  }
  const absl::StatusOr<std::string> text = Read(options.file, context.in);
  const auto redacted = !text.ok()    ? text
                        : options.har ? RedactHar(*text, *redactor)
                                      : absl::StatusOr<std::string>(redactor->Redact(*text));
  if (!redacted.ok()) {
    const std::string message(redacted.status().message());
    const bool placed = message[0] >= '1' && message[0] <= '9';  // LINE:COLUMN
    context.err << options.file << (placed ? ":" : ": ") << message << "\n";
    if (absl::IsInvalidArgument(redacted.status())) {
      context.err << "  hint: --har expects an HTTP archive, as browsers save it\n";
    }
    return kExitFailed;
  }
  context.out << *redacted;
  return kExitOk;
}

}  // namespace

void AddRedactCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command =
      app.add_subcommand("redact", "Prints a text without what must not be passed on");
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  command
      ->add_option(
          "--policy", options->policy,
          "Redact as this policy says, not e-mail addresses, telephone numbers and secrets")
      ->option_text("FILE");
  command->add_flag("--har", options->har, "The file is an HTTP archive");
  command->add_option("FILE", options->file, "A text or JSON; - reads stdin")
      ->required()
      ->option_text("REQUIRED");
  command->callback([options, &context] { context.exit_code = Redact(*options, context); });
}

}  // namespace escalation
