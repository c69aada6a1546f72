#include "daemon/api/explain_on_call.h"

#include <map>
#include <string>

#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

Instant FromOf(const v1::OnCallShift& shift) {
  return shift.change().has_from() ? FromProto(shift.change().from()) : Instant{shift.at_ms()};
}

Instant UntilOf(const v1::OnCallShift& shift) {
  return shift.change().has_until() ? FromProto(shift.change().until()) : Instant::Never();
}

absl::StatusOr<v1::OnCallState> FindShifts(const TenantView& view, const std::string& route) {
  v1::OnCallState state;
  const auto value = view.partition().state->Get(keys::OnCall(view.name(), route));
  if (!value.ok()) return value.status();
  if (value->has_value() && !state.ParseFromString(**value)) {
    return absl::DataLossError(Cat("who is on call for route ", route, " cannot be decoded"));
  }
  return state;
}

// "maria until Wed 2026-03-11 08:00 MDT, by record 7"
std::string ShiftText(const v1::OnCallShift& shift, const Zone& zone) {
  std::string text = Cat(shift.change().person(), ", from ", LocalText(zone, FromOf(shift)));
  if (UntilOf(shift) != Instant::Never()) CatTo(&text, " until ", LocalText(zone, UntilOf(shift)));
  return Cat(text, ", told by record ", shift.offset());
}

void ExplainPage(const v1::Decision& page, const v1::OnCallState& shifts, const Zone& zone,
                 ExplainLines* lines) {
  const Instant at = FromProto(page.at());
  const int64_t decided_by = page.cause().offset();
  const v1::OnCallShift* on_call = nullptr;
  for (const v1::OnCallShift& shift : shifts.shifts()) {
    if (shift.offset() <= decided_by && FromOf(shift) <= at && at < UntilOf(shift)) {
      on_call = &shift;
    }
  }
  const v1::PageRequested& request = page.page_requested();
  lines->Add("page", Cat(request.key(), ", route ", request.route(), ", ", LocalText(zone, at)));
  lines->Add("on call",
             on_call == nullptr ? "nobody, as far as was told by then" : ShiftText(*on_call, zone));
  for (const v1::OnCallShift& shift : shifts.shifts()) {
    if (shift.offset() > decided_by) lines->Add("since then", ShiftText(shift, zone));
  }
}

}  // namespace

absl::Status ExplainOnCall(const TenantView& view, std::vector<const v1::Decision*> pages,
                           const Zone& zone, ExplainLines* lines) {
  if (pages.size() > kOnCallPagesMax) pages.erase(pages.begin(), pages.end() - kOnCallPagesMax);
  std::map<std::string, v1::OnCallState> routes;
  bool told = false;
  for (const v1::Decision* const page : pages) {
    const std::string& route = page->page_requested().route();
    if (routes.contains(route)) continue;
    absl::StatusOr<v1::OnCallState> shifts = FindShifts(view, route);
    if (!shifts.ok()) return shifts.status();
    told = told || shifts->shifts_size() > 0;
    routes[route] = *std::move(shifts);
  }
  if (!told) return absl::OkStatus();
  lines->Heading("On call");
  for (const v1::Decision* const page : pages) {
    ExplainPage(*page, routes[page->page_requested().route()], zone, lines);
  }
  return absl::OkStatus();
}

}  // namespace escalation
