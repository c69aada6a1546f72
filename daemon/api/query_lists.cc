#include "daemon/api/query_lists.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "daemon/api/query_json.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/partition/ticket_text.h"
#include "state/ticket/clock.h"

namespace escalation {
namespace {

using nlohmann::ordered_json;

// Visits the tenant's tickets from `begin` on until `visit` returns false.
template <typename Visit>
absl::Status ForEachTicket(const TenantView& view, const std::string& begin, const Visit& visit) {
  absl::Status status;
  const std::string end = keys::PrefixEnd(keys::Ticket(view.name(), ""));
  const absl::Status scanned =
      view.partition().state->Scan(begin, end, [&](std::string_view key, std::string_view value) {
        const std::optional<keys::WakeUpKey> name = keys::ParseTicket(key);
        if (!name) return true;
        const absl::StatusOr<v1::TicketState> ticket = DecodeTicket(name->ticket_id, value);
        if (!ticket.ok()) {
          status = ticket.status();
          return false;
        }
        return visit(name->ticket_id, *ticket);
      });
  return scanned.ok() ? status : scanned;
}

std::string FirstTicket(const TenantView& view) { return keys::Ticket(view.name(), ""); }

// The clock that a person looks at first: the oldest breach, else the earliest due moment, else a
// paused one.
const v1::ClockState* WorstClock(const v1::TicketState& ticket) {
  const v1::ClockState* worst = nullptr;
  const auto rank = [](const v1::ClockState& clock) {
    const int kind = clock.breached_ms() != 0 ? 0 : clock.due_ms() != 0 ? 1 : 2;
    return std::pair(kind, DueOf(clock));
  };
  for (const v1::ClockState& clock : ticket.live().clocks()) {
    if (IsOpen(clock) && (worst == nullptr || rank(clock) < rank(*worst))) worst = &clock;
  }
  return worst;
}

// What identifies the ticket to a person.
ordered_json Headline(const std::string& ticket_id, const v1::TicketFacts& facts) {
  ordered_json out = {{"ticket_id", ticket_id}};
  SetText(&out, "status", StatusText(facts.status()));
  SetText(&out, "severity", facts.severity());
  SetText(&out, "plan", facts.plan());
  SetText(&out, "account", facts.account());
  SetText(&out, "subject", facts.subject());
  SetText(&out, "assignee", facts.assignee());
  SetText(&out, "group", facts.group());
  SetText(&out, "merged_into", facts.merged_into());
  return out;
}

ordered_json TicketRow(const std::string& ticket_id, const v1::TicketState& ticket) {
  ordered_json row = Headline(ticket_id, ticket.live().facts());
  int64_t due_ms = 0;
  for (const v1::ClockState& clock : ticket.live().clocks()) {
    if (clock.due_ms() != 0 && (due_ms == 0 || clock.due_ms() < due_ms)) due_ms = clock.due_ms();
  }
  SetMoment(&row, "next_due_at", due_ms);
  if (const v1::ClockState* const clock = WorstClock(ticket)) {
    ordered_json& worst = row["worst_clock"];
    worst = {{"metric", clock->metric()},
             {"target", clock->target()},
             {"state", ClockStateText(clock->state())}};
    SetMoment(&worst, "due_at", DueOf(*clock));
    SetMoment(&worst, "breached_at", clock->breached_ms());
  }
  return row;
}

// One running clock of one ticket.
struct RiskyClock {
  std::string ticket_id;
  v1::TicketFacts facts;
  v1::ClockState clock;

  // Not breached after breached; then by time; then by name, so that the order is one.
  auto Order() const {
    return std::tuple(clock.breached_ms() == 0, DueOf(clock), ticket_id, clock.target(),
                      clock.lane());
  }
};

class RiskList {
 public:
  explicit RiskList(size_t limit) : limit_(limit) {}

  void Add(const std::string& ticket_id, const v1::TicketState& ticket) {
    if (!seen_.insert(ticket_id).second) return;
    for (const v1::ClockState& clock : ticket.live().clocks()) {
      if (clock.state() != v1::ClockState::RUNNING || DueOf(clock) == 0) continue;
      clocks_.push_back({ticket_id, ticket.live().facts(), clock});
    }
    if (clocks_.size() > 4 * limit_ + 64) Cut();
  }
  const std::vector<RiskyClock>& Cut() {
    std::sort(clocks_.begin(), clocks_.end(),
              [](const RiskyClock& a, const RiskyClock& b) { return a.Order() < b.Order(); });
    if (clocks_.size() > limit_) clocks_.erase(clocks_.begin() + limit_, clocks_.end());
    return clocks_;
  }

