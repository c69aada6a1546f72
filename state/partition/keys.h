// state/partition/keys.h
//
// The key grammar of a partition's store, and nothing else.
//
//   DO NOT CHANGE: stored on disk. A new layout takes a new prefix and a new kFormatVersion.
//
//   meta       := 'm'                                         PartitionState
//   identity   := 'i'                                         StoreIdentity (store.proto)
//   tenant     := 't' tenant                                  TenantState
//   policy     := 'P' tenant 0x00 revision:u64be              Policy
//   calendars  := 'C' tenant 0x00 revision:u64be              CalendarSet
//   account    := 'a' tenant 0x00 account                     AccountState
//   ticket     := 'k' tenant 0x00 ticket_id                   TicketState
//   wake-up    := 'w' due_ms:u64be tenant 0x00 ticket_id      empty
//   dedupe     := 'x' tenant 0x00 source 0x00 generation 0x00 partition:u32be
//                                                             SourcePosition: highest one folded
//   recent     := 'h' tenant 0x00 source 0x00 event_id        RecentEvent of a hook
//   expiry     := 'e' at_ms:u64be tenant 0x00 source 0x00 event_id
//                                                             empty; `recent` may be forgotten then
//   outbox     := 'o' seq:u64be                               OutboxEntry, not published yet
//   pending    := 'd' seq:u64be                               PendingDelivery, without an outcome
//   problem    := 'l' tenant 0x00 problem 0x00 ticket_id      empty; tickets linked to a problem
//   problem_state := 'L' tenant 0x00 problem                  ProblemState; as long as tickets are
//                                                             linked to it
//   of_account := 'A' tenant 0x00 account 0x00 ticket_id      empty; tickets of an account
//   waiting    := 'p' tenant 0x00 account                     empty; accounts with planned changes
//                                                             or an open clock
//   on_call    := 'O' tenant 0x00 route                       OnCallState
//   muted      := 'M' tenant 0x00 mute_id 0x00 ticket_id      empty; tickets that wait for the end
//                                                             of a mute
//
// Numbers are big-endian, so that iteration is in their order: wake-ups come in order of time. A
// ticket has at most one wake-up; the tenant's own has an empty ticket_id, an account's has '@' and
// the account, since no ticket_id holds '@'. Names and ids hold no 0x00 (state/base/ids.h), so
// every key can be taken apart again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "state/base/instant.h"

namespace escalation::keys {

inline constexpr int32_t kFormatVersion = 1;

inline std::string U64(uint64_t value) {
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(value >> (56 - 8 * i));
  return out;
}

inline uint64_t ReadU64(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

std::string Meta();
std::string Identity();
std::string Tenant(std::string_view tenant);
std::string Policy(std::string_view tenant, int64_t revision);
std::string Calendars(std::string_view tenant, int64_t revision);
std::string Account(std::string_view tenant, std::string_view account);
std::string Ticket(std::string_view tenant, std::string_view ticket_id);
std::string WakeUp(Instant due, std::string_view tenant, std::string_view ticket_id);
std::string SourcePosition(std::string_view tenant, std::string_view source,
                           std::string_view generation, int32_t partition);
std::string RecentEvent(std::string_view tenant, std::string_view source,
                        std::string_view event_id);
std::string RecentExpiry(Instant at, std::string_view tenant, std::string_view source,
                         std::string_view event_id);
std::string Outbox(uint64_t seq);
std::string Pending(uint64_t seq);
std::string Linked(std::string_view tenant, std::string_view problem, std::string_view ticket_id);
std::string Problem(std::string_view tenant, std::string_view problem);
std::string OfAccount(std::string_view tenant, std::string_view account,
                      std::string_view ticket_id);
std::string Waiting(std::string_view tenant, std::string_view account);
std::string OnCall(std::string_view tenant, std::string_view route);
std::string Muted(std::string_view tenant, std::string_view mute_id, std::string_view ticket_id);

// What stands for an account where a wake-up names a ticket.
std::string Sleeper(std::string_view account);
// Empty optional: a ticket's or the tenant's own.
std::optional<std::string_view> SleeperAccount(std::string_view ticket_id);

// Everything with this prefix: [prefix, PrefixEnd(prefix)).
std::string PrefixEnd(std::string_view prefix);

struct WakeUpKey {
  Instant due;
  std::string tenant;
  std::string ticket_id;
};
// Empty optional: not a wake-up key.
std::optional<WakeUpKey> ParseWakeUp(std::string_view key);
std::optional<WakeUpKey> ParseTicket(std::string_view key);  // `due` unused.

}  // namespace escalation::keys
