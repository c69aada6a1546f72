// ops/diff_report.h
//
// What another policy or calendar would have changed, for people, for programs, and for a browser.
//
//   Input       a summary; the policy that is tried, whose plans, severities and routes have a
//               figure also where nothing happened
//   Output      table, JSON or HTML; figures with names such as pages.added,
//               pages.plan.gold.removed, pages.hour.3.after, breaches.later, tickets.changed
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <ostream>
#include <string>

#include "escalation/v1/policy.pb.h"
#include "ops/decision_diff.h"
#include "ops/figure_condition.h"
#include "ops/html_page.h"

namespace escalation {

Figures FiguresOf(const DiffSummary& summary, const v1::Policy& policy);

void PrintDiffTable(const DiffSummary& summary, std::ostream& out);
// One object: "figures" by name, and "most_changed".
void PrintDiffJson(const DiffSummary& summary, const Figures& figures, std::ostream& out);
HtmlPage DiffPage(const DiffSummary& summary, const std::string& title);

}  // namespace escalation
