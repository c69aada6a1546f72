// daemon/source/source_message.h
//
// A message as a source holds it, and what makes events of it.
//
//   Input       untrusted bytes with where they came from
//   Output      events without tenant where the source's own is meant, without origin and
//               written_at: those are the source's to set
//   Invariants  1. all or nothing: a message with one bad event gives none
//               2. the same bytes give the same events, on every instance and at any time
//               3. no event: the message is about nothing that policies act on
//   Errors      of Decode: kInvalidArgument: not of this format, or says what no event may say.
//               kAborted: a mapping failed, ran too long or took too much memory; kUnavailable:
//               nothing could be tried now, the same call may succeed later
//   Threads     values; a decoder is used by one thread at a time
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "escalation/v1/event.pb.h"
#include "state/base/instant.h"

namespace escalation {

struct SourceMessage {
  struct Header {
    std::string name;
    std::string value;
  };

  // Empty: an HTTP hook; then partition and offset mean nothing.
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  // When the source took it.
  Instant stamped;
  std::optional<std::string> key;
  std::string value;
  // In order; names may repeat. Of HTTP: in lower case, without those that carry credentials.
  std::vector<Header> headers;

  // The first header of that name, compared without regard to ASCII case.
  std::optional<std::string_view> FindHeader(std::string_view name) const;
};

class EventDecoder {
 public:
  virtual ~EventDecoder() = default;
  virtual absl::StatusOr<std::vector<v1::Event>> Decode(const SourceMessage& message) = 0;
};

}  // namespace escalation
