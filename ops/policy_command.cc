#include "ops/policy_command.h"

#include <CLI/CLI.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "escalation/v1/api.pb.h"
#include "ops/api_query.h"
#include "ops/option_form.h"
#include "ops/policy_schema.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

constexpr char kShowFooter[] = R"(Examples:
  escalationctl policy show
  escalationctl policy show -o json | jq .policy.plans)";

constexpr char kPublishFooter[] = R"(Examples:
  escalationctl policy publish new.yaml --expect-revision 3
  escalationctl policy publish new.yaml --expect-revision 3 --apply running

The file is checked here first. Its revision must be above the one in force, which
--expect-revision names, so that nobody overwrites what somebody else has just published; 0: none
was published yet. Running clocks keep their promises unless --apply running; calendars always
count from now on, and what clocks have used stays.

Exit 0 published, 1 refused or unreachable, 2 usage, 78 the file is wrong.)";

constexpr char kSchemaFooter[] = R"(Examples:
  escalationctl policy schema > policy.schema.json

An editor with YAML support then completes keys and explains them, if the policy begins with
  # yaml-language-server: $schema=policy.schema.json)";

struct ShowOptions {
  ApiQuery query;
  OutputForm form = OutputForm::kTable;
};

struct PublishOptions {
  std::string url = kDefaultApiUrl;
  std::string token_file;
  std::string file;
  int64_t expect_revision = 0;
  v1::PolicyPublished::Apply apply = v1::PolicyPublished::NEW;
};

size_t Count(const ordered_json& policy, const char* key) {
  return policy.contains(key) ? policy.at(key).size() : 0;
}

void Show(const ShowOptions& options, CommandContext& context) {
  const absl::StatusOr<ordered_json> document = GetJson(options.query, "/v1/policy", {});
  if (!document.ok()) return FailQuery(context, "policy show", document.status());
  if (options.form != OutputForm::kTable) {
    context.out << document->dump(options.form == OutputForm::kJson ? 2 : -1) << "\n";
    return;
  }
  const ordered_json policy = document->value("policy", ordered_json());
  context.out << "tenant     " << Printable(document->value("tenant", "")) << "\n";
  if (!policy.is_object()) {
    context.out << "policy     none was published: no clock runs\n";
    return;
  }
  context.out << "policy     " << Printable(policy.value("name", "")) << ", revision "
              << Printable(document->value("revision", "")) << "\n";
  size_t targets = 0;
  for (const ordered_json& plan : policy.value("plans", ordered_json::array())) {
    targets += Count(plan, "targets");
  }
  context.out << "holds      " << Count(policy, "plans") << " plans, " << targets << " targets, "
              << Count(policy, "escalations") << " escalations, " << Count(policy, "routes")
              << " routes\n";
  context.out << "calendars  revision " << Printable(document->value("calendars_revision", "0"));
  for (const ordered_json& calendar : document->value("calendars", ordered_json::array())) {
    context.out << ", " << Printable(calendar.value("name", "")) << " ("
                << Printable(calendar.value("zone", "")) << ")";
  }
  context.out << "\n";
}

void Publish(const PublishOptions& options, CommandContext& context) {
  absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(options.file);
  if (!loaded.ok()) {
    context.err << loaded.status().message() << "\n";
    context.exit_code = kExitConfig;
    return;
  }
  v1::PublishPolicyRequest request;
  *request.mutable_policy() = std::move(loaded->policy);
  *request.mutable_calendars() = std::move(loaded->calendars);
  request.set_apply(options.apply);
  request.set_expect_revision(options.expect_revision);
  ApiCall call;
  call.url = options.url;
  call.token_file = options.token_file;
  call.method = "POST";
  call.target = "/v1/policy";
  call.content_type = "application/x-protobuf";
  call.body = request.SerializeAsString();
  const absl::StatusOr<ApiReply> reply = CallApi(call);
  const absl::Status status = reply.ok() ? ApiStatus(*reply) : reply.status();
  if (!status.ok()) return FailQuery(context, "policy publish", status);
  const ordered_json document = ordered_json::parse(reply->body, nullptr, false);
  const std::string offset = document.is_object() ? document.value("offset", "?") : "?";
  context.out << "published policy " << request.policy().name() << ", revision "
              << request.policy().revision() << ", for tenant " << request.policy().tenant()
              << " as record " << Printable(offset) << "\n";
}

}  // namespace

void AddPolicyCommand(CLI::App& app, CommandContext& context) {
  CLI::App* const command = app.add_subcommand("policy", "Shows, publishes and describes policies");
  command->require_subcommand(1);

  CLI::App* const show = command->add_subcommand("show", "Shows the policy in force");
  show->footer(kShowFooter);
  auto show_options = std::make_shared<ShowOptions>();
  AddQueryOptions(show, &show_options->query);
  AddFormOption(show, &show_options->form);
  show->callback([show_options, &context] { Show(*show_options, context); });

  CLI::App* const publish = command->add_subcommand("publish", "Publishes a policy file");
  publish->footer(kPublishFooter);
  auto options = std::make_shared<PublishOptions>();
  publish->add_option("FILE", options->file, "Policy file (YAML)")
      ->required()
      ->option_text("REQUIRED");
  publish->add_option("--expect-revision", options->expect_revision, "The revision in force")
      ->required()
      ->check(CLI::NonNegativeNumber)
      ->option_text("N REQUIRED");
  const std::map<std::string, v1::PolicyPublished::Apply> applies = {
      {"new", v1::PolicyPublished::NEW}, {"running", v1::PolicyPublished::RUNNING}};
  publish->add_option("--apply", options->apply, "new or running clocks")
      ->transform(CLI::CheckedTransformer(applies).description(""))
      ->option_text("CLOCKS (default new)");
  AddAddressOptions(publish, &options->url, &options->token_file);
  publish->callback([options, &context] { Publish(*options, context); });

  CLI::App* const schema =
      command->add_subcommand("schema", "Prints a JSON Schema of policy files, for editors");
  schema->footer(kSchemaFooter);
  schema->callback([&context] { context.out << PolicySchema().dump(2) << "\n"; });
}

}  // namespace escalation
