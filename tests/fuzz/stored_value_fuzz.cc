// One stored value of a rich partition is changed, cut or replaced by anything: opening and folding
// go on, or end with kDataLoss, or the store seems to be of another format. RocksDB's checksums
// keep such values away; this is what stands behind them.

#include <google/protobuf/stubs/logging.h>

#include "state/base/check.h"
#include "state/base/text.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/folding.h"
#include "tests/state/partition/random_history.h"

using namespace escalation;

namespace {

struct World {
  std::unique_ptr<MemoryStore> store;
  std::vector<std::pair<std::string, std::string>> entries;
  // What is folded after the change.
  std::vector<FoldRecord> records;
};

const World& Rich() {
  static const World* const world = [] {
    auto* const made = new World;
    testing::RandomHistory history(5);
    Folding folding;
    ESCALATION_CHECK(folding.Open().ok(), "");
    for (int i = 0; i < 150; ++i) {
      const FoldRecord record = history.Next();
      ESCALATION_CHECK(folding.Fold(std::span(&record, 1)).ok(), "");
      history.Saw(folding.decisions());
    }
    for (int i = 0; i < 12; ++i) made->records.push_back(history.Next());
    made->store = folding.store().Clone();
    const absl::Status status =
        made->store->Scan("", "\xff", [&](std::string_view key, std::string_view value) {
          if (!value.empty()) made->entries.emplace_back(key, value);
          return true;
        });
    ESCALATION_CHECK(status.ok(), status.ToString());
    return made;
  }();
  return *world;
}

std::string Changed(std::string value, ByteSource* source) {
  switch (source->Below(4)) {
    case 0:
      return std::string(source->Rest());
    case 1:
      value.resize(source->Below(value.size()));
      return value;
    case 2: {  // A piece in the place of another.
      const size_t at = source->Below(value.size());
      const size_t cut = source->Below(16);
      return value.replace(at, cut, source->Rest());
    }
    default:
      while (!source->empty()) {
        value[source->Below(value.size())] ^= static_cast<char>(source->Byte());
      }
      return value;
  }
}

void MustBeDataLoss(const absl::Status& status) {
  ESCALATION_CHECK(absl::IsDataLoss(status), status.ToString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);  // Text that is not UTF-8 is nothing to tell.
  ByteSource source(data, size);
  const auto& [key, value] = Rich().entries[source.Below(Rich().entries.size())];
  Turn turn;
  turn.writes.push_back({key, Changed(value, &source)});
  Folding folding(Rich().store->Clone());
  ESCALATION_CHECK(folding.store().Commit(turn).ok(), "");
  if (const absl::Status status = folding.Open(); !status.ok()) {
    // The number may be that of a format to come.
    const bool other_format = status.message().find("format version") != absl::string_view::npos;
    if (!absl::IsFailedPrecondition(status) || !other_format) MustBeDataLoss(status);
    return 0;
  }
  // Records from where the changed store says that it stands.
  std::vector<FoldRecord> records = Rich().records;
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].offset = folding.fold().position() + static_cast<int64_t>(i);
  }
  if (const absl::Status status = folding.Fold(records); !status.ok()) MustBeDataLoss(status);
  return 0;
}
