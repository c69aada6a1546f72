// state/store/rocksdb_options.h
//
// How a store sets RocksDB up. Every choice that is not RocksDB's default has its reason in the
// source. The embedded log shares the parts.
//
//   Input       the store's options, the keeper of its first failure
//   Output      RocksDB's options
//   Errors      none
//   Threads     stateless; safe everywhere
#pragma once

#include <initializer_list>
#include <memory>

#include "rocksdb/env.h"
#include "rocksdb/options.h"
#include "state/store/rocksdb_status.h"
#include "state/store/rocksdb_store.h"

namespace escalation {

// The first of `wanted` that this librocksdb was built with.
rocksdb::CompressionType FirstKnown(std::initializer_list<rocksdb::CompressionType> wanted);

// Writes nothing. RocksDB's own message file would be one more to bound, a reader would take it
// away from the process that writes, and on a full disk writing to it aborts the process where
// RocksDB is built with assertions, as Debian's is. What matters comes as a status.
std::shared_ptr<rocksdb::Logger> SilentLogger();

rocksdb::Options StoreOptions(const RocksdbStoreOptions& options,
                              const std::shared_ptr<FirstFailure>& failure);

}  // namespace escalation
