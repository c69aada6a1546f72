// state/store/rocksdb_damage.h
//
// Finds the damaged files of a RocksDB directory that does not open: RocksDB's error often names
// none, or the list of tables for what is wrong with a table.
//
//   Input       the directory, and what opening it returned
//   Output      a line for people, to go behind the error; empty: the error says it all
//   Errors      as text
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "rocksdb/status.h"

namespace escalation {

std::string NameDamage(const std::string& dir, const rocksdb::Status& status);

// Tables are there, but not the file that says where their list is. RocksDB would take the
// directory for an empty one and begin anew. A creation that crashed has no tables yet.
bool LacksCurrent(const std::string& dir);

}  // namespace escalation
