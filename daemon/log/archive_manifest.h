// daemon/log/archive_manifest.h
//
// Reads and writes the list of what an archive holds.
//
//   Input       the archive's directory
//   Output      ArchiveManifest (store.proto), checked against its hash and for sense
//   Invariants  1. segments of a stream are in order and do not overlap; file names are what
//                  SegmentFile makes of them, so a manifest cannot point outside its directory
//   Errors      kNotFound: no archive, or one that was never completed. kDataLoss: damaged.
//               kFailedPrecondition: a newer format
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "escalation/v1/store.pb.h"

namespace escalation::archive {

absl::Status WriteManifest(const std::string& dir, const v1::ArchiveManifest& manifest);
absl::StatusOr<v1::ArchiveManifest> ReadManifest(const std::string& dir);

}  // namespace escalation::archive
