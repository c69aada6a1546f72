// state/policy/redaction_check.h
//
// Whether a policy's own patterns can be used by sources. Judged where a policy comes in, from a
// file or over HTTP, and never by the fold: what a pattern may be is the business of a library.
//
//   Input       a policy's redaction
//   Output      one problem for each pattern that is none, or that matches the empty text
//   Invariants  1. a redaction without problems can be compiled (daemon/source/redactor.h)
//   Time        none
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <vector>

#include "escalation/v1/policy.pb.h"
#include "state/policy/policy_check.h"

namespace escalation {

std::vector<PolicyProblem> CheckRedactionPatterns(const v1::Redaction& redaction);

}  // namespace escalation