 private:
  const size_t limit_;
  std::set<std::string> seen_;
  std::vector<RiskyClock> clocks_;
};

// Tickets whose wake-ups come first: what is due soon is found there, however many tickets exist.
absl::Status AddEarliest(const TenantView& view, RiskList* list) {
  std::vector<std::string> tickets;
  const absl::Status scanned =
      view.partition().state->Scan("w", "x", [&](std::string_view key, std::string_view) {
        const std::optional<keys::WakeUpKey> wake_up = keys::ParseWakeUp(key);
        if (wake_up && wake_up->tenant == view.name() && !wake_up->ticket_id.empty() &&
            !keys::SleeperAccount(wake_up->ticket_id)) {
          tickets.push_back(wake_up->ticket_id);
        }
        return tickets.size() < kTicketsScanMax / 4;
      });
  if (!scanned.ok()) return scanned;
  for (const std::string& ticket_id : tickets) {
    const absl::StatusOr<v1::TicketState> ticket = view.FindTicket(ticket_id);
    if (absl::IsNotFound(ticket.status())) continue;  // Forgotten meanwhile.
    if (!ticket.ok()) return ticket.status();
    list->Add(ticket_id, *ticket);
  }
  return absl::OkStatus();
}

// Why the ticket wakes up then.
std::string WakeReason(const v1::TicketState& ticket) {
  const auto is_it = [&ticket](int64_t ms) { return ms != 0 && ms == ticket.wake_ms(); };
  for (const v1::ClockState& clock : ticket.live().clocks()) {
    if (!is_it(clock.next_ms())) continue;
    const std::string name = ClockName(clock.metric(), clock.target());
    return Cat("clock ", name, clock.next_ms() == clock.due_ms() ? " is due" : " warns");
  }
  for (const v1::EscalationState& run : ticket.escalations()) {
    if (is_it(run.close_ms())) return Cat("escalation ", run.name(), " closes itself");
    if (is_it(run.unmute_ms())) return Cat("escalation ", run.name(), " waits for a mute to end");
    if (is_it(run.next_ms())) return Cat("escalation ", run.name(), " goes on");
  }
  return "housekeeping";
}

absl::Status AddReason(const PartitionView& partition, const keys::WakeUpKey& wake_up,
                       ordered_json* row) {
  if (wake_up.ticket_id.empty()) {
    (*row)["what"] = "a storm period or a mute ends";
    return absl::OkStatus();
  }
  if (keys::SleeperAccount(wake_up.ticket_id)) {
    (*row)["what"] = "a planned change or the set-up of a plan";
    return absl::OkStatus();
  }
  const auto value = partition.state->Get(keys::Ticket(wake_up.tenant, wake_up.ticket_id));
  if (!value.ok()) return value.status();
  if (!*value) return absl::OkStatus();  // Forgotten meanwhile.
  const absl::StatusOr<v1::TicketState> ticket = DecodeTicket(wake_up.ticket_id, **value);
  if (!ticket.ok()) return ticket.status();
  (*row)["what"] = WakeReason(*ticket);
  return absl::OkStatus();
}

absl::StatusOr<ordered_json> PendingJson(const TenantView& view, size_t limit, bool* cut) {
  ordered_json out = ordered_json::array();
  absl::Status decoded;
  const absl::Status scanned =
      view.partition().state->Scan("d", "e", [&](std::string_view key, std::string_view value) {
        v1::PendingDelivery pending;
        if (!pending.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          decoded = absl::DataLossError(
              Cat("pending delivery ", keys::ReadU64(key.substr(1)), " cannot be decoded"));
          return false;
        }
        const v1::Decision& decision = pending.decision();
        if (decision.tenant() != view.name()) return true;
        if (out.size() == limit) {
          *cut = true;
          return false;
        }
        ordered_json row = {{"seq", std::to_string(decision.seq())}};
        SetText(&row, "ticket_id", decision.ticket_id());
        row["at"] = ToText(FromProto(decision.at()));
        const auto describe = [&row](const char* operation, const auto& page) {
          row["operation"] = operation;
          row["route"] = page.route();
          row["key"] = page.key();
        };
        if (decision.has_page_requested()) describe("page", decision.page_requested());
        if (decision.has_page_closed()) describe("close", decision.page_closed());
        if (decision.has_page_digest()) describe("digest", decision.page_digest());
        out.push_back(std::move(row));
        return true;
      });
  if (!scanned.ok()) return scanned;
  if (!decoded.ok()) return decoded;
  return out;
}

}  // namespace

absl::StatusOr<ordered_json> ListTickets(const TenantView& view, const TicketsQuestion& question) {
  const std::string begin = question.after.empty() ? FirstTicket(view)
                                                   : Cat(keys::Ticket(view.name(), question.after),
                                                         std::string_view("\0", 1));
  ordered_json document = {{"tenant", view.name()}};
  ordered_json rows = ordered_json::array();
  size_t scanned = 0;
  std::string last;
  const absl::Status status =
      ForEachTicket(view, begin, [&](const std::string& ticket_id, const v1::TicketState& ticket) {
        if (rows.size() == question.limit || scanned == kTicketsScanMax) {
          document["next"] = last;
          return false;
        }
        ++scanned;
        last = ticket_id;
        const v1::TicketFacts& facts = ticket.live().facts();
        if (question.status && facts.status() != *question.status) return true;
        rows.push_back(TicketRow(ticket_id, ticket));
        return true;
      });
  if (!status.ok()) return status;
  document["tickets"] = std::move(rows);
  return document;
}

absl::StatusOr<ordered_json> ListAtRisk(const TenantView& view, size_t limit, Instant now) {
  RiskList list(limit);
  size_t scanned = 0;
  bool cut = false;
  const absl::Status status = ForEachTicket(
      view, FirstTicket(view), [&](const std::string& ticket_id, const v1::TicketState& ticket) {
        cut = scanned == kTicketsScanMax;
        if (cut) return false;
        ++scanned;
        list.Add(ticket_id, ticket);
        return true;
      });
  if (!status.ok()) return status;
  if (cut) {
    if (absl::Status added = AddEarliest(view, &list); !added.ok()) return added;
  }
  ordered_json document = {{"tenant", view.name()}, {"now", ToText(now)}};
  ordered_json rows = ordered_json::array();
  for (const RiskyClock& risky : list.Cut()) {
    ordered_json row = Headline(risky.ticket_id, risky.facts);
    row["breached"] = risky.clock.breached_ms() != 0;
    row["due_in"] = LengthText(Instant{DueOf(risky.clock)} - now);
    row.update(ClockJson(view.environment(), risky.clock, now));
    rows.push_back(std::move(row));
  }
  document["clocks"] = std::move(rows);
  document["scanned"] = scanned;
  document["cut"] = cut;
  if (cut) {
    document["note"] =
        Cat("only the first ", kTicketsScanMax,
            " tickets were searched for breaches; what is due next comes from the timers");
  }
  if (!view.status().ok()) return view.status();
  return document;
}

absl::StatusOr<ordered_json> ListPages(const TenantView& view, size_t limit) {
  ordered_json open = ordered_json::array();
  size_t scanned = 0;
  bool cut = false;
  const absl::Status status = ForEachTicket(
      view, FirstTicket(view), [&](const std::string& ticket_id, const v1::TicketState& ticket) {
        cut = scanned == kTicketsScanMax || open.size() >= limit;
        if (cut) return false;
        ++scanned;
        for (const v1::EscalationState& run : ticket.escalations()) {
          for (const v1::PageState& page : run.pages()) {
            const bool lives = page.state() == v1::PageState::REQUESTED ||
                               page.state() == v1::PageState::DELIVERED;
            if (page.closed() || !lives) continue;
            ordered_json row = {{"ticket_id", ticket_id}};
            SetText(&row, "severity", ticket.live().facts().severity());
            SetText(&row, "subject", ticket.live().facts().subject());
            row["escalation"] = run.name();
            row.update(PageJson(page));
            SetMoment(&row, "acknowledged_at", run.acknowledged_ms());
            SetMoment(&row, "next_at", run.next_ms());
            open.push_back(std::move(row));
          }
        }
        return true;
      });
  if (!status.ok()) return status;
  absl::StatusOr<ordered_json> pending = PendingJson(view, limit, &cut);
  if (!pending.ok()) return pending.status();
  return ordered_json{{"tenant", view.name()},
                      {"pages", std::move(open)},
                      {"pending", *std::move(pending)},
                      {"scanned", scanned},
                      {"cut", cut}};
}

absl::StatusOr<ordered_json> ListTimers(const std::vector<PartitionView>& partitions,
                                        const std::string& tenant, size_t limit) {
  std::vector<std::pair<keys::WakeUpKey, const PartitionView*>> wake_ups;
  bool more = false;
  for (const PartitionView& partition : partitions) {
    size_t count = 0;
    const absl::Status scanned =
        partition.state->Scan("w", "x", [&](std::string_view key, std::string_view) {
          std::optional<keys::WakeUpKey> wake_up = keys::ParseWakeUp(key);
          if (!wake_up || (!tenant.empty() && wake_up->tenant != tenant)) return true;
          if (++count > limit) {
            more = true;
            return false;
          }
          wake_ups.emplace_back(*std::move(wake_up), &partition);
          return true;
        });
    if (!scanned.ok()) return scanned;
  }
  std::stable_sort(wake_ups.begin(), wake_ups.end(),
                   [](const auto& a, const auto& b) { return a.first.due < b.first.due; });
  if (wake_ups.size() > limit) {
    more = true;
    wake_ups.erase(wake_ups.begin() + limit, wake_ups.end());
  }
  ordered_json rows = ordered_json::array();
  for (const auto& [wake_up, partition] : wake_ups) {
    ordered_json row = {{"due_at", ToText(wake_up.due)},
                        {"tenant", wake_up.tenant},
                        {"partition", partition->partition.value}};
    const auto account = keys::SleeperAccount(wake_up.ticket_id);
    SetText(&row, account ? "account" : "ticket_id",
            account ? std::string(*account) : wake_up.ticket_id);
    if (absl::Status status = AddReason(*partition, wake_up, &row); !status.ok()) return status;
    rows.push_back(std::move(row));
  }
  return ordered_json{{"timers", std::move(rows)}, {"more", more}};
}

}  // namespace escalation
