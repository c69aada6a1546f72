// state/store/rocksdb_options.h
//
// How a store sets RocksDB up. Every choice that is not RocksDB's default has its reason here.
//
//   Input       the store's options, the keeper of its first failure
//   Output      RocksDB's options
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <memory>

#include "rocksdb/options.h"
#include "state/store/rocksdb_status.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

rocksdb::Options StoreOptions(const RocksdbStoreOptions& options,
                              const std::shared_ptr<FirstFailure>& failure);

}  // namespace escalation
