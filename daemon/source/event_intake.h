// daemon/source/event_intake.h
//
// What becomes of one message: events as the log takes them, or a dead letter.
//
//   Input       a message; where it came from, as events say it (Origin)
//   Output      events with tenant, origin, id and written_at, checked and redacted; or the letter;
//               or neither: the message is about nothing that policies act on
//   Invariants  1. all or nothing: a message with one bad event gives a letter and no events
//               2. what a message says of tenant, origin and written_at counts for nothing but to
//                  be refused: a source is one tenant's
//               3. events that bring no id get one that follows from position and content; only
//                  where the origin is positioned
//               4. a letter holds the message as it came, not redacted
//   Time        `now` dates events and letters
//   Errors      kUnavailable and others that are not about the message: nothing could be tried, the
//               same call may succeed later
//   Threads     one thread at a time, as the decoder
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/source/redactor.h"
#include "daemon/source/source_message.h"
#include "escalation/v1/event.pb.h"
#include "escalation/v1/source.pb.h"
#include "state/base/instant.h"

namespace escalation {

// Serialized; a Kafka broker with its default settings takes it.
inline constexpr size_t kSourceEventBytesMax = 960 * 1024;

struct Intake {
  std::vector<v1::Event> events;
  std::optional<v1::DeadLetter> letter;
};

class EventIntake {
 public:
  struct World {
    // Name of the source in the config, and whose it is.
    std::string source;
    std::string tenant;
    std::unique_ptr<EventDecoder> decoder;
    // The redactor in force for the tenant; null, or empty: nothing is redacted.
    std::function<std::shared_ptr<const Redactor>(const std::string& tenant)> redactor;
    std::function<Instant()> now;
  };
  explicit EventIntake(World world) : world_(std::move(world)) {}

  // `origin` without index.
  absl::StatusOr<Intake> Take(const SourceMessage& message, const v1::Origin& origin) const;

  // The letter that a message becomes for a reason that was found later.
  v1::DeadLetter LetterOf(const SourceMessage& message, const v1::Origin& origin,
                          v1::DeadLetter::Kind kind, std::string reason) const;

  const std::string& source() const { return world_.source; }
  const std::string& tenant() const { return world_.tenant; }

 private:
  absl::Status Complete(const SourceMessage& message, const v1::Origin& origin, Instant now,
                        int index, v1::Event* event) const;

  const World world_;
};

// The message that a letter holds, as it came.
SourceMessage MessageOf(const v1::DeadLetter& letter);

// 16 hexadecimal digits of what the message holds and when it was stamped: tells it from what
// stands at the same offset of another stream.
std::string FingerprintOf(const SourceMessage& message);

}  // namespace escalation
