#include "ops/manual_record.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>
#include <vector>

#include "daemon/source/message_json.h"
#include "ops/option_form.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollEvery{100};

// Said, and no hindrance.
constexpr std::string_view kHarmless[] = {"unknown_ticket", "time_clamped"};

// Who is logged in.
std::string DefaultBy() {
  for (const char* const name : {"SUDO_USER", "USER", "LOGNAME"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return Cat("uid:", ::getuid());
}

absl::StatusOr<std::string> Append(const ManualOptions& options, v1::Event event) {
  event.set_id(options.id.empty() ? Cat("ctl-", RandomName()) : options.id);
  event.set_tenant(options.query.tenant);
  event.mutable_actor()->set_id(WhoAsks(options));
  event.mutable_actor()->set_kind(v1::Actor::AGENT);
  ApiCall call;
  call.url = options.query.url;
  call.token_file = options.query.token_file;
  call.method = "POST";
  call.target = "/v1/events";
  call.content_type = "application/json";
  call.body = MessageToJson(event);
  const absl::StatusOr<ApiReply> reply = CallApi(call);
  if (!reply.ok()) return reply.status();
  if (absl::Status status = ApiStatus(*reply); !status.ok()) return status;
  const ordered_json document = ordered_json::parse(reply->body, nullptr, false);
  const bool expected = document.is_object() && document.contains("offsets") &&
                        document["offsets"].is_array() && document["offsets"].size() == 1;
  if (!expected) {
    return absl::InternalError(Cat("what answers at ", options.query.url, " is not escalationd"));
  }
  return document["offsets"][0].get<std::string>();
}

ordered_json ListOf(const ordered_json& record, const char* name) {
  return record.value(name, ordered_json::array());
}

// Keys of the pages that have no outcome yet.
std::vector<std::string> PagesWithoutOutcome(const ordered_json& record) {
  std::vector<std::string> keys;
  for (const ordered_json& decision : ListOf(record, "decisions")) {
    if (decision.contains("page_requested")) {
      keys.push_back(decision["page_requested"].value("key", ""));
    }
  }
  for (const ordered_json& outcome : ListOf(record, "outcomes")) {
    keys.erase(std::remove(keys.begin(), keys.end(), outcome.value("key", "")), keys.end());
  }
  return keys;
}

bool IsSettled(const ordered_json& record) {
  return record.value("folded", false) && PagesWithoutOutcome(record).empty();
}

absl::StatusOr<ordered_json> Await(const ManualOptions& options, const std::string& offset) {
  const SteadyClock::time_point end = SteadyClock::now() + std::chrono::seconds(options.wait_s);
  for (;;) {
    absl::StatusOr<ordered_json> record = GetJson(options.query, Cat("/v1/records/", offset), {});
    if (!record.ok() || IsSettled(*record) || SteadyClock::now() >= end) return record;
    std::this_thread::sleep_for(kPollEvery);
  }
}

bool IsRefusal(const ordered_json& decision) {
  if (!decision.contains("flagged")) return false;
  const std::string reason = decision["flagged"].value("reason", "");
  return std::find(std::begin(kHarmless), std::end(kHarmless), reason) == std::end(kHarmless);
}

void PrintLines(const ordered_json& record, std::ostream& out) {
  for (const ordered_json& item : ListOf(record, "decisions")) {
    v1::Decision decision;
    if (!MessageFromJson(item.dump(), &decision).ok()) continue;
    out << Printable(DecisionText(decision)) << "\n";
  }
  for (const ordered_json& outcome : ListOf(record, "outcomes")) {
    out << "outcome " << Printable(outcome.value("key", "")) << ": "
        << Printable(outcome.value("text", "")) << "\n";
  }
}

// Says on `err` what is not done; false: something is not.
bool Judge(const ordered_json& record, const ManualOptions& options, std::ostream& err) {
  const std::string offset = record.value("offset", "?");
  if (!record.value("folded", false)) {
    err << "record " << offset << " is durable, but was not folded within " << options.wait_s
        << "s\n";
    return false;
  }
  const ordered_json decisions = ListOf(record, "decisions");
  if (decisions.empty()) {
    err << "record " << offset << " decided nothing: the same id may have come before\n";
  }
  bool done = std::none_of(decisions.begin(), decisions.end(), IsRefusal);
  for (const ordered_json& outcome : ListOf(record, "outcomes")) {
    done = done && outcome.value("outcome", "") == "DELIVERED";
  }
  for (const std::string& key : PagesWithoutOutcome(record)) {
    err << "page " << Printable(key) << ": no outcome within " << options.wait_s << "s\n";
    done = false;
  }
  return done;
}

}  // namespace

void AddManualOptions(CLI::App* command, ManualOptions* options) {
  command->add_option("--by", options->by, "Who asks; default: who is logged in")
      ->option_text("WHO");
  command->add_option("--id", options->id, "Of the event: the same id and content counts once")
      ->option_text("ID");
  command->add_option("--wait", options->wait_s, "Seconds to wait for what becomes of it")
      ->check(CLI::Range(0, 3600))
      ->option_text("SECONDS")
      ->capture_default_str();
  AddQueryOptions(command, &options->query);
  AddFormOption(command, &options->form);
}

std::string WhoAsks(const ManualOptions& options) {
  return options.by.empty() ? DefaultBy() : options.by;
}

std::string RandomName() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string name;
  for (int i = 0; i < 16; ++i) name.push_back(kDigits[random() % 16]);
  return name;
}

bool SendManual(const ManualOptions& options, std::string_view command, v1::Event event,
                CommandContext& context) {
  const absl::StatusOr<std::string> offset = Append(options, std::move(event));
  absl::StatusOr<ordered_json> record = offset.ok() ? Await(options, *offset) : offset.status();
  if (!record.ok()) {
    FailQuery(context, command, record.status());
    if (offset.ok()) context.err << "record " << *offset << " is durable\n";
    return false;
  }
  if (options.form == OutputForm::kTable) {
    PrintLines(*record, context.out);
  } else {
    context.out << record->dump(options.form == OutputForm::kJson ? 2 : -1) << "\n";
  }
  const bool done = Judge(*record, options, context.err);
  if (!done) context.exit_code = kExitFailed;
  return done;
}

}  // namespace escalation
