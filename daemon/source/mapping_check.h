// daemon/source/mapping_check.h
//
// Whether a mapping compiles, and still gives the events of its samples.
//
//   Input       PATH/NAME.jq, and beside it PATH/samples/NAME/: for each X.json the events that are
//               expected in X.expected.jsonl, or a part of the error in X.expected.error;
//               X.headers.json, if there, are the headers of X
//   Output      what is wrong, with the places that jq tells; of each sample the first difference
//   Time        samples came at 2026-01-01T00:00:00Z
//   Errors      a mapping that cannot be tried here is a problem too
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/source/event_decoder.h"
#include "escalation/v1/event.pb.h"
#include "state/policy/problems.h"

namespace escalation {

// `samples`, if set, gets their number. A mapping without samples is well if it compiles.
Problems CheckMapping(const std::string& path, int* samples = nullptr);

// The decoder of a program in a file. Errors as MakeDecoder and ReadMappingProgram.
absl::StatusOr<std::unique_ptr<EventDecoder>> MakeMapping(const std::string& path);

// Whether events of a mapping would be accepted from a source. `events[1].ticket_id: ...`
absl::Status CheckMapped(const std::vector<v1::Event>& events);

// Adds the lines of a message such as MakeMapping's, "PROGRAM:LINE:COLUMN: text", with their
// places.
void AddPlaced(std::string_view program, std::string_view message, Problems* problems);

}  // namespace escalation
