// daemon/log/archive_merge.h
//
// Makes one archive of several of the same log: what a retention took from the log between them is
// in the earlier ones.
//
//   Input       archives of one log, in any order, that touch or overlap
//   Output      one archive of everything that they hold
//   Invariants  1. what two of them hold both is compared byte by byte
//               2. nothing is missing between them
//               3. memory holds one block of two archives for each stream
//   Errors      kInvalidArgument: fewer than two. kFailedPrecondition: archives of different logs,
//               or a gap, which is named. kDataLoss: one is damaged, or two of them differ, with
//               the record or decision. Else as ArchiveWriter
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "daemon/log/archive_writer.h"

namespace escalation {

absl::Status MergeArchives(const std::vector<std::string>& dirs, const std::string& out,
                           const ArchiveOptions& options = {});

}  // namespace escalation
