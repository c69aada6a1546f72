// Mutes of a tenant: which pages they keep back, and until when.

#include <algorithm>

#include "state/base/text.h"
#include "state/partition/tenant.h"

namespace escalation {
namespace {

bool Covers(const std::string& scope, const std::string& value) {
  return scope.empty() || scope == value;
}

bool Covers(const v1::Scope& scope, const PageWish& wish) {
  return Covers(scope.ticket_id(), wish.ticket_id) &&
         Covers(scope.account(), wish.facts.account()) && Covers(scope.route(), wish.route) &&
         Covers(scope.escalation(), wish.escalation);
}

// One without an end ends last.
int64_t EndOf(const v1::MuteState& mute) {
  return mute.until_ms() == 0 ? Instant::Never().ms : mute.until_ms();
}

}  // namespace

const v1::MuteState* Tenant::MuteOf(const PageWish& wish) const {
  // A due moment may be folded before the log's time has come to it.
  const Instant now = std::max(appended_, wish.at);
  const v1::MuteState* found = nullptr;
  for (const v1::MuteState& mute : state_.mutes()) {
    if (EndOf(mute) <= now.ms || !Covers(mute.scope(), wish)) continue;
    if (found == nullptr || EndOf(mute) > EndOf(*found)) found = &mute;
  }
  return found;
}

v1::MuteState* Tenant::FindMute(const std::string& mute_id) {
  for (v1::MuteState& mute : *state_.mutable_mutes()) {
    if (mute.mute_id() == mute_id) return &mute;
  }
  return nullptr;
}

void Tenant::RemoveMute(const std::string& mute_id) {
  auto* const mutes = state_.mutable_mutes();
  mutes->erase(std::remove_if(mutes->begin(), mutes->end(),
                              [&](const v1::MuteState& mute) { return mute.mute_id() == mute_id; }),
               mutes->end());
  MarkDirty();
}

void Tenant::TellMute(const v1::MuteState& mute, const char* state, Instant at) {
  sink_.About(name_, mute.scope().ticket_id(), current_->revision());
  v1::MuteChanged* const changed = sink_.Add(at, Instant::Never(), "").mutable_mute_changed();
  changed->set_mute_id(mute.mute_id());
  changed->set_state(state);
  *changed->mutable_scope() = mute.scope();
  if (mute.until_ms() != 0) ToProto(Instant{mute.until_ms()}, changed->mutable_until());
  changed->set_by(mute.by());
  changed->set_reason(mute.reason());
  changed->set_snooze(mute.snooze());
  changed->set_kept_back(mute.kept_back());
}

void Tenant::EndMutes(Instant limit) {
  auto* const mutes = state_.mutable_mutes();
  const auto is_over = [&](const v1::MuteState& mute) { return EndOf(mute) <= limit.ms; };
  for (const v1::MuteState& mute : *mutes) {
    if (is_over(mute)) TellMute(mute, "ended", Instant{mute.until_ms()});
  }
  mutes->erase(std::remove_if(mutes->begin(), mutes->end(), is_over), mutes->end());
  MarkDirty();
}

}  // namespace escalation
