#include "tests/simulation/crashing_file_system.h"

#include <algorithm>
#include <utility>

#include "tests/simulation/crashing_files.h"

namespace escalation::simulation {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

constexpr size_t kPageBytes = 4096;

IOStatus PowerIsOff() { return IOStatus::IOError("the power is off"); }
IOStatus Missing(const std::string& path) {
  return IOStatus::PathNotFound(path, "No such file or directory");
}

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string NameOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }
// "/store/" and "/store" are the same.
std::string Trimmed(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// What RocksDB may ask besides lands in memory.
const std::shared_ptr<rocksdb::FileSystem>& Elsewhere() {
  static rocksdb::Env* const kMemory = rocksdb::NewMemEnv(rocksdb::Env::Default());
  return kMemory->GetFileSystem();
}

}  // namespace

struct CrashingFileSystem::Lock : public rocksdb::FileLock {
  Lock(std::string the_path, uint64_t the_life) : path(std::move(the_path)), life(the_life) {}
  const std::string path;
  const uint64_t life;
};

CrashingFileSystem::CrashingFileSystem(uint64_t seed)
    : FileSystemWrapper(Elsewhere()), random_(seed) {}
CrashingFileSystem::~CrashingFileSystem() = default;

void CrashingFileSystem::CutPower() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
}

void CrashingFileSystem::CutPowerAfter(uint64_t changes) {
  const std::lock_guard lock(mutex_);
  cut_at_ = changes_ + changes;
}

void CrashingFileSystem::FailAfter(uint64_t changes) {
  const std::lock_guard lock(mutex_);
  fail_at_ = changes_ + changes;
}

bool CrashingFileSystem::cut() const {
  const std::lock_guard lock(mutex_);
  return cut_;
}

void CrashingFileSystem::set_full(bool full) {
  const std::lock_guard lock(mutex_);
  full_ = full;
}

uint64_t CrashingFileSystem::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

void CrashingFileSystem::Begin() {
  ++life_;
  cut_ = false;
  cut_at_ = 0;
  fail_at_ = 0;
  locks_.clear();
}

void CrashingFileSystem::Restart() {
  const std::lock_guard lock(mutex_);
  Begin();
}

void CrashingFileSystem::Crash() {
  const std::lock_guard lock(mutex_);
  for (auto& [path, directory] : directories_) {
    // In their order, as file systems with a journal do it; RocksDB relies on it between the
    // creation of a list of tables and the name that leads to it.
    const uint64_t kept = random_.Below(directory.unsynced.size() + 1);
    for (size_t i = 0; i < kept; ++i) Apply(directory.unsynced[i], &directory.synced);
    directory.unsynced.clear();
    directory.names = directory.synced;
    for (auto& [name, file] : directory.names) Tear(name, file.get());
  }
  Begin();
}

void CrashingFileSystem::Tear(const std::string& name, File* file) {
  const size_t unsynced = file->data.size() - file->synced;
  const size_t kept = random_.Percent(40) ? 0 : static_cast<size_t>(random_.Below(unsynced + 1));
  // Blocks that were given to the file and never written. RocksDB opens no database whose list of
  // tables ends in them; on file systems with a journal the length says what was written.
  size_t garbage = 0;
  if (!name.starts_with("MANIFEST") && random_.Percent(30)) {
    garbage = std::min<size_t>(unsynced - kept, random_.Below(kPageBytes));
  }
  file->data.resize(file->synced + kept);
  const bool zeros = random_.Percent(50);
  for (size_t i = 0; i < garbage; ++i) {
    file->data.push_back(zeros ? '\0' : static_cast<char>(random_.Below(256)));
  }
  file->synced = file->data.size();
}

IOStatus CrashingFileSystem::Check(uint64_t life) const {
  return cut_ || life != life_ ? PowerIsOff() : IOStatus::OK();
}

IOStatus CrashingFileSystem::Try(uint64_t life, const std::function<IOStatus()>& change) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life); !status.ok()) return status;
  ++changes_;
  if (changes_ == fail_at_) return IOStatus::IOError("the disk failed");
  if (changes_ != cut_at_) return change();
  cut_ = true;
  if (random_.Percent(50)) change().PermitUncheckedError();
  return PowerIsOff();
}

void CrashingFileSystem::Apply(const Change& change, Names* names) {
  for (const auto& [name, file] : change) {
    if (file == nullptr) {
      names->erase(name);
    } else {
      (*names)[name] = file;
    }
  }
}

IOStatus CrashingFileSystem::Rename(const std::string& path, Change change) {
  Directory& directory = directories_[FolderOf(path)];
  Apply(change, &directory.names);
  directory.unsynced.push_back(std::move(change));
  return IOStatus::OK();
}

std::shared_ptr<CrashingFileSystem::File> CrashingFileSystem::Find(const std::string& path) const {
  const auto directory = directories_.find(FolderOf(path));
  if (directory == directories_.end()) return nullptr;
  const auto found = directory->second.names.find(NameOf(path));
  return found == directory->second.names.end() ? nullptr : found->second;
}

