#include "daemon/deliver/page_text.h"

#include <string_view>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"
#include "state/ticket/page.h"

namespace escalation {
namespace {

constexpr size_t kTitleBytesMax = 512;
constexpr size_t kLineBytesMax = 2048;
constexpr size_t kNameBytesMax = 64;

void AddTo(std::vector<PageLine>* lines, std::string_view name, std::string_view value,
           PageText* out) {
  PageLine& line = lines->emplace_back();
  line.name = CutText(OneLine(name), kNameBytesMax);
  line.value = CutText(OneLine(value), kLineBytesMax);
  CatTo(&out->message, line.name,
        std::string(line.name.size() < 10 ? 10 - line.name.size() : 1, ' '), line.value, "\n");
}

void AddLine(std::string_view name, std::string_view value, PageText* out) {
  if (!value.empty()) AddTo(&out->lines, name, value, out);
}

// What a person may be offered to open: nothing that runs code or reads a file.
bool IsWebLink(std::string_view url) {
  const bool web = url.starts_with("https://") || url.starts_with("http://");
  return web && url.size() <= kLineBytesMax && OneLine(url) == url &&
         url.find_first_of(" <>\"") == std::string_view::npos;
}

// A link that nobody should open is a line to be read.
void AddLink(const v1::PageLink& link, PageText* out) {
  if (link.url().empty()) return;
  const bool offered = IsWebLink(link.url()) && out->links.size() < kPageLinksMax;
  AddTo(offered ? &out->links : &out->lines, link.name(), link.url(), out);
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

void AddCause(const Delivery& delivery, PageText* out) {
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

// "high T-17: Site down"
std::string Headline(const v1::Decision& decision) {
  const v1::PageRequested& page = decision.page_requested();
  std::string out = Words({page.severity(), decision.ticket_id()});
  if (!page.subject().empty()) CatTo(&out, ": ", page.subject());
  return out;
}

PageText Requested(const Delivery& delivery) {
  const v1::Decision& decision = delivery.decision;
  const v1::PageRequested& page = decision.page_requested();
  PageText text;
  text.title = Headline(decision);
  PageText* out = &text;
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
  for (const v1::PageLink& link : page.links()) AddLink(link, out);
  if (!decision.ticket_id().empty()) {
    AddLine("Explain", Cat("escalationctl explain ", decision.ticket_id()), out);
  }
  return text;
}

// Pages that waited together for the route's budget.
PageText Waited(const Delivery& delivery) {
  const v1::PageDigest& digest = delivery.decision.page_digest();
  PageText text;
  text.title = Cat(digest.suppressed(), " pages for route ", digest.route(), ": ",
                   Headline(delivery.listed.front()));
  const int64_t rest = digest.suppressed() - 1;
  if (rest > 0) CatTo(&text.title, ", and ", rest, " more");
  AddLine(
      "Together",
      Cat(digest.suppressed(), " pages that would have waited too long one by one; each goes on",
          " by itself if nobody acts"),
      &text);
  int number = 0;
  for (const v1::Decision& page : delivery.listed) {
    std::string line = Headline(page);
    const std::string due = DueText(page, page.page_requested());
    if (!due.empty()) CatTo(&line, "; due ", due);
    AddLine(Cat("Page ", ++number), line, &text);
  }
  const int64_t more = digest.suppressed() - static_cast<int64_t>(delivery.listed.size());
  if (more > 0) {
    AddLine("More", Cat("and ", more, " more: escalationctl pages"), &text);
  }
  AddCause(delivery, &text);
  for (const v1::Decision& page : delivery.listed) {
    if (page.page_requested().links().empty()) continue;
    v1::PageLink link = page.page_requested().links(0);
    link.set_name(page.ticket_id());
    AddLink(link, &text);
  }
  return text;
}

PageText Digest(const Delivery& delivery) {
  if (!delivery.listed.empty()) return Waited(delivery);
  const v1::PageDigest& digest = delivery.decision.page_digest();
  PageText text;
  text.title = Cat("and ", digest.suppressed(), " more pages for route ", digest.route());
  AddLine("Held back", Cat(digest.suppressed(), " pages, because the route's limit was reached"),
          &text);
  std::string tickets;
  for (const std::string& id : digest.ticket_ids()) CatTo(&tickets, tickets.empty() ? "" : " ", id);
  AddLine("Tickets", tickets, &text);
  AddCause(delivery, &text);
  return text;
}

}  // namespace

std::string_view PageText::Line(std::string_view name) const {
  for (const PageLine& line : lines) {
    if (line.name == name) return line.value;
  }
  return "";
}

std::string FieldName(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    c = upper ? static_cast<char>(c - 'A' + 'a') : plain ? c : '_';
  }
  return out;
}

std::string KeyWithin(const std::string& key, size_t bytes_max) {
  return key.size() <= bytes_max ? key : ShortPageKey(key);
}

PageText PageTextOf(const Delivery& delivery) {
  const v1::Decision& decision = delivery.decision;
  PageText text;
  if (decision.has_page_requested()) {
    text = Requested(delivery);
  } else if (decision.has_page_digest()) {
    text = Digest(delivery);
  } else if (decision.has_page_closed()) {
    text.title = Words({"closed:", decision.ticket_id(), decision.page_closed().reason()});
    AddLine("Closed", decision.page_closed().reason(), &text);
    AddCause(delivery, &text);
  } else {
    text.title = Words({"acknowledged:", decision.ticket_id(), decision.page_acknowledged().by()});
    AddLine("By", decision.page_acknowledged().by(), &text);
    AddCause(delivery, &text);
  }
  text.title = CutText(OneLine(text.title), kTitleBytesMax);
  return text;
}

}  // namespace escalation
