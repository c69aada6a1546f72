#include "ops/receiver.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kPagesMax = 10'000;
constexpr std::string_view kVictorOpsPath = "/integrations/generic/20131114/alert/";

// What a page looks like whoever sent it.
struct Page {
  std::string provider;
  std::string route;
  std::string operation;
  std::string key;
  std::string title;
  std::string text;
};

std::string TextOf(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// The last part of VictorOps' path: the routing key. The part before is a secret.
std::string RoutingKeyOf(std::string_view path) {
  const std::string_view rest = path.substr(kVictorOpsPath.size());
  const size_t slash = rest.find('/');
  return slash == std::string_view::npos ? "" : std::string(rest.substr(slash + 1));
}

Page VictorOpsPage(std::string_view path, const Json& body) {
  return {"victorops",
          RoutingKeyOf(path),
          TextOf(body, "message_type"),
          TextOf(body, "entity_id"),
          TextOf(body, "entity_display_name"),
          TextOf(body, "state_message")};
}

Page WebhookPage(std::string_view path, const Json& body) {
  Page page{"webhook", std::string(path),     TextOf(body, "type"),
            "",        TextOf(body, "title"), TextOf(body, "text")};
  const std::string& type = page.operation;
  const auto decision = body.find("decision");
  if (decision == body.end() || !decision->is_object()) return page;
  const auto inner = decision->find(type);
  if (inner != decision->end() && inner->is_object()) page.key = TextOf(*inner, "key");
  return page;
}

bool IsMessageType(std::string_view type) {
  return type == "CRITICAL" || type == "WARNING" || type == "INFO" || type == "ACKNOWLEDGEMENT" ||
         type == "RECOVERY";
}

// As a person reads it: a line that says what and where, then the page's own lines.
std::string Readable(const Page& page, Instant now) {
  std::string out = Cat(ToText(now), "  ", OneLine(page.operation), "  ", page.provider, " ",
                        OneLine(page.route), page.key.empty() ? "" : "  ", OneLine(page.key), "\n");
  if (!page.title.empty()) CatTo(&out, "  ", OneLine(page.title), "\n");
  std::string_view rest = page.text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    // Columns of spaces are the page's own layout, so only what is harmful is taken out.
    const std::string_view line = rest.substr(0, end);
    const size_t name = std::min(line.find(' '), line.size());
    const size_t value = std::min(line.find_first_not_of(' ', name), line.size());
    CatTo(&out, "    ", OneLine(line.substr(0, name)), std::string(value - name, ' '),
          OneLine(line.substr(value)), "\n");
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return out + "\n";
}

HttpResponse Answer(int status, const Json& body) {
  HttpResponse response;
  response.status = status;
  response.body = body.dump() + "\n";
  return response;
}

HttpResponse Failure(const std::string& message) {
  return Answer(400, {{"result", "failure"}, {"messages", {message}}});
}

}  // namespace

Receiver::Receiver(const Options& options, std::function<Instant()> now, std::ostream* out)
    : options_(options), now_(std::move(now)), out_(*out) {}

void Receiver::Show(const std::string& line) { out_ << line << std::flush; }

HttpResponse Receiver::List() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  HttpResponse response;
  response.body = "{\"pages\":[";
  for (size_t i = 0; i < pages_.size(); ++i) CatTo(&response.body, i == 0 ? "" : ",", pages_[i]);
  response.body += "]}\n";
  return response;
}

HttpResponse Receiver::Take(const HttpRequest& request) {
  const bool victorops = request.path.starts_with(kVictorOpsPath);
  const Json body = Json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return Failure("the body is not a JSON object");
  const Page page = victorops ? VictorOpsPage(request.path, body) : WebhookPage(request.path, body);
  if (victorops && !IsMessageType(page.operation)) return Failure("message_type is missing");
  if (victorops && page.key.empty()) return Failure("entity_id is missing");
  const Instant now = now_();
  Json record = {{"received_at", ToText(now)},
                 {"provider", page.provider},
                 {"route", page.route},
                 {"operation", page.operation},
                 {"key", page.key}};
  for (const char* name : {"webhook-id", "webhook-timestamp", "webhook-signature"}) {
    if (const auto value = request.Header(name)) record[name] = std::string(*value);
  }
  record["body"] = body;
  const std::string line = record.dump();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (pages_.size() == kPagesMax) pages_.pop_front();
    pages_.push_back(line);
    Show(options_.json ? line + "\n" : Readable(page, now));
  }
  if (!victorops) return Answer(200, {{"accepted", true}});
  return Answer(200, {{"result", "success"}, {"entity_id", page.key}});
}

void Receiver::Handle(HttpRequest request, HttpRespond respond) {
  if (request.method == "GET" && request.path == "/pages") return respond(List());
  if (request.method != "POST") return respond(MethodNotAllowedResponse("POST, GET /pages"));
  bool refuse = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    refuse = refused_ < options_.fail_first;
    refused_ += refuse;
    if (refuse && !options_.json) {
      Show(Cat(ToText(now_()), "  refused ", refused_, " of ", options_.fail_first, "\n"));
    }
  }
  if (refuse) return respond(ErrorResponse(503, "refused, as asked by --fail-first"));
  HttpResponse response = Take(request);
  if (options_.status != 0) response.status = options_.status;
  respond(std::move(response));
}

}  // namespace escalation
