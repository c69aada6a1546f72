// What only the store on disk promises: reopening, identity, death of the process, full disk,
// damage.
#include "state/store/rocksdb_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "escalation/v1/store.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "tests/state/store/store_turns.h"
#include "tests/support/child_process.h"
#include "tests/support/list_files.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

std::unique_ptr<RocksdbStore> OpenOk(const std::string& dir) {
  absl::StatusOr<std::unique_ptr<RocksdbStore>> store = RocksdbStore::Open(dir, kStoreIdentity);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

TEST(RocksdbStoreTest, what_was_flushed_is_there_after_reopening) {
  const TemporaryDirectory dir;
  {
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "deep/store");
    ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "deep/store");
  EXPECT_EQ(*store->Get("first"), "1");
  EXPECT_EQ(store->identity(), kStoreIdentity);
}

TEST(RocksdbStoreTest, flushes_by_time_and_not_before) {
  const TemporaryDirectory dir;
  RocksdbStoreOptions options;
  options.flush_interval = Duration::Seconds(30);
  const auto store = *RocksdbStore::Open(dir / "store", kStoreIdentity, options);
  const auto flushed = [&] {
    const auto reader = *RocksdbStore::OpenReadOnly(dir / "store");
    return reader->Get("first")->has_value();
  };
  ASSERT_TRUE(store->MaybeFlush(Instant{0}).ok());
  ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
  ASSERT_TRUE(store->MaybeFlush(Instant::Seconds(29)).ok());
  EXPECT_FALSE(flushed());
  ASSERT_TRUE(store->MaybeFlush(Instant::Seconds(30)).ok());
  // The flush runs in the background; one that waits comes after it.
  ASSERT_TRUE(store->Flush().ok());
  EXPECT_TRUE(flushed());
}

TEST(RocksdbStoreTest, the_store_of_another_log_is_refused) {
  const TemporaryDirectory dir;
  { ASSERT_NE(OpenOk(dir / "store"), nullptr); }
  StoreIdentity other_partition = kStoreIdentity;
  other_partition.partition = Partition{1};
  StoreIdentity other_log = kStoreIdentity;
  other_log.incarnation = "ffffffffffffffffffffffffffffffff";
  StoreIdentity kafka = kStoreIdentity;
  kafka.kind = "kafka";
  kafka.cluster = "c1";
  kafka.topic = "escalation.log";
  for (const StoreIdentity& identity : {other_partition, other_log, kafka}) {
    const absl::Status status = RocksdbStore::Open(dir / "store", identity).status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
    const std::string message(status.message());
    EXPECT_NE(message.find(ToText(kStoreIdentity)), std::string::npos) << message;
    EXPECT_NE(message.find(ToText(identity)), std::string::npos) << message;
    EXPECT_NE(message.find("hint: stop escalationd and remove the directory"), std::string::npos);
  }
  EXPECT_NE(OpenOk(dir / "store"), nullptr) << "the refusals left it alone";
}

TEST(RocksdbStoreTest, another_format_is_refused) {
  const TemporaryDirectory dir;
  {
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    v1::StoreIdentity newer;
    ASSERT_TRUE(newer.ParseFromString(**store->Get(keys::Identity())));
    newer.set_format_version(keys::kFormatVersion + 1);
    Turn turn;
    turn.writes.push_back({keys::Identity(), newer.SerializeAsString()});
    ASSERT_TRUE(store->Commit(turn).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  const absl::Status status = RocksdbStore::Open(dir / "store", kStoreIdentity).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_NE(std::string(status.message())
                .find(Cat("written in format ", keys::kFormatVersion + 1,
                          ", this program knows format ", keys::kFormatVersion)),
            std::string::npos)
      << status;
}

TEST(RocksdbStoreTest, one_process_commits_and_others_read) {
  const TemporaryDirectory dir;
  const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
  ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
  ASSERT_TRUE(store->Flush().ok());
  ASSERT_TRUE(store->Commit(NumberedTurn(2)).ok());
  const absl::Status second = RocksdbStore::Open(dir / "store", kStoreIdentity).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second)) << second;
  EXPECT_NE(std::string(second.message()).find("in use by another process"), std::string::npos)
      << second;
  const std::vector<std::string> before = ListFiles(dir / "store");
  const auto reader = RocksdbStore::OpenReadOnly(dir / "store");
  EXPECT_EQ(ListFiles(dir / "store"), before) << "a reader leaves no traces";
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_EQ((*reader)->identity(), kStoreIdentity);
  EXPECT_EQ(*(*reader)->Get("first"), "1") << "what is flushed";
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Commit(NumberedTurn(3))));
  EXPECT_TRUE(absl::IsFailedPrecondition((*reader)->Flush()));
  EXPECT_TRUE(absl::IsNotFound(RocksdbStore::OpenReadOnly(dir / "nothing").status()));
  EXPECT_FALSE(std::filesystem::exists(dir / "nothing"));
}

