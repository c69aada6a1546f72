#include "daemon/service.h"

#include <utility>

#include "daemon/policy_intake.h"
#include "escalation/v1/api.pb.h"
#include "state/base/text.h"
#include "state/policy/policy_check.h"
#include "state/policy/redaction_check.h"

namespace escalation {
namespace {

HttpResponse Text(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  response.content_type = "text/plain; charset=utf-8";
  return response;
}

}  // namespace

void Service::Handle(HttpRequest request, HttpRespond respond) {
  const std::string& path = request.path;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (path == "/v1/events") {
    if (request.method != "POST") return respond(MethodNotAllowedResponse("POST"));
    return world_.ingest->Handle(std::move(request), std::move(respond));
  }
  if (path.starts_with("/v1/hooks/") && world_.hooks != nullptr) {
    return world_.hooks->Handle(std::move(request), std::move(respond));
  }
  const bool letters = path == "/v1/dead-letters" || path.starts_with("/v1/dead-letters/");
  if (letters && world_.dead_letters != nullptr) {
    return world_.dead_letters->Handle(std::move(request), std::move(respond));
  }
  if (path == "/v1/policy" && request.method == "POST") return PublishPolicy(request, respond);
  if (path.starts_with("/v1/")) {
    if (!reads)
      return respond(MethodNotAllowedResponse(path == "/v1/policy" ? "GET, POST" : "GET"));
    return world_.queries->Handle(std::move(request), std::move(respond));
  }
  if (path != "/metrics" && path != "/-/healthy" && path != "/-/ready") {
    return respond(NotFoundResponse(path));
  }
  if (!reads) return respond(MethodNotAllowedResponse("GET"));
  if (path == "/-/healthy") return respond(Text(200, "ok\n"));
  if (path == "/-/ready") {
    const std::string missing = world_.not_ready();
    return respond(missing.empty() ? Text(200, "ready\n") : Text(503, Cat(missing, '\n')));
  }
  HttpResponse metrics = Text(200, world_.metrics());
  metrics.content_type = "text/plain; version=0.0.4; charset=utf-8";
  respond(std::move(metrics));
}

void Service::PublishPolicy(const HttpRequest& request, const HttpRespond& respond) const {
  static constexpr const char* kMediaType = "application/x-protobuf";
  if (request.MediaType() != kMediaType) {
    return respond(UnsupportedMediaTypeResponse(request.MediaType(), kMediaType));
  }
  v1::PublishPolicyRequest publish;
  if (!publish.ParseFromString(request.body)) {
    return respond(ErrorResponse(400, "the body is not a PublishPolicyRequest"));
  }
  const auto state = world_.states.find(publish.policy().tenant());
  if (state == world_.states.end()) {
    return respond(
        ErrorResponse(400, Cat("tenant \"", publish.policy().tenant(), "\" is not served here"),
                      "policy.tenant"));
  }
  const v1::CalendarSet* const calendars =
      publish.calendars().calendars_size() > 0 ? &publish.calendars() : nullptr;
  absl::Status checked = PolicyStatus(CheckPolicy(publish.policy(), calendars));
  if (checked.ok()) {
    checked = PolicyStatus(CheckRedactionPatterns(publish.policy().redaction()));
  }
  if (!checked.ok()) return respond(ErrorResponse(checked));
  if (publish.policy().revision() <= publish.expect_revision()) {
    return respond(ErrorResponse(400,
                                 Cat("revision ", publish.policy().revision(),
                                     ", expected more than ", publish.expect_revision()),
                                 "policy.revision"));
  }
  absl::StatusOr<std::vector<v1::Event>> events =
      PolicyEvents(*state->second, publish, world_.now());
  if (!events.ok()) return respond(ErrorResponse(events.status()));
  world_.writer->Append(
      *std::move(events), [respond, redactors = world_.redactors,
                           policy = publish.policy()](absl::StatusOr<std::vector<Offset>> offsets) {
        if (!offsets.ok()) return respond(ErrorResponse(offsets.status()));
        // Whoever hears that it is published may send what it redacts.
        if (redactors != nullptr) redactors->Set(policy);
        HttpResponse response;
        response.body =
            Cat("{\"revision\":\"", policy.revision(), "\",\"offset\":\"", offsets->back(), "\"}");
        respond(std::move(response));
      });
}

}  // namespace escalation
