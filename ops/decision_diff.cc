#include "ops/decision_diff.h"

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "state/base/instant.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"

namespace escalation {
namespace {

constexpr int64_t kHour_ms = 3'600'000;

template <typename Clock>
std::string PromiseOf(const Clock& clock) {
  return Cat(clock.metric(), "/", clock.target());
}

// By pages, then broken promises, then all decisions.
bool IsMoreChanged(const ChangedTicket& a, const ChangedTicket& b) {
  return std::tuple(-a.pages, -a.breaches, -a.decisions, a.ticket_id) <
         std::tuple(-b.pages, -b.breaches, -b.decisions, b.ticket_id);
}

}  // namespace

void DecisionDiff::Add(const v1::Decision& decision, int step) {
  v1::Decision bare = decision;
  bare.clear_id();
  bare.clear_seq();
  bare.clear_detected_at();
  bare.clear_cause();
  auto& [surplus, first] = unsettled_[bare.SerializeAsString()];
  if (surplus == 0) first = decision;
  surplus += step;
  const auto* const field =
      v1::Decision::descriptor()->FindFieldByNumber(static_cast<int>(decision.body_case()));
  Kind& kind = kinds_[field == nullptr ? "none" : field->name()];
  ++(step < 0 ? kind.before : kind.after);
  if (decision.has_page_requested()) {
    const v1::PageRequested& page = decision.page_requested();
    CountPage({page.plan(), page.severity(), page.route(), FromProto(decision.at())}, step);
  }
  if (decision.has_clock_breached()) {
    ++(step < 0 ? totals_.breaches.before : totals_.breaches.after);
  } else if (decision.has_breach_retracted()) {
    --(step < 0 ? totals_.breaches.before : totals_.breaches.after);
  }
}

std::vector<ChangeFigures*> DecisionDiff::FiguresOf(const Mark& mark, const Zone& zone,
                                                    DiffSummary* summary) {
  const auto hour = static_cast<size_t>(zone.WallClock_ms(mark.at) / kHour_ms);
  const auto weekday = static_cast<size_t>(WeekdayOf(zone.LocalDay(mark.at)));
  return {&summary->pages,
          &summary->by_plan[mark.plan.empty() ? "none" : mark.plan],
          &summary->by_severity[mark.severity.empty() ? "none" : mark.severity],
          &summary->by_route[mark.route],
          &summary->by_hour[std::min<size_t>(hour, 23)],
          &summary->by_weekday[weekday]};
}

void DecisionDiff::CountPage(const Mark& mark, int step) {
  for (ChangeFigures* figures : FiguresOf(mark, zone_, &totals_)) {
    ++(step < 0 ? figures->before : figures->after);
  }
}

void DecisionDiff::Settle() {
  for (const auto& [bytes, entry] : unsettled_) {
    if (entry.first != 0) Tell(entry.second, entry.first);
  }
  unsettled_.clear();
}

void DecisionDiff::Note(const SubjectKey& key, const Mark& mark, int64_t surplus) {
  std::map<int64_t, Surplus>& moments = moves_[key];
  Surplus& at = moments[mark.at.ms];
  at.count += surplus;
  at.mark = mark;
  if (at.count == 0) moments.erase(mark.at.ms);
  if (moments.empty()) moves_.erase(key);
}

void DecisionDiff::Tell(const v1::Decision& decision, int64_t surplus) {
  const Instant at = FromProto(decision.at());
  if (decision.has_page_requested()) {
    const v1::PageRequested& page = decision.page_requested();
    Note({Subject::kPage, decision.ticket_id(), page.route()},
         {page.plan(), page.severity(), page.route(), at}, surplus);
  }
  if (decision.has_clock_breached()) {
    Note({Subject::kBreach, decision.ticket_id(), PromiseOf(decision.clock_breached())},
         {"", "", "", at}, surplus);
  } else if (decision.has_breach_retracted()) {
    const Instant broken = decision.has_due_at() ? FromProto(decision.due_at()) : at;
    Note({Subject::kBreach, decision.ticket_id(), PromiseOf(decision.breach_retracted())},
         {"", "", "", broken}, -surplus);
  }
  const std::pair<int64_t, std::string> key(at.ms, DecisionText(decision));
  auto found = lines_.find(key);
  if (found == lines_.end() && lines_.size() >= kLinesMax) {
    totals_.unlisted += std::abs(surplus);
    return;
  }
  if (found == lines_.end()) found = lines_.emplace(key, Line{}).first;
  Line& line = found->second;
  line.surplus += surplus;
  line.ticket_id = decision.ticket_id();
  line.rule = decision.cause().rule();
  if (line.surplus == 0) lines_.erase(found);
}

void DecisionDiff::PrintLines(std::ostream& out) {
  Settle();
  for (const auto& [key, line] : lines_) {
    for (int64_t i = 0; i < std::abs(line.surplus); ++i) {
      out << (line.surplus < 0 ? "- " : "+ ") << key.second << "\n";
    }
  }
}

void DecisionDiff::PrintJsonLines(std::ostream& out) {
  Settle();
  for (const auto& [key, line] : lines_) {
    nlohmann::ordered_json json = {{"change", line.surplus < 0 ? "removed" : "added"},
                                   {"at", ToText(Instant{key.first})},
                                   {"ticket_id", line.ticket_id},
                                   {"decision", key.second},
                                   {"rule", line.rule}};
    for (int64_t i = 0; i < std::abs(line.surplus); ++i) {
      out << json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
    }
  }
}

void DecisionDiff::PrintCounts(std::ostream& out) const {
  for (const auto& [name, kind] : kinds_) {
    if (kind.before == kind.after) continue;
    out << name << " " << kind.before << " -> " << kind.after << "\n";
  }
}

void DecisionDiff::CountMoves(DiffSummary* summary,
                              std::map<std::string, ChangedTicket>* tickets) const {
  for (const auto& [key, moments] : moves_) {
    std::vector<Mark> before, after;
    for (const auto& [at, surplus] : moments) {
      for (int64_t i = 0; i < std::abs(surplus.count); ++i) {
        (surplus.count < 0 ? before : after).push_back(surplus.mark);
      }
    }
    const bool page = std::get<0>(key) == Subject::kPage;
    ChangedTicket& ticket = (*tickets)[std::get<1>(key)];
    const size_t changes = std::max(before.size(), after.size());
    (page ? ticket.pages : ticket.breaches) += static_cast<int64_t>(changes);
    for (size_t i = 0; i < changes; ++i) {
      // Where there are both, the page stands where it is now.
      const Mark& mark = i < after.size() ? after[i] : before[i];
      const auto count = [&](ChangeFigures* figures) {
        if (i >= before.size()) {
          ++figures->added;
        } else if (i >= after.size()) {
          ++figures->removed;
        } else {
          ++(after[i].at < before[i].at ? figures->earlier : figures->later);
        }
      };
      if (!page) count(&summary->breaches);
      if (!page) continue;
      for (ChangeFigures* figures : FiguresOf(mark, zone_, summary)) count(figures);
    }
  }
}

DiffSummary DecisionDiff::Summary() {
  Settle();
  DiffSummary summary = totals_;
  std::map<std::string, ChangedTicket> tickets;
  for (const auto& [key, line] : lines_) {
    (line.surplus < 0 ? summary.decisions_removed : summary.decisions_added) +=
        std::abs(line.surplus);
    if (!line.ticket_id.empty()) tickets[line.ticket_id].decisions += std::abs(line.surplus);
  }
  CountMoves(&summary, &tickets);
  summary.tickets_changed = static_cast<int64_t>(tickets.size());
  for (auto& [id, ticket] : tickets) {
    ticket.ticket_id = id;
    summary.most_changed.push_back(std::move(ticket));
    std::push_heap(summary.most_changed.begin(), summary.most_changed.end(), IsMoreChanged);
    if (summary.most_changed.size() <= kTicketsMax) continue;
    std::pop_heap(summary.most_changed.begin(), summary.most_changed.end(), IsMoreChanged);
    summary.most_changed.pop_back();
  }
  std::sort_heap(summary.most_changed.begin(), summary.most_changed.end(), IsMoreChanged);
  for (const auto& [key, line] : lines_) {
    for (ChangedTicket& ticket : summary.most_changed) {
      if (ticket.ticket_id != line.ticket_id || ticket.lines.size() >= kTicketLinesMax) continue;
      const std::string rule = line.rule.empty() ? "" : Cat(" by ", line.rule);
      ticket.lines.push_back(Cat(line.surplus < 0 ? "- " : "+ ", key.second, rule));
    }
  }
  return summary;
}

}  // namespace escalation
