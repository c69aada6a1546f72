#include "daemon/source/manual_check.h"

#include <string>
#include <string_view>

#include "daemon/source/message_json.h"
#include "state/base/ids.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr char kWholeTenant[] =
    "is missing, expected one such as {\"ticket_id\":\"T-1\"}; {} is the whole tenant";

absl::Status CheckScope(std::string_view body, const v1::Scope& scope) {
  struct Part {
    std::string_view name;
    const std::string& value;
    size_t bytes_max;
  };
  for (const Part& part : {Part{"ticket_id", scope.ticket_id(), kIdBytesMax},
                           Part{"route", scope.route(), kNameBytesMax},
                           Part{"escalation", scope.escalation(), kNameBytesMax}}) {
    if (part.value.empty()) continue;
    absl::Status status = CheckId(Cat(body, ".scope.", part.name), part.value, part.bytes_max);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckReason(std::string_view body, const std::string& reason) {
  if (!reason.empty()) return absl::OkStatus();
  return FieldError(Cat(body, ".reason"), "is missing, expected why: somebody is silenced");
}

absl::Status CheckMute(const v1::MuteSet& mute) {
  if (!mute.has_scope()) return FieldError("mute_set.scope", kWholeTenant);
  if (absl::Status status = CheckScope("mute_set", mute.scope()); !status.ok()) return status;
  if (absl::Status status = CheckReason("mute_set", mute.reason()); !status.ok()) return status;
  if (!mute.snooze()) return absl::OkStatus();
  if (!mute.has_until()) return FieldError("mute_set.until", "is missing: a snooze has an end");
  if (mute.scope().ticket_id().empty()) {
    return FieldError("mute_set.scope.ticket_id", "is missing: a snooze is of a ticket");
  }
  if (mute.scope().account().empty() && mute.scope().route().empty()) return absl::OkStatus();
  return FieldError(
      mute.scope().route().empty() ? "mute_set.scope.account" : "mute_set.scope.route",
      "expected none: a snooze is of a ticket, or of one of its escalations");
}

absl::Status CheckStop(const v1::Event& event) {
  const v1::EscalationStopRequested& stop = event.escalation_stopped();
  if (event.ticket_id().empty() && !stop.has_scope()) {
    return FieldError("escalation_stopped.scope", kWholeTenant);
  }
  if (absl::Status status = CheckScope("escalation_stopped", stop.scope()); !status.ok()) {
    return status;
  }
  const std::string& named = stop.scope().ticket_id();
  if (!event.ticket_id().empty() && !named.empty() && named != event.ticket_id()) {
    return FieldError(
        "escalation_stopped.scope.ticket_id",
        Cat("expected ", event.ticket_id(), " as in ticket_id, or none, got ", named));
  }
  return CheckReason("escalation_stopped", stop.reason());
}

absl::Status CheckPage(const v1::Event& event) {
  const v1::PageRequestedManually& page = event.page_requested_manually();
  absl::Status status = CheckId("ticket_id", event.ticket_id(), kIdBytesMax);
  if (!status.ok()) return status;
  const int given = (page.route().empty() ? 0 : 1) + (page.escalation().empty() ? 0 : 1) +
                    (page.key().empty() ? 0 : 1);
  if (given != 1) {
    return FieldError("page_requested_manually",
                      Cat("expected one of route, escalation and key, got ", given));
  }
  if (!page.route().empty()) {
    return CheckId("page_requested_manually.route", page.route(), kNameBytesMax);
  }
  if (page.test()) return FieldError("page_requested_manually.test", "expected with route only");
  if (page.has_close_after()) {
    return FieldError("page_requested_manually.close_after", "expected with route only");
  }
  if (page.escalation().empty()) return absl::OkStatus();
  return CheckId("page_requested_manually.escalation", page.escalation(), kNameBytesMax);
}

}  // namespace

absl::Status CheckManual(const v1::Event& event, Trust trust) {
  if (trust == Trust::kHistory) return absl::OkStatus();
  absl::Status status;
  switch (event.body_case()) {
    case v1::Event::kMuteSet:
      status = CheckMute(event.mute_set());
      break;
    case v1::Event::kMuteCleared:
      break;
    case v1::Event::kEscalationStopped:
      status = CheckStop(event);
      break;
    case v1::Event::kPageRequestedManually:
      status = CheckPage(event);
      break;
    default:
      return absl::OkStatus();
  }
  if (!status.ok()) return status;
  return event.actor().id().empty() ? FieldError("actor.id", "is missing, expected who does it")
                                    : absl::OkStatus();
}

}  // namespace escalation
