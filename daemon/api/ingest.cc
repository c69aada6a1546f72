#include "daemon/api/ingest.h"

#include <algorithm>
#include <utility>

#include "daemon/source/event_check.h"
#include "daemon/source/event_json.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kAccept[] = "application/json, application/x-ndjson";

HttpResponse Accepted(const std::vector<Offset>& offsets) {
  HttpResponse response;
  response.body = Cat("{\"accepted\":", offsets.size(), ",\"offsets\":[");
  for (size_t i = 0; i < offsets.size(); ++i) {
    CatTo(&response.body, i == 0 ? "\"" : ",\"", offsets[i], "\"");
  }
  response.body += "]}\n";
  return response;
}

}  // namespace

Ingest::Ingest(Options options, std::function<Instant()> now, AppendFunction append)
    : options_(std::move(options)), now_(std::move(now)), append_(std::move(append)) {}

absl::Status Ingest::Complete(v1::Event* event, Instant now) const {
  event->clear_origin();
  event->mutable_origin()->set_source(options_.source);
  ToProto(now, event->mutable_written_at());
  if (event->tenant().empty()) event->set_tenant(options_.default_tenant);
  if (absl::Status status = ValidateEvent(*event, Trust::kSource); !status.ok()) return status;
  const auto& tenants = options_.tenants;
  if (std::find(tenants.begin(), tenants.end(), event->tenant()) == tenants.end()) {
    return FieldError("tenant", Cat("\"", event->tenant(), "\" is not served here"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Event>> Ingest::Read(const HttpRequest& request, bool lines) const {
  absl::StatusOr<std::vector<v1::Event>> events =
      EventsFromBody(request.body, lines ? BodyForm::kJsonLines : BodyForm::kJson);
  if (!events.ok()) return events;
  const Instant now = now_();
  for (size_t i = 0; i < events->size(); ++i) {
    const absl::Status status = Complete(&(*events)[i], now);
    if (status.ok()) continue;
    if (events->size() == 1) return status;
    const std::string root = Cat("events[", i, "]");
    const std::string field = FieldOf(status);
    if (field.empty()) return FieldError(root, std::string(status.message()));
    return FieldError(Cat(root, ".", field),
                      std::string(status.message()).substr(field.size() + 2));
  }
  Redact(&*events);
  return events;
}

void Ingest::Redact(std::vector<v1::Event>* events) const {
  if (!options_.redactor) return;
  std::shared_ptr<const Redactor> redactor;
  const std::string* tenant = nullptr;
  for (v1::Event& event : *events) {
    if (tenant == nullptr || *tenant != event.tenant()) {
      tenant = &event.tenant();
      redactor = options_.redactor(*tenant);
    }
    if (redactor != nullptr) redactor->RedactEvent(&event);
  }
}

void Ingest::Handle(HttpRequest request, HttpRespond respond) {
  if (request.method != "POST") return respond(MethodNotAllowedResponse("POST"));
  const std::string type = request.MediaType();
  const bool lines = type == "application/x-ndjson";
  if (!lines && type != "application/json") {
    return respond(UnsupportedMediaTypeResponse(type, kAccept));
  }
  absl::StatusOr<std::vector<v1::Event>> events = Read(request, lines);
  if (!events.ok()) return respond(ErrorResponse(events.status()));
  append_(*std::move(events),
          [respond = std::move(respond)](const absl::StatusOr<std::vector<Offset>>& offsets) {
            respond(offsets.ok() ? Accepted(*offsets) : ErrorResponse(offsets.status()));
          });
}

}  // namespace escalation
