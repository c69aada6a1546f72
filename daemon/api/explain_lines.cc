#include "daemon/api/explain_lines.h"

#include <cstdlib>

#include "daemon/deliver/plain_text.h"
#include "state/base/text.h"
#include "state/calendar/calendar_view.h"

namespace escalation {
namespace {

constexpr size_t kLabelWidth = 13;
constexpr size_t kLineBytesMax = 1024;

}  // namespace

void ExplainLines::Heading(std::string_view text) {
  if (!lines_.empty()) lines_.emplace_back();
  lines_.push_back(CutText(OneLine(text), kLineBytesMax));
}

void ExplainLines::Add(std::string_view label, std::string_view text) {
  std::string line = Cat("  ", OneLine(label));
  if (!label.empty()) line.resize(std::max(2 + kLabelWidth, line.size() + 1), ' ');
  line += CutText(OneLine(text), kLineBytesMax);
  lines_.push_back(std::move(line));
}

std::string LocalText(const Zone& zone, Instant t) {
  return Cat(DateText(zone.LocalDay(t)).substr(0, 4), zone.Format(t));
}

std::string LocalAndUtcText(const Zone& zone, Instant t) {
  if (zone.OffsetAt(t.ms / 1000) == 0) return LocalText(zone, t);
  return Cat(LocalText(zone, t), " (", t, ")");
}

std::string RangeText(const Zone& zone, Instant from, Instant to) {
  const std::string first = LocalText(zone, from);
  std::string last = LocalText(zone, to);
  const std::string& name = zone.AbbreviationAt(from.ms / 1000);
  const bool one_offset = zone.AbbreviationAt(to.ms / 1000) == name;
  if (zone.LocalDay(from) == zone.LocalDay(to)) last = last.substr(DateText(0).size() + 1);
  // "MDT" is said once.
  return Cat(one_offset ? first.substr(0, first.size() - name.size() - 1) : first, " - ", last);
}

std::string ElapsedText(Duration d) {
  if (std::abs(d.ms) < 1000) return ToText(d);
  std::string out = d.ms < 0 ? "-" : "";
  int64_t left = std::abs(d.ms) / 1000;
  const std::pair<int64_t, char> kUnits[] = {{86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}};
  bool first = true;
  for (const auto& [seconds, letter] : kUnits) {
    if (left / seconds == 0) continue;
    CatTo(&out, first ? "" : " ", left / seconds, letter);
    left %= seconds;
    first = false;
  }
  return out;
}

}  // namespace escalation
