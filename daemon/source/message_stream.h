// daemon/source/message_stream.h
//
// Messages in partitions, as a source holds them: what a reader needs of Kafka, and no more.
//
//   Input       positions to read from
//   Output      messages, in order of offset within a partition; what was committed
//   Invariants  1. a position that is not in the stream is said (Polled::lost), never replaced
//               2. a partition's messages and ends come in order, and nothing before the end of
//                  Polled::ends is still to come
//   Time        no call waits much longer than a few seconds
//   Errors      kUnavailable: the same call may succeed later
//   Threads     one thread at a time, but Wake, which is for any
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/source/source_message.h"
#include "state/base/instant.h"

namespace escalation {

struct StreamPartition {
  std::string topic;
  int32_t partition = 0;
  friend auto operator<=>(const StreamPartition&, const StreamPartition&) = default;
};

// "TOPIC[PARTITION]"
std::string ToText(const StreamPartition& partition);

struct StreamedMessage {
  SourceMessage message;
  // `stamped` is the broker's clock, and so never falls within the partition.
  bool stamped_by_broker = false;
};

struct StreamExtent {
  // The first offset that can be read, and the one that the next message gets at least.
  int64_t begin = 0;
  int64_t end = 0;
};

struct CommittedPosition {
  // The next one to read.
  int64_t offset = 0;
  // Text that was committed with it.
  std::string note;
};

class MessageStream {
 public:
  virtual ~MessageStream() = default;

  struct Partitions {
    std::vector<StreamPartition> found;
    // Topics that are configured and not there.
    std::vector<std::string> missing;
  };
  virtual absl::StatusOr<Partitions> Discover() = 0;

  // Of all of these; what the stream does not know is left out.
  using Extents = std::map<StreamPartition, StreamExtent>;
  virtual absl::StatusOr<Extents> AskExtents(const std::vector<StreamPartition>& partitions) = 0;

  using Positions = std::map<StreamPartition, CommittedPosition>;
  virtual absl::StatusOr<Positions> Committed(const std::vector<StreamPartition>& partitions) = 0;
  // Durable on return.
  virtual absl::Status Commit(const Positions& positions) = 0;

  // The first message at or after `offset`; empty optional: there is none. Not while messages are
  // polled: Assign comes after it.
  virtual absl::StatusOr<std::optional<StreamedMessage>> ReadAt(const StreamPartition& partition,
                                                                int64_t offset) = 0;

  // Replaces what is polled: these partitions, each from its offset on.
  virtual absl::Status Assign(const std::map<StreamPartition, int64_t>& positions) = 0;

  struct Polled {
    std::vector<StreamedMessage> messages;
    // Everything below was polled; after the messages.
    std::map<StreamPartition, int64_t> ends;
    // Nothing more comes of these until they are assigned anew, and why not.
    std::map<StreamPartition, std::string> lost;
  };
  // Waits until there is something, Wake or `timeout`; then takes at most `count` messages of about
  // bytes_max.
  virtual Polled Poll(Duration timeout, size_t count, size_t bytes_max) = 0;
  virtual void Wake() = 0;
};

}  // namespace escalation
