// state/store/rocksdb_store.h
//
// The store of one partition on disk: one RocksDB with one column family.
//
//   Input       as Store
//   Output      as Store
//   Invariants  as Store, and:
//               3. there is no write-ahead log: the log that is folded is the write-ahead log. A
//               crash
//                  loses the turns since the latest flush, which are folded again
//               4. checksums of everything are verified on every read
//   Time        MaybeFlush's argument only
//   Errors      as Store. A failure in the background is kept and returned by every later Commit:
//               nothing is retried, and what was flushed is whole.
//   Threads     as Store
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/store/store.h"

namespace rocksdb {
class Env;
}

namespace escalation {

// Which log and partition a store folds.
struct StoreIdentity {
  // "embedded", "kafka", "memory".
  std::string kind;
  // Kafka cluster id and topic; empty for embedded logs.
  std::string cluster;
  std::string topic;
  // 32 hexadecimal digits, or the Kafka topic id.
  std::string incarnation;
  Partition partition;
  friend bool operator==(const StoreIdentity&, const StoreIdentity&) = default;
};

// "embedded log 9f1c..., partition 0"
std::string ToText(const StoreIdentity& identity);

struct RocksdbStoreOptions {
  // Decoded blocks kept in memory.
  size_t block_cache_bytes = size_t{64} << 20;
  // Committed bytes that are kept in memory before they are flushed.
  size_t flush_bytes_max = size_t{64} << 20;
  // MaybeFlush flushes after this long at the latest: bounds what a restart folds again.
  Duration flush_interval = Duration::Seconds(30);
  // Where its files are; null: on this machine. MUST outlive the store.
  rocksdb::Env* env = nullptr;
};

class RocksdbStore : public Store {
 public:
  // Creates the store if `dir` holds none. Errors: kFailedPrecondition: the store of another log or
  // partition, of a newer program, not a store, or open in another process. kDataLoss: damaged.
  static absl::StatusOr<std::unique_ptr<RocksdbStore>> Open(
      const std::string& dir, const StoreIdentity& identity,
      const RocksdbStoreOptions& options = {});
  // What is flushed, whatever its identity; another process may go on writing. kNotFound: no store.
  static absl::StatusOr<std::unique_ptr<RocksdbStore>> OpenReadOnly(
      const std::string& dir, const RocksdbStoreOptions& options = {});
  ~RocksdbStore() override;

  const StoreIdentity& identity() const { return identity_; }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) const override;
  absl::Status MultiGet(const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>>* values) const override;
  absl::Status Scan(std::string_view begin, std::string_view end,
                    const Visitor& visit) const override;

  // kFailedPrecondition: read-only.
  absl::Status Commit(const Turn& turn) override;
  absl::Status Flush() override;
  absl::Status MaybeFlush(Instant now) override;
  absl::Status CheckpointTo(const std::string& dir) override;
  // Flushes, and rewrites everything into as few and as small tables as there can be.
  absl::Status Compact();

 private:
  struct Rocks;

  RocksdbStore(std::string dir, const RocksdbStoreOptions& options);
  absl::Status Attach(bool read_only);
  absl::Status LoadIdentity();
  absl::Status CheckIdentity(const StoreIdentity& expected) const;
  absl::Status CreateIdentity(const StoreIdentity& identity);
  absl::Status Writable() const;

  const std::string dir_;
  const RocksdbStoreOptions options_;
  std::unique_ptr<Rocks> rocks_;
  StoreIdentity identity_;
  // Whether the store holds an identity.
  bool identified_ = false;
  // Whether something was committed since the latest flush by time.
  bool dirty_ = false;
  std::optional<Instant> flushed_;
};

}  // namespace escalation
