#include "state/store/rocksdb_options.h"

#include <algorithm>
#include <cstdarg>
#include <vector>

#include "rocksdb/cache.h"
#include "rocksdb/convenience.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/table.h"
#include "rocksdb/utilities/table_properties_collectors.h"

namespace escalation {
namespace {

class Silent : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

rocksdb::CompressionType FirstKnown(std::initializer_list<rocksdb::CompressionType> wanted) {
  const std::vector<rocksdb::CompressionType> known = rocksdb::GetSupportedCompressions();
  for (const rocksdb::CompressionType type : wanted) {
    if (std::find(known.begin(), known.end(), type) != known.end()) return type;
  }
  return rocksdb::kNoCompression;
}

std::shared_ptr<rocksdb::Logger> SilentLogger() { return std::make_shared<Silent>(); }

rocksdb::Options StoreOptions(const RocksdbStoreOptions& store,
                              const std::shared_ptr<FirstFailure>& failure) {
  rocksdb::Options options;
  options.create_if_missing = true;
  if (store.env != nullptr) options.env = store.env;
  // One column family: a flush holds whole batches in their order, so a crash leaves a prefix of
  // turns without atomic_flush.
  options.write_buffer_size = store.flush_bytes_max;
  options.max_write_buffer_number = 4;  // A commit does not wait for the flush before.
  // A compaction rewrites most of the store, since tickets of all ages are touched: the rarer, the
  // better. Filters keep reads from looking into each file.
  options.level0_file_num_compaction_trigger = 8;
  options.paranoid_checks = true;
  // A failed flush is never retried: see FirstFailure.
  options.max_bgerror_resume_count = 0;
  options.listeners.push_back(failure);
  // Everywhere, since compactions rewrite the last level most: ZSTD there took more time than the
  // fold, for a third of the room.
  options.compression = FirstKnown({rocksdb::kLZ4Compression, rocksdb::kZSTD});
  // One thread writes. Outbox entries and wake-ups come in runs of rising keys: each kind's next
  // place in the memtable is looked for from its last one.
  options.allow_concurrent_memtable_write = false;
  options.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(1));
  // Tickets and dedupe entries that are not there need no search.
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.level_compaction_dynamic_level_bytes = true;  // Bounds wasted space to about a tenth.
  options.bytes_per_sync = 1 << 20;  // Tables reach the disk evenly, not in bursts.
  options.max_background_jobs = 2;
  // Wake-ups and dedupe entries are deleted soon after they were written. Whoever scans them knows
  // where to begin, so some tombstones cost nothing; tables with many in a row are compacted first.
  options.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(/*sliding_window_size=*/131'072,
                                                    /*deletion_trigger=*/65'536));
  options.info_log = SilentLogger();
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(store.block_cache_bytes);
  table.cache_index_and_filter_blocks = true;  // Counted within block_cache_bytes.
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  // Most dedupe and account lookups miss: ten bits a key save 99 of 100 reads.
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;  // Fixed, so that a newer RocksDB writes what 7.8 reads.
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace escalation
