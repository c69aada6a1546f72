// tests/simulation/crashing_file_system.h
//
// A disk for RocksDB that loses what a disk may lose. Files are in memory; for each it is known
// what would be there after a power cut.
//
//   Input       RocksDB's operations; when the power is cut, the disk is full, or a change fails
//   Output      as a file system. After Crash: of each file what was synced and a random first part
//               of the rest, perhaps with a last page of garbage; of each directory what was synced
//               and the first of the other creations, renames and deletions
//   Invariants  1. from a cut to the next Crash or Restart no operation of any thread has an effect
//               2. what was opened before a Crash or Restart stays without effect for good
//               3. nothing reaches a real disk
//   Errors      kIOError with kNoSpace while the disk is full. kIOError: the power is off, or the
//               one change that was to fail
//   Threads     safe everywhere
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "rocksdb/env.h"
#include "rocksdb/file_system.h"
#include "tests/simulation/random.h"

namespace escalation::simulation {

class CrashingFileSystem : public rocksdb::FileSystemWrapper {
 public:
  using Status = rocksdb::IOStatus;
  using Options = rocksdb::IOOptions;
  using Debug = rocksdb::IODebugContext;

  explicit CrashingFileSystem(uint64_t seed);
  ~CrashingFileSystem() override;
  const char* Name() const override { return "CrashingFileSystem"; }

  // Now; or with the `changes`-th change from here, which may be done or not.
  void CutPower();
  void CutPowerAfter(uint64_t changes);
  bool cut() const;
  // The power is back. The database on it MUST be gone.
  void Crash();
  // The process died and the machine did not: what was written is there.
  void Restart();
  void set_full(bool full);
  // The `changes`-th change from here fails.
  void FailAfter(uint64_t changes);
  // Appends, syncs, and changes of names, so far.
  uint64_t changes() const;

  Status NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                           std::unique_ptr<rocksdb::FSSequentialFile>* file, Debug*) override;
  Status NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSRandomAccessFile>* file, Debug*) override;
  Status NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                         std::unique_ptr<rocksdb::FSWritableFile>* file, Debug*) override;
  Status NewDirectory(const std::string& path, const Options&,
                      std::unique_ptr<rocksdb::FSDirectory>* directory, Debug*) override;
  Status FileExists(const std::string& path, const Options&, Debug*) override;
  Status GetChildren(const std::string& path, const Options&, std::vector<std::string>* names,
                     Debug*) override;
  Status DeleteFile(const std::string& path, const Options&, Debug*) override;
  Status CreateDir(const std::string& path, const Options&, Debug*) override;
  Status CreateDirIfMissing(const std::string& path, const Options&, Debug*) override;
  Status GetFileSize(const std::string& path, const Options&, uint64_t* size, Debug*) override;
  Status GetFileModificationTime(const std::string& path, const Options&, uint64_t* time,
                                 Debug*) override;
  Status RenameFile(const std::string& from, const std::string& to, const Options&,
                    Debug*) override;
  Status LockFile(const std::string& path, const Options&, rocksdb::FileLock** lock,
                  Debug*) override;
  Status UnlockFile(rocksdb::FileLock* lock, const Options&, Debug*) override;
  Status GetAbsolutePath(const std::string& path, const Options&, std::string* out,
                         Debug*) override;
  Status IsDirectory(const std::string& path, const Options&, bool* is, Debug*) override;

 private:
  class SequentialFile;
  class RandomAccessFile;
  class WritableFile;
  class DirectoryHandle;
  struct Lock;
  struct File {
    std::string data;
    size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  // Names and what they stand for from then on, together; null: nothing.
  using Change = std::vector<std::pair<std::string, std::shared_ptr<File>>>;
  struct Directory {
    Names names;
    Names synced;
    std::vector<Change> unsynced;
  };

  // Runs `change` unless the power is off, goes off, or it is to fail.
  Status Try(uint64_t life, const std::function<Status()>& change);
  // The rest MUST be called with the mutex held.
  Status Check(uint64_t life) const;
  std::shared_ptr<File> Find(const std::string& path) const;
  Status Rename(const std::string& path, Change change);
  static void Apply(const Change& change, Names* names);
  void Tear(const std::string& name, File* file);
  void Begin();

  mutable std::mutex mutex_;
  Random random_;
  std::map<std::string, Directory> directories_;
  std::set<std::string> locks_;
  // Between two crashes.
  uint64_t life_ = 0;
  bool cut_ = false;
  bool full_ = false;
  uint64_t changes_ = 0;
  // Which change; 0: none.
  uint64_t cut_at_ = 0;
  uint64_t fail_at_ = 0;
};

}  // namespace escalation::simulation