TEST(RocksdbStoreTest, a_checkpoint_holds_what_is_committed) {
  const TemporaryDirectory dir;
  const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
  ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
  ASSERT_TRUE(store->CheckpointTo(dir / "checkpoint").ok());
  ASSERT_TRUE(store->Commit(NumberedTurn(2)).ok());
  const std::unique_ptr<RocksdbStore> checkpoint = OpenOk(dir / "checkpoint");
  EXPECT_EQ(*checkpoint->Get("first"), "1");
  EXPECT_EQ(*store->Get("first"), "2");
  EXPECT_FALSE(store->CheckpointTo(dir / "checkpoint").ok());
}

// What store_crash_writer said.
struct Said {
  int64_t committed = -1;
  int64_t flushed = -1;
  int failed_code = 0;
  std::string failed;
  int again_code = 0;

  void Take(const std::string& line) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "committed") {
      words >> committed;
    } else if (what == "flushed") {
      words >> flushed;
    } else if (what == "failed") {
      words >> failed_code;
      std::getline(words, failed);
    } else if (what == "again") {
      words >> again_code;
    } else {
      ADD_FAILURE() << line;
    }
  }
};

// The number of the last turn that the store holds; fails unless it holds all before and no part of
// a later one. -1: none.
int64_t WholeUpTo(const StateReader& store) {
  const absl::StatusOr<std::optional<std::string>> first = store.Get("first");
  EXPECT_TRUE(first.ok()) << first.status();
  if (!first.ok() || !first->has_value()) return -1;
  EXPECT_EQ(**first, **store.Get("last"));
  int64_t next = 0;
  const absl::Status status =
      store.Scan("turn", "u", [&](std::string_view key, std::string_view value) {
        EXPECT_EQ(key, TurnKey(next));
        EXPECT_TRUE(value == TurnValue(next));
        ++next;
        return !testing::Test::HasFailure();
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(std::to_string(next - 1), **first);
  return next - 1;
}

TEST(RocksdbStoreTest, a_kill_leaves_whole_turns_and_all_that_was_flushed) {
  const TemporaryDirectory dir;
  int64_t next = 0;
  for (int round = 0; round < 5; ++round) {
    Said said;
    ChildProcess writer({STORE_CRASH_WRITER, dir / "store", std::to_string(next)});
    for (int i = 0; i < 150 + 333 * round; ++i) {
      const std::optional<std::string> line = writer.ReadLine();
      ASSERT_TRUE(line.has_value());
      said.Take(*line);
    }
    writer.Kill();
    while (const std::optional<std::string> line = writer.ReadLine()) said.Take(*line);
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    ASSERT_NE(store, nullptr);
    const int64_t last = WholeUpTo(*store);
    EXPECT_GE(last, said.flushed);
    // A turn may be committed just before the kill and not be told.
    EXPECT_LE(last, said.committed + 1);
    next = last + 1;
  }
}

TEST(RocksdbStoreTest, a_failing_disk_stops_the_store_and_leaves_whole_turns) {
  const struct {
    const char* failure;
    absl::StatusCode code;
    const char* words;
  } rows[] = {
      {"space:50000", absl::StatusCode::kResourceExhausted, "no room left to write"},
      {"space:456789", absl::StatusCode::kResourceExhausted, "no room left to write"},
      {"sync:20", absl::StatusCode::kDataLoss, "the disk failed"},
      {"sync:41", absl::StatusCode::kDataLoss, "the disk failed"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.failure);
    const TemporaryDirectory dir;
    Said said;
    ChildProcess writer({STORE_CRASH_WRITER, dir / "store", "0", row.failure});
    while (const std::optional<std::string> line = writer.ReadLine()) said.Take(*line);
    EXPECT_EQ(writer.Wait(), 0) << "it ends by itself, not by an abort";
    EXPECT_EQ(said.failed_code, static_cast<int>(row.code)) << said.failed;
    EXPECT_NE(said.failed.find(dir / "store"), std::string::npos) << said.failed;
    EXPECT_NE(said.failed.find(row.words), std::string::npos) << said.failed;
    EXPECT_EQ(said.again_code, said.failed_code);
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    ASSERT_NE(store, nullptr);
    EXPECT_GE(WholeUpTo(*store), said.flushed);
  }
}

TEST(RocksdbStoreTest, a_damaged_table_is_found) {
  const TemporaryDirectory dir;
  {
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    for (int64_t n = 0; n < 200; ++n) ASSERT_TRUE(store->Commit(NumberedTurn(n)).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  std::string largest;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "store")) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) {
      largest = entry.path().string();
    }
  }
  std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(2000);
  const char byte = static_cast<char>(file.get());
  file.seekp(2000);
  file.put(static_cast<char>(byte ^ 1));
  file.close();
  absl::StatusOr<std::unique_ptr<RocksdbStore>> store =
      RocksdbStore::Open(dir / "store", kStoreIdentity);
  const absl::Status status = store.ok() ? StateDigest(**store).status() : store.status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  const std::string message(status.message());
  EXPECT_NE(message.find(std::filesystem::path(largest).filename().string()), std::string::npos)
      << message;
  EXPECT_NE(message.find("it is rebuilt from the log"), std::string::npos) << message;
}

