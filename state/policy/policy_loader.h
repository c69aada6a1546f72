// state/policy/policy_loader.h
//
// A policy file (YAML) as the messages that the log carries. deploy/policies/README.md describes
// the language.
//
//   Input       one file; the holiday files that it names; the machine's time zone database
//   Output      a policy that passed CheckPolicy, and its calendars with their zones
//   Invariants  1. every default of the language is filled in: the fold needs none
//               2. a file with any problem gives nothing
//   Time        none
//   Errors      kInvalidArgument; the message has a line "FILE:LINE:COLUMN: ..." for each
//               problem in file order, hints in lines that begin with two spaces
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "escalation/v1/calendar.pb.h"
#include "escalation/v1/policy.pb.h"

namespace escalation {

struct LoadedPolicy {
  v1::Policy policy;
  // Its revision is the policy's.
  v1::CalendarSet calendars;
};

absl::StatusOr<LoadedPolicy> LoadPolicyFile(const std::string& path);

// `name` stands in messages for the file, and its folder is where holiday files are looked for.
absl::StatusOr<LoadedPolicy> LoadPolicyText(const std::string& name, std::string_view text);

}  // namespace escalation
