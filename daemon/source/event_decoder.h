// daemon/source/event_decoder.h
//
// Makes the decoder of a source's format.
//
//   native       one Event in binary Protobuf
//   json         proto3 JSON: one event, an array, {"events": [...]}
//   cloudevents  CloudEvents 1.0 around one of these two (cloud_events.h)
//   confluent    native behind the prefix of a schema registry's serializer (confluent.h)
//   jq           any JSON, mapped by a program in a process of its own (jq_decoder.h)
//   victorops, pagerduty, slack, pager
//                what pagers tell of pages (pager_hooks.h)
//
//   Input       what the config says of the format
//   Output      a decoder, ready: a program is compiled
//   Invariants  1. what a decoder gives has the right form; what it says is judged by
//                  event_check.h, once the source has set what is its own (tenant, origin,
//                  written_at)
//               2. a message larger than message_bytes_max is kInvalidArgument, never cut
//               3. places in binary formats are bytes of the message, counted from 0
//   Errors      kInvalidArgument: an option is wrong, or the program does not compile, as lines
//               "PROGRAM:LINE:COLUMN: text"; kFailedPrecondition, kUnavailable: its process
//               cannot be started here, now
//   Threads     a decoder is used by one thread at a time; different ones share nothing
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "daemon/source/source_message.h"

namespace escalation {

enum class SourceFormat {
  kNative,
  kJson,
  kCloudEvents,
  kConfluent,
  kJq,
  kVictorOps,
  kPagerDuty,
  kSlack,
  kPager,
};

// As the config writes them: in lower case.
std::optional<SourceFormat> SourceFormatFromName(std::string_view name);
std::string_view NameOf(SourceFormat format);
std::vector<std::string> SourceFormatNames();

// A program that maps foreign JSON to events.
struct MappingProgram {
  // Begins every message about it: its path.
  std::string name;
  std::string text;
};
inline constexpr size_t kMappingProgramBytesMax = 256 * 1024;

// What one message may take of a mapping's process.
struct MappingLimits {
  // Of the process, for the program and everything it holds at a time.
  size_t memory_bytes_max = size_t{256} << 20;
  // Processor time. What the machine is busy with otherwise does not count, so that the same
  // message fares the same everywhere.
  std::chrono::milliseconds processor_time_max{1'000};
  // By the clock on the wall: for a process that hangs without computing.
  std::chrono::milliseconds wall_time_max{30'000};
  // Of all that it gives for one message, as JSON.
  size_t output_bytes_max = size_t{4} << 20;
};

struct DecoderOptions {
  SourceFormat format = SourceFormat::kNative;
  size_t message_bytes_max = size_t{4} << 20;
  // Whose source it is; of pagers, whose pages count.
  std::string tenant;
  // kConfluent: which message of the registered schema is our Event, counted from 0. Absent: its
  // place in escalation/v1/event.proto, for producers that registered this file.
  std::optional<int> confluent_message_index;
  // kJq.
  MappingProgram program;
  MappingLimits limits;
  // The program escalation-mapper. Empty: found as jq_process.h says.
  std::string mapper;
};

absl::StatusOr<std::unique_ptr<EventDecoder>> MakeDecoder(const DecoderOptions& options);

// Reads a program's text. The error names the path.
absl::StatusOr<MappingProgram> ReadMappingProgram(const std::string& path);

}  // namespace escalation
