// tests/scenarios/event_text.h
//
// Events as a person types them in a scenario.
//
//   opened T-1 plan=gold severity=high subject="site down" field.region=eu tags=a,b
//   message T-1 customer=ann             reply T-1 agent=maria question       note T-1 agent=maria
//   assigned T-1 agent=maria             (maria takes it)
//   pending|on_hold|open|resolved|closed T-1 agent=maria
//
// After the ticket: name=value for each field of the event's body, with a.b for fields of a field,
// a comma between list items and quotes where a value holds spaces; a name alone is a bool that is
// true. Some names are the event's: customer=, agent=, bot=, system= say who did it, roles= its
// roles, id=, source=, generation=, partition=, offset=, index=, written=, tenant=.
//
//   Errors      kInvalidArgument: what is wrong with which word
//   Threads     one reader, one thread: it remembers the latest time
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation::scenarios {

// Words of a command; double quotes hold spaces together.
absl::StatusOr<std::vector<std::string>> SplitWords(const std::string& line);

// Reads times: RFC 3339, "15:04" and "15:04:05" on the day and with the offset of the time before,
// "+10m" after it.
class TimeReader {
 public:
  absl::StatusOr<Instant> Read(const std::string& text);
  // The same without remembering.
  absl::StatusOr<Instant> Peek(const std::string& text) const;
  // Offset from UTC of the latest RFC 3339 time, in seconds.
  int offset_s() const { return offset_s_; }
  Instant latest() const { return latest_; }
  void set_latest(Instant t) { latest_ = t; }

 private:
  Instant latest_ = Instant::Past();
  int offset_s_ = 0;
};

// words[0] is the body, words[1] the ticket where the body is about one.
absl::StatusOr<v1::Event> ReadEvent(const std::vector<std::string>& words, const TimeReader& times);

// One name=value onto a message; `times` reads instants.
absl::Status SetByName(google::protobuf::Message* message, const std::string& name,
                       const std::string& value, const TimeReader& times);

}  // namespace escalation::scenarios
