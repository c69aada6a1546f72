#include "ops/receiver_provider.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kVictorOpsPath = "/integrations/generic/20131114/alert/";
constexpr std::string_view kPagerDutyPath = "/v2/enqueue";
constexpr std::string_view kSlackHookPath = "/services/";
constexpr std::string_view kSlackApiPath = "/api/chat.postMessage";
constexpr std::string_view kAlertmanagerPath = "/api/v2/alerts";
constexpr std::string_view kJsmPath = "/v2/alerts";
constexpr std::string_view kJsmRequestsPath = "/v2/alerts/requests/";
constexpr const char* kReceipt = "43a29c5c-3dbf-4fa4-9c26-f4f71023e120";

std::string TextOf(const Json& object, const char* name) {
  if (!object.is_object()) return "";
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Json PartOf(const Json& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found != object.end() ? *found : Json();
}

HttpResponse Answer(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump() + "\n";
  return response;
}

HttpResponse Plain(std::string text) {
  HttpResponse response;
  response.content_type = "text/plain";
  response.body = std::move(text);
  return response;
}

// The last part of VictorOps' path: the routing key. The part before is a secret.
std::string RoutingKeyOf(std::string_view path) {
  const std::string_view rest = path.substr(kVictorOpsPath.size());
  const size_t slash = rest.find('/');
  return slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1));
}

bool IsMessageType(std::string_view type) {
  return type == "CRITICAL" || type == "WARNING" || type == "INFO" || type == "ACKNOWLEDGEMENT" ||
         type == "RECOVERY";
}

Received VictorOps(std::string_view path, const Json& body) {
  const auto failure = [](const char* message) {
    return Received{{}, Answer(400, {{"result", "failure"}, {"messages", {message}}})};
  };
  ReceivedPage page{"victorops",
                    RoutingKeyOf(path),
                    TextOf(body, "message_type"),
                    TextOf(body, "entity_id"),
                    TextOf(body, "entity_display_name"),
                    TextOf(body, "state_message")};
  if (!IsMessageType(page.operation)) return failure("message_type is missing");
  if (page.key.empty()) return failure("entity_id is missing");
  HttpResponse answer = Answer(200, {{"result", "success"}, {"entity_id", page.key}});
  return {std::move(page), std::move(answer)};
}

// "name: value" for each text of an object.
std::string Lines(const Json& object) {
  std::string out;
  for (const auto& [name, value] : object.items()) {
    if (value.is_string()) CatTo(&out, name, ": ", value.get<std::string>(), "\n");
  }
  return out;
}

Received PagerDuty(Json* body) {
  const auto failure = [](const char* message) {
    return Received{{}, Answer(400, {{"status", "invalid event"}, {"errors", {message}}})};
  };
  const Json payload = PartOf(*body, "payload");
  ReceivedPage page{"pagerduty",
                    "",
                    TextOf(*body, "event_action"),
                    TextOf(*body, "dedup_key"),
                    TextOf(payload, "summary"),
                    Lines(PartOf(payload, "custom_details"))};
  const bool trigger = page.operation == "trigger";
  if (!trigger && page.operation != "acknowledge" && page.operation != "resolve") {
    return failure("'event_action' is missing");
  }
  if (TextOf(*body, "routing_key").empty()) return failure("'routing_key' is missing");
  if (trigger && page.title.empty()) return failure("'payload.summary' is missing");
  (*body)["routing_key"] = "[redacted]";
  HttpResponse answer =
      Answer(202, {{"status", "success"}, {"message", "Event processed"}, {"dedup_key", page.key}});
  return {std::move(page), std::move(answer)};
}