TEST(RocksdbStoreTest, a_missing_table_is_found) {
  const TemporaryDirectory dir;
  {
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  for (const auto& entry : std::filesystem::directory_iterator(dir / "store")) {
    if (entry.path().extension() == ".sst") std::filesystem::remove(entry.path());
  }
  const absl::Status status = RocksdbStore::Open(dir / "store", kStoreIdentity).status();
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
}

// RocksDB would begin an empty store beside the tables, and remove these at the next opening.
TEST(RocksdbStoreTest, a_store_without_current_is_damaged_and_stays_so) {
  const TemporaryDirectory dir;
  {
    const std::unique_ptr<RocksdbStore> store = OpenOk(dir / "store");
    ASSERT_TRUE(store->Commit(NumberedTurn(1)).ok());
    ASSERT_TRUE(store->Flush().ok());
  }
  for (const char* const name : {"/store/CURRENT", "/store/000004.log"}) {
    std::filesystem::remove(dir.path() + name);
  }
  const std::vector<std::string> files = ListFiles(dir.path());
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = RocksdbStore::Open(dir / "store", kStoreIdentity).status();
    EXPECT_TRUE(absl::IsDataLoss(status)) << status;
    EXPECT_NE(std::string(status.message()).find("CURRENT is missing"), std::string::npos)
        << status;
  }
  EXPECT_EQ(ListFiles(dir.path()), files);
}

TEST(RocksdbStoreTest, what_is_no_store_is_refused) {
  const TemporaryDirectory dir;
  std::ofstream(dir / "file") << "x";
  EXPECT_FALSE(RocksdbStore::Open(dir / "file", kStoreIdentity).ok());
}

}  // namespace
}  // namespace escalation
