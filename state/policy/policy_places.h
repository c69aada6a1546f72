// state/policy/policy_places.h
//
// A policy file with where its parts stand, for those who have more to say about them than the
// loader.
//
//   Input       as policy_loader.h
//   Output      the policy, and in `positions` the place of each part by its path
//   Invariants  1. a part that the file does not spell out stands where what holds it stands
//   Time        none
//   Errors      as policy_loader.h
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "state/policy/policy_loader.h"
#include "state/policy/problems.h"

namespace escalation {

absl::StatusOr<LoadedPolicy> LoadPolicyFile(const std::string& path, Positions* positions);
absl::StatusOr<LoadedPolicy> LoadPolicyText(const std::string& name, std::string_view text,
                                            Positions* positions);

Place PlaceOf(const Positions& positions, std::string path);

}  // namespace escalation
