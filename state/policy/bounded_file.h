// state/policy/bounded_file.h
//
// Reads a small file that a person named, and never more of it than a limit.
//
//   Input       a path, the largest size accepted
//   Output      the file's bytes
//   Invariants  1. never waits: a FIFO, a device, a socket or a directory is refused unread
//               2. never holds more than bytes_max + 1 bytes, however large the file is or grows
//   Time        none
//   Errors      kNotFound, kPermissionDenied, kInvalidArgument (not a regular file, too large),
//               kUnavailable (reading failed); the message does not repeat the path
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace escalation {

absl::StatusOr<std::string> ReadBoundedFile(const std::string& path, size_t bytes_max);

// The folder of a file, empty for the current one; and a path seen from there.
std::string FolderOf(const std::string& path);
std::string ResolvePath(const std::string& folder, const std::string& path);

}  // namespace escalation
