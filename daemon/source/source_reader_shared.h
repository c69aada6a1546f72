// daemon/source/source_reader_shared.h
//
// What a reader shares with other threads: those that stop it and ask for its status, and the
// log's, which may tell the fate of a mark after the reader is gone.
//
//   Threads     everything under the mutex
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "daemon/source/append_flight.h"
#include "daemon/source/source_reader.h"
#include "daemon/source/source_status.h"

namespace escalation {

struct SourceReader::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  SourceStatus status;
  // The one that Stop wakes.
  std::shared_ptr<AppendFlight> flight;
  // A mark was handed to the log and has no fate yet.
  bool marking = false;
};

}  // namespace escalation
