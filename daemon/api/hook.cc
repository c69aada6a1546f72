#include "daemon/api/hook.h"

#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

bool CarriesCredentials(const std::string& header) {
  return header == "authorization" || header == "proxy-authorization" || header == "cookie";
}

HttpResponse Json(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

}  // namespace

Hook::Hook(World world)
    : world_(std::move(world)),
      queue_([this](const HttpRequest& request,
                    const HttpRespond& respond) { Answer(request, respond); },
             {}) {
  status_.name = world_.intake->source();
  status_.tenant = world_.intake->tenant();
  status_.kind = SourceStatus::Kind::kHook;
  status_.reading = true;
}

SourceStatus Hook::Status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void Hook::Handle(HttpRequest request, HttpRespond respond) {
  if (request.method != "POST") return respond(MethodNotAllowedResponse("POST"));
  const absl::Status verified = VerifyHook(world_.verification, request, world_.now());
  if (!verified.ok()) {
    {
      const std::lock_guard lock(mutex_);
      ++status_.unverified;
    }
    return respond(ErrorResponse(401, std::string(verified.message())));
  }
  queue_.Handle(std::move(request), world_.deadline->Watch(std::move(respond), world_.answer_max));
}

SourceMessage Hook::MessageOf(const HttpRequest& request) const {
  SourceMessage message;
  message.stamped = world_.now();
  message.value = request.body;
  for (const auto& [name, value] : request.headers) {
    const bool secret = CarriesCredentials(name) || name == world_.verification.header;
    if (!secret) message.headers.push_back({name, value});
  }
  return message;
}

void Hook::Answer(const HttpRequest& request, const HttpRespond& respond) {
  v1::Origin origin;
  origin.set_source(world_.intake->source());
  absl::StatusOr<Intake> intake = world_.intake->Take(MessageOf(request), origin);
  if (!intake.ok()) {
    const std::lock_guard lock(mutex_);
    ++status_.failures;
    return respond(ErrorResponse(absl::UnavailableError(intake.status().message())));
  }
  if (intake->letter.has_value()) {
    const v1::DeadLetter& letter = *intake->letter;
    const absl::StatusOr<int64_t> position = world_.letters->Put(letter);
    const std::lock_guard lock(mutex_);
    ++(position.ok() ? status_.letters[letter.kind()] : status_.failures);
    if (!position.ok()) {
      return respond(ErrorResponse(absl::UnavailableError(position.status().message())));
    }
    ++status_.messages;
    world_.tell(
        {SourceNotice::Level::kWarning, Cat("dead letter ", *position, ": ", letter.reason(), " (",
                                            letter.value().size(), " bytes)")});
    return respond(Json(202, Cat("{\"dead_letter\":\"", *position, "\"}\n")));
  }
  const size_t count = intake->events.size();
  {
    const std::lock_guard lock(mutex_);
    ++status_.messages;
    status_.events += count;
    if (count == 0) ++status_.ignored;
  }
  const std::string accepted = Cat("{\"accepted\":", count, "}\n");
  if (count == 0) return respond(Json(200, accepted));
  world_.append(std::move(intake->events),
                [respond, accepted](const absl::StatusOr<std::vector<Offset>>& offsets) {
                  respond(offsets.ok() ? Json(200, accepted) : ErrorResponse(offsets.status()));
                });
}

}  // namespace escalation
