#include "daemon/deliver/page_text.h"

#include <string_view>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kTitleBytesMax = 512;
constexpr size_t kLineBytesMax = 2048;

void AddLine(std::string_view name, std::string_view value, std::string* out) {
  if (value.empty()) return;
  CatTo(out, name, std::string(name.size() < 10 ? 10 - name.size() : 1, ' '),
        CutText(OneLine(value), kLineBytesMax), "\n");
}

std::string Words(std::initializer_list<std::string_view> words) {
  std::string out;
  for (const std::string_view word : words) {
    if (!word.empty()) CatTo(&out, out.empty() ? "" : " ", word);
  }
  return out;
}

// "2h of 2h" and how far that is from the promise.
std::string UsedText(const v1::PageRequested& page) {
  const Duration used = FromProto(page.used());
  const Duration within = FromProto(page.within());
  std::string out = Cat(ToText(used), " of ", ToText(within));
  if (used < within) CatTo(&out, ", ", ToText(within - used), " left");
  if (used > within) CatTo(&out, ", over by ", ToText(used - within));
  if (page.has_paused() && FromProto(page.paused()).ms > 0) {
    CatTo(&out, "; paused for ", ToText(FromProto(page.paused())));
  }
  return out;
}

std::string DueText(const v1::Decision& decision, const v1::PageRequested& page) {
  if (!decision.has_due_at()) return page.due_local();
  const std::string utc = ToText(FromProto(decision.due_at()));
  return page.due_local().empty() ? utc : Cat(page.due_local(), " (", utc, ")");
}

std::string AssignedText(const v1::PageRequested& page) {
  if (page.group().empty() && page.assignee().empty()) return "nobody";
  return Words({page.assignee().empty() ? "nobody" : page.assignee(),
                page.group().empty() ? "" : "in", page.group()});
}

void AddCause(const Delivery& delivery, std::string* out) {
  const v1::Decision& decision = delivery.decision;
  if (delivery.late_by.ms > 0) {
    // Either the events came late, or the page had to wait here.
    const Duration unknown = FromProto(decision.detected_at()) - FromProto(decision.at());
    const bool waited = !decision.has_detected_at() || delivery.late_by - unknown > unknown;
    AddLine("Late",
            Cat("by ", ToText(delivery.late_by),
                waited ? ": this page waited in escalationd" : ": escalationd learned of it late"),
            out);
  }
  std::string cause = Cat("record ", decision.cause().offset());
  if (!decision.cause().event_id().empty()) CatTo(&cause, ", event ", decision.cause().event_id());
  if (decision.cause().policy_revision() > 0) {
    CatTo(&cause, ", policy revision ", decision.cause().policy_revision());
  }
  if (!decision.cause().rule().empty()) CatTo(&cause, ", ", decision.cause().rule());
  AddLine("Cause", cause, out);
}

PageText Requested(const Delivery& delivery) {
  const v1::Decision& decision = delivery.decision;
  const v1::PageRequested& page = decision.page_requested();
  PageText text;
  text.title = Words({page.severity(), decision.ticket_id()});
  if (!page.subject().empty()) CatTo(&text.title, ": ", page.subject());
  std::string* out = &text.message;
  AddLine("Ticket", Words({decision.ticket_id(), page.severity()}), out);
  AddLine("Subject", page.subject(), out);
  if (!page.metric().empty()) {
    AddLine("Target",
            Cat(page.metric(), page.target().empty() ? "" : " ", page.target(), " within ",
                ToText(FromProto(page.within()))),
            out);
    AddLine("Used", UsedText(page), out);
  }
  AddLine("Due", DueText(decision, page), out);
  AddLine("Why", page.why(), out);
  AddLine("Next", page.next().empty() ? "" : page.next(), out);
  AddLine("Customer", Words({page.account(), page.plan().empty() ? "" : "plan", page.plan()}), out);
  AddLine("Assigned", AssignedText(page), out);
  if (!page.fallback_of().empty()) {
    AddLine("Fallback", Cat("because route ", page.fallback_of(), " failed"), out);
  }
  AddCause(delivery, out);
  for (const v1::PageLink& link : page.links()) AddLine(link.name(), link.url(), out);
  if (!decision.ticket_id().empty()) {
    AddLine("Explain", Cat("escalationctl explain ", decision.ticket_id()), out);
  }
  return text;
}

PageText Digest(const Delivery& delivery) {
  const v1::PageDigest& digest = delivery.decision.page_digest();
  PageText text;
  text.title = Cat("and ", digest.suppressed(), " more pages for route ", digest.route());
  AddLine("Held back", Cat(digest.suppressed(), " pages, because the route's limit was reached"),
          &text.message);
  std::string tickets;
  for (const std::string& id : digest.ticket_ids()) CatTo(&tickets, tickets.empty() ? "" : " ", id);
  AddLine("Tickets", tickets, &text.message);
  AddCause(delivery, &text.message);
  return text;
}

}  // namespace

PageText PageTextOf(const Delivery& delivery) {
  const v1::Decision& decision = delivery.decision;
  PageText text;
  if (decision.has_page_requested()) {
    text = Requested(delivery);
  } else if (decision.has_page_digest()) {
    text = Digest(delivery);
  } else if (decision.has_page_closed()) {
    text.title = Words({"closed:", decision.ticket_id(), decision.page_closed().reason()});
    AddLine("Closed", decision.page_closed().reason(), &text.message);
    AddCause(delivery, &text.message);
  } else {
    text.title = Words({"acknowledged:", decision.ticket_id(), decision.page_acknowledged().by()});
    AddLine("By", decision.page_acknowledged().by(), &text.message);
    AddCause(delivery, &text.message);
  }
  text.title = CutText(OneLine(text.title), kTitleBytesMax);
  return text;
}

}  // namespace escalation
