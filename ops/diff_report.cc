#include "ops/diff_report.h"

#include <iomanip>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "state/base/text.h"

namespace escalation {
namespace {

constexpr const char* kWeekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
const std::vector<std::string>& Headers() {
  static const auto& headers =
      *new std::vector<std::string>{"", "before", "after", "added", "removed", "earlier", "later"};
  return headers;
}

void AddFigures(const std::string& prefix, const ChangeFigures& figures, Figures* out) {
  (*out)[prefix + ".before"] = figures.before;
  (*out)[prefix + ".after"] = figures.after;
  (*out)[prefix + ".added"] = figures.added;
  (*out)[prefix + ".removed"] = figures.removed;
  (*out)[prefix + ".earlier"] = figures.earlier;
  (*out)[prefix + ".later"] = figures.later;
}

std::vector<std::string> Row(const std::string& name, const ChangeFigures& figures) {
  return {name,
          Cat(figures.before),
          Cat(figures.after),
          Cat(figures.added),
          Cat(figures.removed),
          Cat(figures.earlier),
          Cat(figures.later)};
}

bool IsEmpty(const ChangeFigures& figures) {
  return figures.before == 0 && figures.after == 0 && figures.added == 0 && figures.removed == 0;
}

using Rows = std::vector<std::vector<std::string>>;

Rows RowsOf(const std::string& prefix, const std::map<std::string, ChangeFigures>& figures) {
  Rows rows;
  for (const auto& [name, one] : figures) rows.push_back(Row(Cat(prefix, name), one));
  return rows;
}

Rows AllRows(const DiffSummary& summary) {
  Rows rows = {Row("pages", summary.pages), Row("broken promises", summary.breaches)};
  for (const auto& [prefix, figures] : {std::pair{"pages, plan ", &summary.by_plan},
                                        std::pair{"pages, severity ", &summary.by_severity},
                                        std::pair{"pages, route ", &summary.by_route}}) {
    for (auto& row : RowsOf(prefix, *figures)) rows.push_back(std::move(row));
  }
  for (size_t hour = 0; hour < summary.by_hour.size(); ++hour) {
    if (IsEmpty(summary.by_hour[hour])) continue;
    rows.push_back(Row(Cat("pages, ", hour, ":00 to ", hour, ":59"), summary.by_hour[hour]));
  }
  for (size_t day = 0; day < summary.by_weekday.size(); ++day) {
    if (IsEmpty(summary.by_weekday[day])) continue;
    rows.push_back(Row(Cat("pages, ", kWeekdays[day]), summary.by_weekday[day]));
  }
  return rows;
}

std::string TicketLine(const ChangedTicket& ticket) {
  return Cat(ticket.ticket_id, ": ", ticket.pages, " pages, ", ticket.breaches,
             " broken promises, ", ticket.decisions, " decisions changed");
}

HtmlPage::Bars BarsOf(const std::string& label, const ChangeFigures& figures) {
  return {label, {figures.before, figures.after}};
}

}  // namespace

Figures FiguresOf(const DiffSummary& summary, const v1::Policy& policy) {
  Figures figures;
  AddFigures("pages", summary.pages, &figures);
  AddFigures("breaches", summary.breaches, &figures);
  figures["tickets.changed"] = summary.tickets_changed;
  figures["decisions.added"] = summary.decisions_added;
  figures["decisions.removed"] = summary.decisions_removed;
  figures["decisions.unlisted"] = summary.unlisted;
  for (const v1::Plan& plan : policy.plans()) AddFigures("pages.plan." + plan.name(), {}, &figures);
  for (const std::string& severity : policy.severities()) {
    AddFigures("pages.severity." + severity, {}, &figures);
  }
  for (const v1::Route& route : policy.routes()) {
    AddFigures("pages.route." + route.name(), {}, &figures);
  }
  for (const auto& [name, one] : summary.by_plan) AddFigures("pages.plan." + name, one, &figures);
  for (const auto& [name, one] : summary.by_severity) {
    AddFigures("pages.severity." + name, one, &figures);
  }
  for (const auto& [name, one] : summary.by_route) AddFigures("pages.route." + name, one, &figures);
  for (size_t hour = 0; hour < summary.by_hour.size(); ++hour) {
    AddFigures(Cat("pages.hour.", hour), summary.by_hour[hour], &figures);
  }
  for (size_t day = 0; day < summary.by_weekday.size(); ++day) {
    AddFigures(Cat("pages.weekday.", kWeekdays[day]), summary.by_weekday[day], &figures);
  }
  return figures;
}

void PrintDiffTable(const DiffSummary& summary, std::ostream& out) {
  const auto print = [&](const std::vector<std::string>& row) {
    out << std::left << std::setw(34) << row[0] << std::right;
    for (size_t i = 1; i < row.size(); ++i) out << std::setw(9) << row[i];
    out << "\n";
  };
  print(Headers());
  for (const auto& row : AllRows(summary)) print(row);
  out << "\n"
      << summary.tickets_changed << " tickets changed; decisions: " << summary.decisions_added
      << " added, " << summary.decisions_removed << " removed";
  if (summary.unlisted > 0) out << ", " << summary.unlisted << " more that are not listed";
  out << "\n";
  for (const ChangedTicket& ticket : summary.most_changed) {
    out << "\n" << TicketLine(ticket) << "\n";
    for (const std::string& line : ticket.lines) out << "  " << line << "\n";
  }
}

void PrintDiffJson(const DiffSummary& summary, const Figures& figures, std::ostream& out) {
  nlohmann::ordered_json json;
  json["figures"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : figures) json["figures"][name] = value;
  json["most_changed"] = nlohmann::ordered_json::array();
  for (const ChangedTicket& ticket : summary.most_changed) {
    json["most_changed"].push_back({{"ticket_id", ticket.ticket_id},
                                    {"pages", ticket.pages},
                                    {"breaches", ticket.breaches},
                                    {"decisions", ticket.decisions},
                                    {"lines", ticket.lines}});
  }
  out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

HtmlPage DiffPage(const DiffSummary& summary, const std::string& title) {
  HtmlPage page(title);
  page.Paragraph(Cat(summary.tickets_changed, " tickets changed; decisions: ",
                     summary.decisions_added, " added, ", summary.decisions_removed, " removed."));
  page.Table(Headers(), {Row("pages", summary.pages), Row("broken promises", summary.breaches)});
  std::vector<HtmlPage::Bars> hours, days;
  for (size_t hour = 0; hour < summary.by_hour.size(); ++hour) {
    hours.push_back(BarsOf(Cat(hour), summary.by_hour[hour]));
  }
  for (size_t day = 0; day < summary.by_weekday.size(); ++day) {
    days.push_back(BarsOf(kWeekdays[day], summary.by_weekday[day]));
  }
  page.Chart("Pages by hour of day", {"before", "after"}, hours);
  page.Chart("Pages by weekday", {"before", "after"}, days);
  for (const auto& [name, figures] : {std::pair{"Pages by plan", &summary.by_plan},
                                      std::pair{"Pages by severity", &summary.by_severity},
                                      std::pair{"Pages by route", &summary.by_route}}) {
    page.Heading(name);
    page.Table(Headers(), RowsOf("", *figures));
  }
  page.Heading("Most changed tickets");
  for (const ChangedTicket& ticket : summary.most_changed) {
    page.Paragraph(TicketLine(ticket));
    page.Lines(ticket.lines);
  }
  return page;
}

}  // namespace escalation
