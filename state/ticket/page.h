// state/ticket/page.h
//
// What a page says: the arithmetic of the clock that caused it, why this route, what happens next.
//
//   Input       ticket, escalation run, the clock that started it
//   Output      PageRequested, complete: a provider only formats it
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/ticket/environment.h"

namespace escalation {

// tenant/ticket/escalation/cycle/generation, and "@route" unless it is the first route of its step.
std::string PageKey(std::string_view tenant, std::string_view ticket_id,
                    const v1::EscalationState& run, std::string_view route, bool first);

// The same page in at most kShortPageKeyBytesMax bytes, for providers that take no more: still with
// tenant and ticket, so that what comes back from there finds its ticket, and a digest of the rest.
std::string ShortPageKey(std::string_view key);
inline constexpr size_t kShortPageKeyBytesMax = 240;

// True: `key` names this page, whole or short.
bool IsPageKey(const v1::PageState& page, std::string_view key);

// What the dispatcher has to carry out, and what waits for an outcome.
bool IsPageDecision(const v1::Decision& decision);

// Somebody is being woken by it, or was and has not been told that it is over.
bool IsOpen(const v1::PageState& page);

// It arrived at the provider, or may have: some request had no clear answer before it was given up
// or kept back.
bool MayBeOpen(const v1::PageState& page);

// "mute m1 by maria until 2026-03-10T12:00:00Z: moving house"
std::string MuteText(const v1::MuteState& mute);

// Fills in the page but for route, key and fallback_of, and the due moment that it is about.
void DescribePage(const Environment& environment, std::string_view ticket_id,
                  const v1::TicketTimeline& timeline, const v1::EscalationState& run,
                  const v1::Escalation& escalation, Instant at, v1::Decision* decision);

}  // namespace escalation
