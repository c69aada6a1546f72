// ops/policy_schema.h
//
// The policy language as a JSON Schema (draft 2020-12), for editors: which keys a file may have,
// what they mean, and which words and forms they take. `escalationctl check` judges more than that.
//
//   Output      one JSON document
//   Invariants  1. an object of the schema has exactly the keys that the loader asks for
//               2. every file that the loader takes is valid
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace escalation {

nlohmann::ordered_json PolicySchema();

}  // namespace escalation
