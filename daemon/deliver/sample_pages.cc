#include "daemon/deliver/sample_pages.h"

#include <utility>

namespace escalation {
namespace {

// 2026-03-11T07:00:00Z.
constexpr Instant kSampleAt{1'773'212'400'000};
constexpr char kRunKey[] = "default/T-1001/night/1/";

Delivery Sample(uint64_t seq) {
  Delivery delivery;
  v1::Decision& decision = delivery.decision;
  decision.set_id("00112233445566778899aabbccddeeff/0/" + std::to_string(seq) + "/0");
  decision.set_seq(seq);
  decision.set_tenant("default");
  decision.set_ticket_id("T-1001");
  ToProto(kSampleAt, decision.mutable_at());
  ToProto(kSampleAt, decision.mutable_due_at());
  v1::Cause& cause = *decision.mutable_cause();
  cause.set_offset(17);
  cause.set_event_id("e-1");
  cause.set_policy_revision(3);
  cause.set_rule("plans.gold.targets[0]");
  return delivery;
}

Delivery SamplePage(const std::string& route) {
  Delivery delivery = Sample(40);
  v1::PageRequested& page = *delivery.decision.mutable_page_requested();
  page.set_route(route);
  page.set_escalation("night");
  page.set_level("tier_two");
  page.set_key(std::string(kRunKey) + "1");
  page.set_generation(1);
  page.set_step(1);
  page.set_severity("high");
  page.set_subject("Nobody can log in: \"502\" <b>& more</b>");
  page.set_metric("engagement");
  page.set_target("internal_high");
  ToProto(Duration::Hours(2), page.mutable_used());
  ToProto(Duration::Hours(2), page.mutable_within());
  ToProto(Duration::Minutes(30), page.mutable_paused());
  page.set_due_local("2026-03-11 01:00 MDT");
  page.set_why("escalations.night.steps[0]");
  page.set_next("step 2 at 2026-03-11T07:10:00Z: backup");
  page.set_account("acme");
  page.set_plan("gold");
  page.set_group("tier_two");
  page.set_assignee("maria");
  v1::PageLink& link = *page.add_links();
  link.set_name("runbook");
  link.set_url("https://wiki.example.com/login");
  delivery.late_by = Duration::Minutes(3);
  return delivery;
}

}  // namespace

std::vector<Delivery> SamplePages(const std::string& route) {
  std::vector<Delivery> pages;
  pages.push_back(SamplePage(route));

  v1::PageDigest& digest = *pages.emplace_back(Sample(41)).decision.mutable_page_digest();
  digest.set_route(route);
  digest.set_key("default/digest/" + route + "/1");
  digest.set_generation(1);
  digest.set_suppressed(212);
  digest.add_ticket_ids("T-1001");
  digest.add_ticket_ids("T-1002");

  v1::PageAcknowledgedAtPager& taken =
      *pages.emplace_back(Sample(42)).decision.mutable_page_acknowledged();
  taken.set_route(route);
  taken.set_escalation("night");
  taken.set_key(std::string(kRunKey) + "1");
  taken.set_generation(1);
  taken.set_by("maria");

  v1::PageClosed& closed = *pages.emplace_back(Sample(43)).decision.mutable_page_closed();
  closed.set_route(route);
  closed.set_escalation("night");
  closed.set_key(std::string(kRunKey) + "1");
  closed.set_generation(1);
  closed.set_reason("engaged");
  closed.set_destination(route);
  return pages;
}

}  // namespace escalation