IOStatus CrashingFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                               std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                               IODebugContext*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  std::shared_ptr<File> found = Find(path);
  if (found == nullptr) return Missing(path);
  *file = std::make_unique<SequentialFile>(this, std::move(found));
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::NewRandomAccessFile(const std::string& path,
                                                 const rocksdb::FileOptions&,
                                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                                 IODebugContext*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  std::shared_ptr<File> found = Find(path);
  if (found == nullptr) return Missing(path);
  *file = std::make_unique<RandomAccessFile>(this, std::move(found));
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext*) {
  return Try(life_, [&] {
    auto created = std::make_shared<File>();
    *file = std::make_unique<WritableFile>(this, created);
    return Rename(path, {{NameOf(path), std::move(created)}});
  });
}

IOStatus CrashingFileSystem::NewDirectory(const std::string& path, const IOOptions&,
                                          std::unique_ptr<rocksdb::FSDirectory>* directory,
                                          IODebugContext*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  if (!directories_.contains(Trimmed(path))) return Missing(path);
  *directory = std::make_unique<DirectoryHandle>(this, Trimmed(path));
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::FileExists(const std::string& path, const IOOptions&,
                                        IODebugContext*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  const bool there = Find(path) != nullptr || directories_.contains(Trimmed(path));
  return there ? IOStatus::OK() : IOStatus::NotFound(path);
}

IOStatus CrashingFileSystem::GetChildren(const std::string& path, const IOOptions&,
                                         std::vector<std::string>* names, IODebugContext*) {
  const std::lock_guard lock(mutex_);
  names->clear();
  if (IOStatus status = Check(life_); !status.ok()) return status;
  const auto directory = directories_.find(Trimmed(path));
  if (directory == directories_.end()) return Missing(path);
  for (const auto& [name, file] : directory->second.names) names->push_back(name);
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::DeleteFile(const std::string& path, const IOOptions&,
                                        IODebugContext*) {
  return Try(life_, [&] {
    if (Find(path) == nullptr) return Missing(path);
    return Rename(path, {{NameOf(path), nullptr}});
  });
}

// A directory is there for good: losing it would be losing the whole store, which is no question.
IOStatus CrashingFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions&,
                                                IODebugContext*) {
  return Try(life_, [&] {
    directories_.try_emplace(Trimmed(path));
    return IOStatus::OK();
  });
}

IOStatus CrashingFileSystem::CreateDir(const std::string& path, const IOOptions&, IODebugContext*) {
  return Try(life_, [&] {
    const bool created = directories_.try_emplace(Trimmed(path)).second;
    return created ? IOStatus::OK() : IOStatus::IOError(path, "File exists");
  });
}

IOStatus CrashingFileSystem::GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                                         IODebugContext*) {
  const std::lock_guard lock(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  const std::shared_ptr<File> file = Find(path);
  if (file == nullptr) return Missing(path);
  *size = file->data.size();
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::GetFileModificationTime(const std::string& path, const IOOptions&,
                                                     uint64_t* time, IODebugContext*) {
  const std::lock_guard lock(mutex_);
  *time = 0;
  return Find(path) == nullptr ? Missing(path) : Check(life_);
}

IOStatus CrashingFileSystem::RenameFile(const std::string& from, const std::string& to,
                                        const IOOptions&, IODebugContext*) {
  return Try(life_, [&] {
    std::shared_ptr<File> file = Find(from);
    if (file == nullptr) return Missing(from);
    if (FolderOf(from) != FolderOf(to)) return IOStatus::NotSupported("between directories");
    return Rename(from, {{NameOf(from), nullptr}, {NameOf(to), std::move(file)}});
  });
}

IOStatus CrashingFileSystem::LockFile(const std::string& path, const IOOptions&,
                                      rocksdb::FileLock** lock, IODebugContext*) {
  const std::lock_guard guard(mutex_);
  if (IOStatus status = Check(life_); !status.ok()) return status;
  if (!locks_.insert(path).second) return IOStatus::IOError("lock " + path, "is held");
  *lock = new Lock(path, life_);
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions&,
                                        IODebugContext*) {
  const std::unique_ptr<Lock> owned(static_cast<Lock*>(lock));
  const std::lock_guard guard(mutex_);
  if (owned->life == life_) locks_.erase(owned->path);
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&,
                                             std::string* out, IODebugContext*) {
  *out = path;
  return IOStatus::OK();
}

IOStatus CrashingFileSystem::IsDirectory(const std::string& path, const IOOptions&, bool* is,
                                         IODebugContext*) {
  const std::lock_guard lock(mutex_);
  *is = directories_.contains(Trimmed(path));
  return *is || Find(path) != nullptr ? Check(life_) : Missing(path);
}

}  // namespace escalation::simulation
