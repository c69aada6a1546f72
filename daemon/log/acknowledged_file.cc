#include "daemon/log/acknowledged_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "daemon/log/bytes.h"

namespace escalation {
namespace {
constexpr uint64_t kEntryBytes = 16;
constexpr size_t kFileBytesMax = 1 << 20;
}  // namespace

absl::StatusOr<std::vector<AcknowledgedEntry>> AcknowledgedFile::Load(const std::string& path) {
  std::vector<AcknowledgedEntry> entries;
  absl::StatusOr<std::string> text = ReadSmallFile(path, kFileBytesMax);
  if (absl::IsNotFound(text.status())) return entries;
  if (!text.ok()) return text.status();
  // The latest write may have been of the first half of an entry: the other half is zero.
  text->resize((text->size() + kEntryBytes - 1) / kEntryBytes * kEntryBytes);
  ByteReader reader(*text);
  while (!reader.rest().empty()) {
    AcknowledgedEntry& entry = entries.emplace_back();
    if (!reader.U64(&entry.end) || !reader.U64(&entry.through)) break;
  }
  return entries;
}

absl::StatusOr<AcknowledgedFile> AcknowledgedFile::Open(const std::string& path) {
  absl::StatusOr<FileDescriptor> file = FileDescriptor::Open(path, O_WRONLY | O_CREAT);
  if (!file.ok()) return file.status();
  return AcknowledgedFile(std::move(*file), path);
}

absl::Status AcknowledgedFile::SetEnd(Partition partition, Offset end) {
  return Set(static_cast<uint64_t>(partition.value) * kEntryBytes,
             static_cast<uint64_t>(end.value));
}

absl::Status AcknowledgedFile::SetThrough(Partition partition, uint64_t through) {
  return Set(static_cast<uint64_t>(partition.value) * kEntryBytes + 8, through);
}

absl::Status AcknowledgedFile::Set(uint64_t position, uint64_t value) {
  std::string bytes;
  AppendU64(&bytes, value);
  // Eight bytes at a multiple of eight lie within one disk sector: they change as a whole.
  for (;;) {
    const ssize_t written =
        ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (written == static_cast<ssize_t>(bytes.size())) return absl::OkStatus();
    if (written < 0 && errno != EINTR) return FromErrno(errno, path_, "cannot write");
    if (written >= 0) return FromErrno(ENOSPC, path_, "cannot write");
  }
}

}  // namespace escalation