// The key is carried by buttons only.
Received Slack(std::string_view path, const Json& body) {
  ReceivedPage page{"slack", TextOf(body, "channel"), "message", "", TextOf(body, "text"), ""};
  for (const Json& block : PartOf(body, "blocks")) {
    const bool section = TextOf(block, "type") == "section";
    if (section) page.text += TextOf(PartOf(block, "text"), "text");
    for (const Json& element : PartOf(block, "elements")) {
      if (page.key.empty()) page.key = TextOf(element, "value");
    }
  }
  const bool api = path == kSlackApiPath;
  if (page.title.empty()) {
    HttpResponse refusal = Plain("no_text");
    refusal.status = 400;
    return {{}, api ? Answer(200, {{"ok", false}, {"error", "no_text"}}) : refusal};
  }
  HttpResponse answer = api ? Answer(200, {{"ok", true}, {"ts", "1.0"}}) : Plain("ok");
  return {std::move(page), std::move(answer)};
}

Received Jsm(std::string_view path, const Json& body) {
  const std::string_view rest = path.substr(path.find(kJsmPath) + kJsmPath.size());
  ReceivedPage page{"jsm",
                    "",
                    "create",
                    TextOf(body, "alias"),
                    TextOf(body, "message"),
                    TextOf(body, "description")};
  for (const std::string_view action : {"acknowledge", "close"}) {
    if (!rest.ends_with(Cat("/", action)) || rest.size() < action.size() + 3) continue;
    page.operation = std::string(action);
    page.key = std::string(rest.substr(1, rest.size() - action.size() - 2));
    page.title = TextOf(body, "note");
  }
  if (page.title.empty()) {
    return {{}, Answer(422, {{"message", "Request body is not processable"}})};
  }
  page.title.resize(std::min(page.title.find('\n'), page.title.size()));
  HttpResponse answer =
      Answer(202, {{"result", "Request will be processed"}, {"requestId", kReceipt}});
  return {std::move(page), std::move(answer)};
}

Received Alertmanager(const Json& body, Instant now) {
  const Json alert = body.is_array() && !body.empty() ? body.front() : Json();
  const Json labels = PartOf(alert, "labels");
  const Json annotations = PartOf(alert, "annotations");
  if (TextOf(labels, "alertname").empty()) {
    return {{}, Answer(400, "at least one label pair required")};
  }
  const std::string ends = TextOf(alert, "endsAt");
  const bool resolved = !ends.empty() && ends <= ToText(now);
  ReceivedPage page{"alertmanager",
                    TextOf(labels, "alertname"),
                    resolved ? "resolved" : "firing",
                    TextOf(labels, "page_key"),
                    TextOf(annotations, "summary"),
                    TextOf(annotations, "description")};
  return {std::move(page), Plain("")};
}

Received Webhook(std::string_view path, const Json& body) {
  ReceivedPage page{"webhook", std::string(path),     TextOf(body, "type"),
                    "",        TextOf(body, "title"), TextOf(body, "text")};
  page.key = TextOf(PartOf(PartOf(body, "decision"), page.operation.c_str()), "key");
  return {std::move(page), Answer(200, {{"accepted", true}})};
}

}  // namespace

Received Understand(const HttpRequest& request, Instant now, Json* body) {
  const std::string_view path = request.path;
  *body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (path.ends_with(kAlertmanagerPath)) return Alertmanager(*body, now);
  if (!body->is_object()) {
    return {{},
            Answer(400, {{"result", "failure"}, {"messages", {"the body is not a JSON object"}}})};
  }
  if (path.starts_with(kVictorOpsPath)) return VictorOps(path, *body);
  if (path == kPagerDutyPath) return PagerDuty(body);
  if (path.starts_with(kSlackHookPath) || path == kSlackApiPath) return Slack(path, *body);
  if (path.find(kJsmPath) != std::string_view::npos) return Jsm(path, *body);
  return Webhook(path, *body);
}

std::optional<HttpResponse> AnswerAbout(std::string_view path) {
  const size_t found = path.find(kJsmRequestsPath);
  if (found == std::string_view::npos) return std::nullopt;
  const std::string receipt(path.substr(found + kJsmRequestsPath.size()));
  if (receipt != kReceipt) return Answer(404, {{"message", "Request not found"}});
  return Answer(200, {{"data", {{"success", true}, {"isSuccess", true}}}, {"requestId", receipt}});
}

}  // namespace escalation
