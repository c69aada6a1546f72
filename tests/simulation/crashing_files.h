// tests/simulation/crashing_files.h
//
// What RocksDB holds of a CrashingFileSystem: open files and directories.
//
//   Input       reads, appends, syncs
//   Output      as files; nothing once the life of the machine in which they were opened is over
//   Errors      as CrashingFileSystem
//   Threads     safe everywhere
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "tests/simulation/crashing_file_system.h"

namespace escalation::simulation {

// What of [offset, offset + n) there is, copied to `scratch`.
inline size_t CopyPart(const std::string& data, uint64_t offset, size_t n, char* scratch) {
  if (offset >= data.size()) return 0;
  const size_t length = std::min(n, data.size() - static_cast<size_t>(offset));
  std::memcpy(scratch, data.data() + offset, length);
  return length;
}

class CrashingFileSystem::SequentialFile : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(CrashingFileSystem* system, std::shared_ptr<File> file)
      : system_(*system), life_(system->life_), file_(std::move(file)) {}

  Status Read(size_t n, const Options&, rocksdb::Slice* result, char* scratch, Debug*) override {
    const std::lock_guard lock(system_.mutex_);
    if (Status status = system_.Check(life_); !status.ok()) return status;
    *result = rocksdb::Slice(scratch, CopyPart(file_->data, at_, n, scratch));
    at_ += result->size();
    return Status::OK();
  }
  Status Skip(uint64_t n) override {
    at_ += n;
    return Status::OK();
  }

 private:
  CrashingFileSystem& system_;
  const uint64_t life_;
  const std::shared_ptr<File> file_;
  uint64_t at_ = 0;
};

class CrashingFileSystem::RandomAccessFile : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(CrashingFileSystem* system, std::shared_ptr<File> file)
      : system_(*system), life_(system->life_), file_(std::move(file)) {}

  Status Read(uint64_t offset, size_t n, const Options&, rocksdb::Slice* result, char* scratch,
              Debug*) const override {
    const std::lock_guard lock(system_.mutex_);
    if (Status status = system_.Check(life_); !status.ok()) return status;
    *result = rocksdb::Slice(scratch, CopyPart(file_->data, offset, n, scratch));
    return Status::OK();
  }

 private:
  CrashingFileSystem& system_;
  const uint64_t life_;
  const std::shared_ptr<File> file_;
};

class CrashingFileSystem::WritableFile : public rocksdb::FSWritableFile {
 public:
  WritableFile(CrashingFileSystem* system, std::shared_ptr<File> file)
      : system_(*system), life_(system->life_), file_(std::move(file)) {}

  using FSWritableFile::Append;
  Status Append(const rocksdb::Slice& data, const Options&, Debug*) override {
    return system_.Try(life_, [&] {
      // A full disk takes what still fits.
      const size_t taken = system_.full_ ? data.size() / 2 : data.size();
      file_->data.append(data.data(), taken);
      return system_.full_ ? Status::NoSpace("No space left on device") : Status::OK();
    });
  }
  Status Truncate(uint64_t size, const Options&, Debug*) override {
    return system_.Try(life_, [&] {
      file_->data.resize(size);
      file_->synced = std::min<size_t>(file_->synced, size);
      return Status::OK();
    });
  }
  Status Sync(const Options&, Debug*) override {
    return system_.Try(life_, [&] {
      file_->synced = file_->data.size();
      return Status::OK();
    });
  }
  Status Flush(const Options&, Debug*) override { return Status::OK(); }
  Status Close(const Options&, Debug*) override { return Status::OK(); }
  // Asks for no more than that writing begins.
  Status RangeSync(uint64_t, uint64_t, const Options&, Debug*) override { return Status::OK(); }
  Status Allocate(uint64_t, uint64_t, const Options&, Debug*) override { return Status::OK(); }
  uint64_t GetFileSize(const Options&, Debug*) override {
    const std::lock_guard lock(system_.mutex_);
    return file_->data.size();
  }

 private:
  CrashingFileSystem& system_;
  const uint64_t life_;
  const std::shared_ptr<File> file_;
};

class CrashingFileSystem::DirectoryHandle : public rocksdb::FSDirectory {
 public:
  DirectoryHandle(CrashingFileSystem* system, std::string path)
      : system_(*system), life_(system->life_), path_(std::move(path)) {}

  Status Fsync(const Options&, Debug*) override {
    return system_.Try(life_, [&] {
      Directory& directory = system_.directories_[path_];
      directory.synced = directory.names;
      directory.unsynced.clear();
      return Status::OK();
    });
  }
  Status Close(const Options&, Debug*) override { return Status::OK(); }

 private:
  CrashingFileSystem& system_;
  const uint64_t life_;
  const std::string path_;
};

}  // namespace escalation::simulation
