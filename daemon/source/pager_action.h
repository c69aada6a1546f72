// daemon/source/pager_action.h
//
// What a person did at a pager, before it is an event: the common half of what pagers tell
// (pager_hooks.h).
//
//   Input       an action with the page's key, as the pager gave it back
//   Output      the event for the log:
//                 acknowledged, resolved   page_acknowledged, page_resolved
//                 reassigned               the field `pager_assignee` of the ticket; it stops no
//                                          clock and no escalation, since nobody acted yet
//               none: the page is another tenant's or nobody's of ours
//   Invariants  1. only what a person did gives an event: a pager's own doing, and our own that it
//                  echoes, must not end an escalation
//               2. what the pager sends again has the same id, so the fold drops it
//   Time        the pager's own, if it tells
//   Errors      none
//   Threads     values; stateless
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct PagerAction {
  enum class Kind { kAcknowledged, kResolved, kReassigned };
  Kind kind = Kind::kAcknowledged;
  std::string key;
  // Who acted; of kReassigned: who is to act now, as `to`.
  std::string by;
  std::string to;
  // The pager's own id of it; any text.
  std::string id;
  std::optional<Instant> at;
};

inline constexpr char kPagerAssigneeField[] = "pager_assignee";

std::vector<v1::Event> EventsOfPager(const PagerAction& action, std::string_view tenant);

// A page's key as PageKey or ShortPageKey made it (state/ticket/page.h), of this tenant.
bool IsPageKeyOf(std::string_view tenant, std::string_view key);

// An id of our alphabet that differs where `id` does.
std::string PagerEventId(std::string_view id);

// One JSON object. Places in errors are as `where` says: "payload: ...".
absl::StatusOr<nlohmann::json> ReadPagerObject(std::string_view text, std::string_view where);
// The text at a JSON pointer such as "/event/id"; empty: not there, or no text.
std::string PagerText(const nlohmann::json& object, const char* pointer);

// Milliseconds since 1970; empty: not in the years of instants.
std::optional<Instant> PagerInstant(int64_t ms);

}  // namespace escalation
