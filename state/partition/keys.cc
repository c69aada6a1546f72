#include "state/partition/keys.h"

#include <initializer_list>

namespace escalation::keys {
namespace {

std::string Join(char prefix, std::initializer_list<std::string_view> parts) {
  std::string key(1, prefix);
  bool first = true;
  for (const std::string_view part : parts) {
    if (!first) key.push_back('\0');
    key.append(part);
    first = false;
  }
  return key;
}

// "tenant 0x00 ticket_id"
std::optional<WakeUpKey> ParseNames(std::string_view rest, Instant due) {
  const size_t zero = rest.find('\0');
  if (zero == std::string_view::npos) return std::nullopt;
  return WakeUpKey{due, std::string(rest.substr(0, zero)), std::string(rest.substr(zero + 1))};
}

}  // namespace

std::string Meta() { return "m"; }
std::string Identity() { return "i"; }
std::string Tenant(std::string_view tenant) { return Join('t', {tenant}); }

std::string Policy(std::string_view tenant, int64_t revision) {
  return Join('P', {tenant, U64(static_cast<uint64_t>(revision))});
}

std::string Calendars(std::string_view tenant, int64_t revision) {
  return Join('C', {tenant, U64(static_cast<uint64_t>(revision))});
}

std::string Account(std::string_view tenant, std::string_view account) {
  return Join('a', {tenant, account});
}

std::string Ticket(std::string_view tenant, std::string_view ticket_id) {
  return Join('k', {tenant, ticket_id});
}

std::string WakeUp(Instant due, std::string_view tenant, std::string_view ticket_id) {
  std::string key = Join('w', {U64(static_cast<uint64_t>(due.ms))});
  key.append(tenant).push_back('\0');
  return key.append(ticket_id);
}

std::string SourcePosition(std::string_view tenant, std::string_view source,
                           std::string_view generation, int32_t partition) {
  const std::string number = U64(static_cast<uint32_t>(partition)).substr(4);
  return Join('x', {tenant, source, generation, number});
}

std::string RecentEvent(std::string_view tenant, std::string_view source,
                        std::string_view event_id) {
  return Join('h', {tenant, source, event_id});
}

std::string RecentExpiry(Instant at, std::string_view tenant, std::string_view source,
                         std::string_view event_id) {
  std::string key = Join('e', {U64(static_cast<uint64_t>(at.ms))});
  key.append(Join('\0', {tenant, source, event_id}), 1);
  return key;
}

std::string Outbox(uint64_t seq) { return Join('o', {U64(seq)}); }
std::string Pending(uint64_t seq) { return Join('d', {U64(seq)}); }

std::string Linked(std::string_view tenant, std::string_view problem, std::string_view ticket_id) {
  return Join('l', {tenant, problem, ticket_id});
}

std::string Problem(std::string_view tenant, std::string_view problem) {
  return Join('L', {tenant, problem});
}

std::string OfAccount(std::string_view tenant, std::string_view account,
                      std::string_view ticket_id) {
  return Join('A', {tenant, account, ticket_id});
}

std::string Waiting(std::string_view tenant, std::string_view account) {
  return Join('p', {tenant, account});
}

std::string OnCall(std::string_view tenant, std::string_view route) {
  return Join('O', {tenant, route});
}

std::string Muted(std::string_view tenant, std::string_view mute_id, std::string_view ticket_id) {
  return Join('M', {tenant, mute_id, ticket_id});
}

std::string Sleeper(std::string_view account) { return std::string(1, '@').append(account); }

std::optional<std::string_view> SleeperAccount(std::string_view ticket_id) {
  if (ticket_id.empty() || ticket_id[0] != '@') return std::nullopt;
  return ticket_id.substr(1);
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

std::optional<WakeUpKey> ParseWakeUp(std::string_view key) {
  if (key.size() < 10 || key[0] != 'w') return std::nullopt;
  return ParseNames(key.substr(9), Instant{static_cast<int64_t>(ReadU64(key.substr(1)))});
}

std::optional<WakeUpKey> ParseTicket(std::string_view key) {
  if (key.empty() || key[0] != 'k') return std::nullopt;
  return ParseNames(key.substr(1), Instant{});
}

}  // namespace escalation::keys
