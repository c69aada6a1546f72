#include "daemon/api/query_view.h"

#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {

absl::StatusOr<v1::TicketState> DecodeTicket(std::string_view ticket_id, std::string_view value) {
  v1::TicketState ticket;
  if (!ticket.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError(Cat("ticket ", ticket_id, ": stored state cannot be decoded"));
  }
  return ticket;
}

absl::StatusOr<std::unique_ptr<TenantView>> TenantView::Open(const PartitionView& partition,
                                                             const std::string& tenant) {
  std::unique_ptr<TenantView> view(new TenantView(partition));
  const absl::StatusOr<std::optional<std::string>> meta = partition.state->Get(keys::Meta());
  if (!meta.ok()) return meta.status();
  if (*meta && !view->partition_state_.ParseFromString(**meta)) {
    return absl::DataLossError("stored state of the partition cannot be decoded");
  }
  view->tenant_ =
      std::make_unique<Tenant>(tenant, &view->overlay_, &view->sink_, &view->partition_state_);
  if (!view->status().ok()) return view->status();
  return view;
}

absl::StatusOr<v1::TicketState> TenantView::FindTicket(const std::string& ticket_id) const {
  const absl::StatusOr<std::optional<std::string>> value =
      partition_.state->Get(keys::Ticket(name(), ticket_id));
  if (!value.ok()) return value.status();
  if (!*value) {
    return absl::NotFoundError(
        Cat("there is no ticket ", ticket_id, " in tenant ", name(),
            "; closed tickets are forgotten after a while (time.forget_after in the policy)"));
  }
  return DecodeTicket(ticket_id, **value);
}

absl::StatusOr<v1::CalendarSet> TenantView::FindCalendars() const {
  v1::CalendarSet set;
  const int64_t revision = tenant_->state().calendars_revision();
  if (revision == 0) return set;
  const absl::StatusOr<std::optional<std::string>> value =
      partition_.state->Get(keys::Calendars(name(), revision));
  if (!value.ok()) return value.status();
  if (!*value || !set.ParseFromString(**value)) {
    return absl::DataLossError(
        Cat("calendars of revision ", revision, " are missing or cannot be decoded"));
  }
  return set;
}

}  // namespace escalation
