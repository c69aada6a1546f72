#include "state/partition/source_positions.h"

#include <utility>

#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

// Positions that are kept in memory; beyond it all are dropped and read again as needed.
constexpr size_t kPositionsMax = 10'000;

}  // namespace

SourcePositions::Position& SourcePositions::Find(const std::string& tenant,
                                                 const v1::Origin& origin) {
  if (latest_ != nullptr && latest_->partition == origin.partition() &&
      latest_->source == origin.source() && latest_->generation == origin.generation() &&
      latest_->tenant == tenant) {
    return *latest_;
  }
  const std::string key =
      keys::SourcePosition(tenant, origin.source(), origin.generation(), origin.partition());
  const auto [slot, inserted] = positions_.try_emplace(key);
  latest_ = &slot->second;
  if (!inserted) return *latest_;
  latest_->tenant = tenant;
  latest_->source = origin.source();
  latest_->generation = origin.generation();
  latest_->partition = origin.partition();
  if (const auto value = overlay_.Get(key)) {
    v1::SourcePosition seen;
    if (!seen.ParseFromString(*value)) {
      overlay_.Fail(absl::DataLossError(Cat("position of source ", origin.source(), " of tenant ",
                                            tenant, " cannot be decoded")));
    }
    latest_->offset = seen.offset();
    latest_->index = seen.index();
  }
  return *latest_;
}

bool SourcePositions::Advance(const std::string& tenant, const v1::Origin& origin) {
  Position& position = Find(tenant, origin);
  if (std::pair(origin.offset(), origin.index()) <= std::pair(position.offset, position.index)) {
    return false;
  }
  position.offset = origin.offset();
  position.index = origin.index();
  position.dirty = true;
  return true;
}

void SourcePositions::Save() {
  for (auto& [key, position] : positions_) {
    if (!position.dirty) continue;
    position.dirty = false;
    v1::SourcePosition seen;
    seen.set_offset(position.offset);
    seen.set_index(position.index);
    overlay_.Put(key, seen.SerializeAsString());
  }
  if (positions_.size() > kPositionsMax) {
    positions_.clear();
    latest_ = nullptr;
  }
}

}  // namespace escalation
