#include "ops/altered_history.h"

#include <algorithm>
#include <string>

namespace escalation {
namespace {

// Removes the parts whose names `known` has too.
template <typename Parts>
void RemoveNamed(const Parts& known, Parts* parts) {
  const auto rest = std::remove_if(parts->begin(), parts->end(), [&](const auto& part) {
    return std::any_of(known.begin(), known.end(),
                       [&](const auto& other) { return other.name() == part.name(); });
  });
  parts->erase(rest, parts->end());
}

}  // namespace

AlteredHistory::AlteredHistory(const WhatIfChange& change) : change_(change) {}

std::vector<v1::Event> AlteredHistory::Beginning() {
  std::vector<v1::Event> events;
  const v1::CalendarSet& calendars = change_.policy.calendars;
  const std::string& tenant = change_.policy.policy.tenant();
  if (calendars.calendars_size() + calendars.zones_size() > 0) {
    v1::Event& event = events.emplace_back();
    event.set_tenant(tenant);
    *event.mutable_calendars_published()->mutable_calendars() = calendars;
    event.mutable_calendars_published()->mutable_calendars()->set_revision(++calendars_revision_);
  }
  if (change_.kind == WhatIfChange::Kind::kPolicy) {
    v1::Event& event = events.emplace_back();
    event.set_tenant(tenant);
    *event.mutable_policy_published()->mutable_policy() = change_.policy.policy;
  }
  return events;
}

bool AlteredHistory::KeepCalendars(v1::CalendarSet* calendars) {
  if (change_.kind == WhatIfChange::Kind::kPolicy) return false;
  RemoveNamed(change_.policy.calendars.calendars(), calendars->mutable_calendars());
  RemoveNamed(change_.policy.calendars.zones(), calendars->mutable_zones());
  // The zones of calendars that stay may be among those that were exchanged.
  for (const v1::ZoneDefinition& zone : change_.policy.calendars.zones()) {
    auto* const zones = calendars->mutable_zones();
    *zones->Add() = zone;
    std::sort(zones->begin(), zones->end(),
              [](const auto& a, const auto& b) { return a.name() < b.name(); });
  }
  calendars->set_revision(++calendars_revision_);
  return calendars->calendars_size() > 0;
}

bool AlteredHistory::Keep(v1::Event* event) {
  // Hashes and numbers are those of the decisions as they were.
  if (event->has_published()) return false;
  // An outcome names a decision of the log as it was; here it is known by its page's key.
  if (event->has_page_outcome()) event->mutable_page_outcome()->clear_decision_seq();
  if (event->tenant() != change_.policy.policy.tenant()) return true;
  if (event->has_policy_published()) return change_.kind == WhatIfChange::Kind::kCalendars;
  if (!event->has_calendars_published()) return true;
  return KeepCalendars(event->mutable_calendars_published()->mutable_calendars());
}

}  // namespace escalation
