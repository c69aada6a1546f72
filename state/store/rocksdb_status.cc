#include "state/store/rocksdb_status.h"

#include <cerrno>
#include <cstring>

#include "state/base/text.h"

namespace escalation {
namespace {

// RocksDB keeps the errno of most failures only as text.
bool Names(const std::string& message, int error) {
  return message.find(std::strerror(error)) != std::string::npos;
}

// A table that is not there was looked for under its name of old, too, and the error has that one.
std::string Text(const rocksdb::Status& status) {
  std::string text = status.ToString();
  for (size_t at = text.find(".ldb:"); at != std::string::npos; at = text.find(".ldb:", at)) {
    text.replace(at, 4, ".sst");
  }
  return text;
}

}  // namespace

absl::Status FromRocksdb(const rocksdb::Status& status, std::string_view where) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = Text(status);
  if (status.IsNoSpace() || Names(text, ENOSPC) || Names(text, EDQUOT) || Names(text, EFBIG)) {
    return absl::ResourceExhaustedError(
        Cat(where, ": no room left to write: ", text,
            "\n  hint: make room on this file system and start again; nothing that was "
            "acknowledged is lost"));
  }
  if (status.IsCorruption()) return absl::DataLossError(Cat(where, ": corrupt: ", text));
  if (status.IsIOError() && text.find("lock ") != std::string::npos) {
    return absl::FailedPreconditionError(
        Cat(where, ": in use by another process: ", text,
            "\n  hint: one process at a time may write here; stop the other one first"));
  }
  if (Names(text, EACCES) || Names(text, EPERM) || Names(text, EROFS)) {
    return absl::FailedPreconditionError(Cat(where, ": not permitted: ", text));
  }
  if (status.IsNotFound() || status.IsPathNotFound() ||
      text.find("does not exist") != std::string::npos) {
    return absl::NotFoundError(Cat(where, ": not found: ", text));
  }
  if (status.IsIOError()) {
    return absl::DataLossError(Cat(where, ": the disk failed: ", text));
  }
  if (status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() || Names(text, EMFILE)) {
    return absl::UnavailableError(Cat(where, ": ", text));
  }
  return absl::InternalError(Cat(where, ": ", text));
}

void FirstFailure::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  Keep(FromRocksdb(*error, where_)).IgnoreError();
}

void FirstFailure::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                                        bool* auto_recovery) {
  *auto_recovery = false;
}

absl::Status FirstFailure::Keep(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = status;
  return failure_;
}

absl::Status FirstFailure::status() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

}  // namespace escalation
