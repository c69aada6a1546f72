#include "ops/shadow_ledger.h"

#include <string_view>
#include <utility>

#include "state/base/text.h"

namespace escalation {
namespace {

using Kind = ShadowDifference::Kind;

Duration DistanceOf(Instant a, Instant b) { return a < b ? b - a : a - b; }

}  // namespace

std::string ToWord(ShadowDifference::Kind kind) {
  switch (kind) {
    case Kind::kOursOnly:
      return "ours_only";
    case Kind::kTheirsOnly:
      return "theirs_only";
    case Kind::kDueDiffers:
      return "due_differs";
    case Kind::kNoClock:
      return "no_clock";
  }
  return "";
}

void ShadowLedger::Add(const v1::Event& event) {
  for (const v1::Field& field : event.opened().fields()) TakeField(event, field);
  for (const v1::Field& field : event.fields_changed().fields()) TakeField(event, field);
}

void ShadowLedger::TakeField(const v1::Event& event, const v1::Field& field) {
  const std::string_view prefix = kShadowFieldPrefix;
  const std::string_view name = field.name();
  if (name.substr(0, prefix.size()) != prefix || field.value().empty()) return;
  const std::string_view value = field.value();
  const size_t blank = value.find(' ');
  const std::string word(value.substr(0, blank));
  std::optional<Instant> moment;
  bool readable = word == "met" || word == "breached" || word == "due";
  if (blank != std::string_view::npos) {
    const absl::StatusOr<Instant> parsed = ParseInstant(std::string(value.substr(blank + 1)));
    if (parsed.ok()) moment = *parsed;
    readable = readable && parsed.ok();
  }
  if (!readable) {
    if (unreadable_++ == 0) {
      first_unreadable_ = Cat(event.ticket_id(), ": ", field.name(), "=", field.value());
    }
    return;
  }
  Theirs& theirs =
      theirs_[{event.tenant(), event.ticket_id(), std::string(name.substr(prefix.size()))}];
  theirs.breached = theirs.breached || word == "breached";
  theirs.word = theirs.breached ? "breached" : word;
  if (moment.has_value() && word != "met") theirs.due = moment;
}

void ShadowLedger::Add(const v1::Decision& decision) {
  const auto take = [&](const auto& clock, std::string_view word) {
    Ours& ours = ours_[{decision.tenant(), decision.ticket_id(), clock.metric()}]
                      [{clock.target(), clock.cycle()}];
    if (word == "retracted") {
      ours.breached = false;
      ours.word = "due";
    } else if (word == "breached") {
      ours.breached = true;
    }
    if (word != "warned" && word != "retracted") ours.word = std::string(word);
    if (decision.has_due_at()) ours.due = FromProto(decision.due_at());
  };
  if (decision.has_clock_started()) take(decision.clock_started(), "due");
  if (decision.has_clock_resumed()) take(decision.clock_resumed(), "due");
  if (decision.has_clock_paused()) take(decision.clock_paused(), "paused");
  if (decision.has_clock_warned()) take(decision.clock_warned(), "warned");
  if (decision.has_clock_breached()) take(decision.clock_breached(), "breached");
  if (decision.has_clock_met()) take(decision.clock_met(), "met");
  if (decision.has_clock_cancelled()) take(decision.clock_cancelled(), "cancelled");
  if (decision.has_clock_amended()) take(decision.clock_amended(), "due");
  if (decision.has_breach_retracted()) take(decision.breach_retracted(), "retracted");
}

std::vector<ShadowDifference> ShadowLedger::Differences(Duration tolerance) const {
  std::vector<ShadowDifference> out;
  for (const auto& [key, theirs] : theirs_) {
    ShadowDifference difference;
    std::tie(difference.tenant, difference.ticket_id, difference.metric) = key;
    difference.theirs = theirs.word;
    difference.their_due = theirs.due;
    difference.ours = "none";
    const auto clocks = ours_.find(key);
    if (clocks == ours_.end()) {
      difference.kind = Kind::kNoClock;
      out.push_back(std::move(difference));
      continue;
    }
    bool breached = false;
    for (const auto& [target, ours] : clocks->second) {
      // Of several targets the one that broke counts, else the one whose moment is nearest.
      const bool nearer =
          theirs.due.has_value() && ours.due.has_value() &&
          (!difference.our_due.has_value() ||
           DistanceOf(*ours.due, *theirs.due) < DistanceOf(*difference.our_due, *theirs.due));
      if (difference.ours == "none" || (ours.breached && !breached) ||
          (ours.breached == breached && nearer)) {
        difference.ours = ours.breached ? "breached" : ours.word;
        difference.our_due = ours.due;
      }
      breached = breached || ours.breached;
    }
    const bool apart = theirs.due.has_value() && difference.our_due.has_value() &&
                       DistanceOf(*theirs.due, *difference.our_due) > tolerance;
    if (breached == theirs.breached && !apart) continue;
    difference.kind = breached == theirs.breached ? Kind::kDueDiffers
                      : breached                  ? Kind::kOursOnly
                                                  : Kind::kTheirsOnly;
    out.push_back(std::move(difference));
  }
  return out;
}

}  // namespace escalation
