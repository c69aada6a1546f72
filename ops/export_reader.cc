#include "ops/export_reader.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "daemon/source/mapping_check.h"
#include "daemon/source/message_json.h"
#include "state/base/text.h"

namespace escalation {

ExportReader::ExportReader(EventDecoder* mapping, SourceMessage common, std::string tenant,
                           Reject reject)
    : mapping_(*mapping),
      message_(std::move(common)),
      tenant_(std::move(tenant)),
      reject_(std::move(reject)) {}

absl::Status ExportReader::Map(const std::string& line) {
  message_.value = line;
  absl::StatusOr<std::vector<v1::Event>> events = mapping_.Decode(message_);
  if (!events.ok()) return events.status();
  for (size_t i = 0; i < events->size(); ++i) {
    v1::Event& event = (*events)[i];
    if (event.tenant().empty()) event.set_tenant(tenant_);
    if (!event.has_occurred_at()) {
      return FieldError(Cat("events[", i, "].occurred_at"), "missing, expected a time");
    }
    if (event.id().empty()) return FieldError(Cat("events[", i, "].id"), "missing, expected an id");
  }
  if (absl::Status status = CheckMapped(*events); !status.ok()) return status;
  for (v1::Event& event : *events) {
    const Instant at = FromProto(event.occurred_at());
    events_.push_back({at, std::move(event)});
  }
  return absl::OkStatus();
}

absl::Status ExportReader::Read(std::istream& in) {
  std::string line;
  for (int64_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    ++counts_.lines;
    const absl::Status status = Map(line);
    if (status.ok()) continue;
    if (!absl::IsInvalidArgument(status) && !absl::IsAborted(status)) return status;
    ++counts_.rejected;
    reject_(number, line, status);
  }
  return in.bad() ? absl::DataLossError("cannot be read to its end") : absl::OkStatus();
}

std::vector<ExportedEvent> ExportReader::TakeSorted() {
  std::stable_sort(events_.begin(), events_.end(),
                   [](const ExportedEvent& a, const ExportedEvent& b) { return a.at < b.at; });
  return std::exchange(events_, {});
}

}  // namespace escalation
