#include "daemon/api/query_manual.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/api/explain_decisions.h"
#include "daemon/api/explain_outcome.h"
#include "daemon/api/query_json.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

ordered_json ScopeJson(const v1::Scope& scope) {
  ordered_json out = ordered_json::object();
  SetText(&out, "ticket_id", scope.ticket_id());
  SetText(&out, "account", scope.account());
  SetText(&out, "route", scope.route());
  SetText(&out, "escalation", scope.escalation());
  return out;
}

// The next record to fold.
absl::StatusOr<Offset> PositionOf(const TenantView& view) {
  const auto value = view.partition().state->Get(keys::Meta());
  if (!value.ok()) return value.status();
  v1::PartitionState meta;
  if (value->has_value() && !meta.ParseFromString(**value)) {
    return absl::DataLossError("stored state of the partition cannot be decoded");
  }
  return Offset{meta.next_offset()};
}

absl::StatusOr<ordered_json> OutcomesJson(const TenantView& view,
                                          const std::vector<v1::Decision>& decisions) {
  ordered_json outcomes = ordered_json::array();
  for (const v1::Decision& decision : decisions) {
    if (!decision.has_page_requested()) continue;
    const std::string& key = decision.page_requested().key();
    const auto outcome = FindOutcome(view.partition(), Offset{decision.cause().offset()}, key);
    if (!outcome.ok()) return outcome.status();
    if (!outcome->has_value()) continue;
    outcomes.push_back(ordered_json::parse(MessageToJson(**outcome)));
    outcomes.back()["text"] = OutcomeText(**outcome);
  }
  return outcomes;
}

}  // namespace

ordered_json ListMutes(const TenantView& view) {
  ordered_json rows = ordered_json::array();
  for (const v1::MuteState& mute : view.state().mutes()) {
    ordered_json row = {{"mute_id", mute.mute_id()}, {"scope", ScopeJson(mute.scope())}};
    row["snooze"] = mute.snooze();
    SetMoment(&row, "until", mute.until_ms());
    SetText(&row, "by", mute.by());
    SetMoment(&row, "set_at", mute.set_ms());
    SetText(&row, "reason", mute.reason());
    row["kept_back"] = mute.kept_back();
    rows.push_back(std::move(row));
  }
  return {{"tenant", view.name()}, {"mutes", std::move(rows)}};
}

absl::StatusOr<ordered_json> RecordJson(const TenantView& view, Offset offset) {
  ordered_json document = {{"tenant", view.name()}, {"offset", std::to_string(offset.value)}};
  const absl::StatusOr<Offset> position = PositionOf(view);
  if (!position.ok()) return position.status();
  document["folded"] = offset < *position;
  if (offset >= *position) return document;
  const absl::StatusOr<FoundDecisions> found =
      FindDecisionsOf(view.partition(), view.name(), offset, kRecordDecisionsMax);
  if (!found.ok()) return found.status();
  document["decisions"] = ordered_json::array();
  for (const v1::Decision& decision : found->decisions) {
    document["decisions"].push_back(ordered_json::parse(MessageToJson(decision)));
  }
  absl::StatusOr<ordered_json> outcomes = OutcomesJson(view, found->decisions);
  if (!outcomes.ok()) return outcomes.status();
  document["outcomes"] = *std::move(outcomes);
  document["cut"] = found->cut;
  return document;
}

}  // namespace escalation
