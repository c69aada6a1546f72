// daemon/api/query_view.h
//
// What queries read: the committed state of a partition, and a tenant's policies, calendars and
// accounts in it.
//
//   Input       a StateReader and a log that outlive the query
//   Output      an Environment to ask, decoded tickets
//   Invariants  1. nothing is ever written
//               2. what is read is committed; two reads may lie in different turns
//   Errors      kDataLoss: stored bytes cannot be decoded. Others: as the StateReader
//   Threads     a TenantView belongs to one query; PartitionView is a value
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/api/query_partition.h"
#include "escalation/v1/state.pb.h"
#include "state/base/ids.h"
#include "state/partition/overlay.h"
#include "state/partition/record_sink.h"
#include "state/partition/tenant.h"
#include "state/partition/turn.h"

namespace escalation {

// kDataLoss: the bytes are no ticket.
absl::StatusOr<v1::TicketState> DecodeTicket(std::string_view ticket_id, std::string_view value);

class TenantView {
 public:
  static absl::StatusOr<std::unique_ptr<TenantView>> Open(const PartitionView& partition,
                                                          const std::string& tenant);

  const PartitionView& partition() const { return partition_; }
  const std::string& name() const { return tenant_->name(); }
  const Environment& environment() const { return *tenant_; }
  const v1::TenantState& state() const { return tenant_->state(); }
  bool has_policy() const { return tenant_->has_policy(); }
  // The first read that failed while the environment was asked. MUST be checked at the end.
  const absl::Status& status() const { return overlay_.status(); }

  // kNotFound: never seen, or forgotten.
  absl::StatusOr<v1::TicketState> FindTicket(const std::string& ticket_id) const;
  absl::StatusOr<v1::CalendarSet> FindCalendars() const;

 private:
  explicit TenantView(const PartitionView& partition)
      : partition_(partition),
        overlay_(*partition.state, 1),
        sink_("", &partition_state_, &overlay_) {}

  const PartitionView partition_;
  v1::PartitionState partition_state_;
  Overlay overlay_;
  RecordSink sink_;
  std::unique_ptr<Tenant> tenant_;
};

}  // namespace escalation
