// tests/daemon/deliver/full_page.h
//
// A page that says everything that a page can say.
#pragma once

#include "tests/daemon/deliver/pages.h"

namespace escalation {

inline constexpr Instant kNow{1'773'212'400'000};

inline Delivery FullPage() {
  Delivery delivery = PageFor(40, "default/T-1/night/1/1");
  v1::Decision& decision = delivery.decision;
  ToProto(kNow, decision.mutable_at());
  ToProto(kNow, decision.mutable_due_at());
  decision.mutable_cause()->set_offset(17);
  decision.mutable_cause()->set_event_id("e1");
  decision.mutable_cause()->set_policy_revision(3);
  decision.mutable_cause()->set_rule("plans.ddev_live.targets[1]");
  v1::PageRequested& page = *decision.mutable_page_requested();
  page.set_severity("high");
  page.set_subject("site down");
  page.set_metric("engagement");
  page.set_target("internal_high");
  page.set_escalation("night");
  ToProto(Duration::Hours(2), page.mutable_used());
  ToProto(Duration::Hours(2), page.mutable_within());
  ToProto(Duration::Minutes(30), page.mutable_paused());
  page.set_due_local("2026-03-11 01:00 MDT");
  page.set_why("escalations.night.steps[0]");
  page.set_next("step 2 at 2026-03-11T07:10:00Z: victorops");
  page.set_account("acme");
  page.set_plan("ddev_live");
  page.set_group("tier_two");
  auto* link = page.add_links();
  link->set_name("runbook");
  link->set_url("https://wiki.example.com/down");
  delivery.late_by = Duration::Minutes(3);
  return delivery;
}

}  // namespace escalation
