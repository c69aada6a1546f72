#include "daemon/log/archive_merge.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "daemon/log/archive_log.h"
#include "state/base/text.h"

namespace escalation {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;
constexpr size_t kReadDecisions = 1'000;

struct Source {
  std::string dir;
  std::unique_ptr<Log> log;
};

// The records of a partition of one archive, one by one.
class Records {
 public:
  using Entry = Record;
  static constexpr char kName[] = "record";
  static uint64_t NumberOf(const Record& record) {
    return static_cast<uint64_t>(record.offset.value);
  }
  static bool AreSame(const Record& a, const Record& b) {
    return a.offset == b.offset && a.appended == b.appended && a.value == b.value;
  }
  static absl::Status Append(ArchiveWriter& writer, Partition partition, const Record& record) {
    return writer.Append(partition, record);
  }

  static absl::StatusOr<std::vector<Record>> Read(const Log& log, Partition partition,
                                                  std::optional<uint64_t> from) {
    const absl::StatusOr<Offset> begin = log.Begin(partition);
    if (!begin.ok()) return begin.status();
    const absl::StatusOr<Offset> end = log.End(partition);
    if (!end.ok()) return end.status();
    const Offset next = from ? Offset{static_cast<int64_t>(*from)} : *begin;
    if (next >= *end) return std::vector<Record>();
    absl::StatusOr<RecordBatch> batch = log.Read(partition, next, kReadBytes);
    if (!batch.ok()) return batch.status();
    return std::move(batch->records);
  }
};

// The same of decisions.
class Decisions {
 public:
  using Entry = PublishedDecision;
  static constexpr char kName[] = "decision";
  static uint64_t NumberOf(const PublishedDecision& decision) { return decision.seq; }
  static bool AreSame(const PublishedDecision& a, const PublishedDecision& b) {
    return a.seq == b.seq && a.id == b.id && a.value == b.value;
  }
  static absl::Status Append(ArchiveWriter& writer, Partition partition,
                             const PublishedDecision& decision) {
    return writer.AppendDecision(partition, decision);
  }

  static absl::StatusOr<std::vector<PublishedDecision>> Read(const Log& log, Partition partition,
                                                             std::optional<uint64_t> from) {
    return log.ReadDecisions(partition, from.value_or(1), kReadDecisions);
  }
};

template <typename Stream>
class Cursor {
 public:
  Cursor(const Source& source, Partition partition) : source_(&source), partition_(partition) {}

  // Null: the end.
  absl::StatusOr<const typename Stream::Entry*> Peek() {
    if (at_ == entries_.size() && !ended_) {
      auto read = Stream::Read(*source_->log, partition_, next_);
      if (!read.ok()) return read.status();
      entries_ = *std::move(read);
      at_ = 0;
      ended_ = entries_.empty();
      if (!ended_) next_ = Stream::NumberOf(entries_.back()) + 1;
    }
    return ended_ ? nullptr : &entries_[at_];
  }
  void Take() { ++at_; }
  const Source& source() const { return *source_; }

 private:
  const Source* source_;
  Partition partition_;
  std::optional<uint64_t> next_;
  std::vector<typename Stream::Entry> entries_;
  size_t at_ = 0;
  bool ended_ = false;
};

// One stream of one partition. The cursor with the lowest number leads; the others that hold the
// same number must hold the same entry.
template <typename Stream>
absl::Status MergeStream(const std::vector<Source>& sources, Partition partition,
                         ArchiveWriter* writer) {
  std::vector<Cursor<Stream>> cursors;
  for (const Source& source : sources) cursors.emplace_back(source, partition);
  // Of the entry before.
  std::vector<const Source*> covering;
  uint64_t last_number = 0;
  while (true) {
    const typename Stream::Entry* first = nullptr;
    const Source* holder = nullptr;
    bool continues = false;
    for (Cursor<Stream>& cursor : cursors) {
      const auto entry = cursor.Peek();
      if (!entry.ok()) return entry.status();
      if (*entry == nullptr) continue;
      if (first == nullptr || Stream::NumberOf(**entry) < Stream::NumberOf(*first)) {
        first = *entry;
        holder = &cursor.source();
      }
    }
    if (first == nullptr) return absl::OkStatus();
    const typename Stream::Entry chosen = *first;
    const uint64_t number = Stream::NumberOf(chosen);
    std::vector<const Source*> holders;
    for (Cursor<Stream>& cursor : cursors) {
      const auto entry = cursor.Peek();
      if (!entry.ok()) return entry.status();
      if (*entry == nullptr || Stream::NumberOf(**entry) != number) continue;
      if (!Stream::AreSame(**entry, chosen)) {
        return absl::DataLossError(Cat("partition ", partition, ", ", Stream::kName, " ", number,
                                       ": ", holder->dir, " and ", cursor.source().dir,
                                       " hold different ones"));
      }
      continues = continues || std::ranges::count(covering, &cursor.source()) > 0;
      holders.push_back(&cursor.source());
      cursor.Take();
    }
    // An archive itself has no gaps but those of its log; between two there must be none.
    if (!covering.empty() && !continues && number != last_number + 1) {
      return absl::FailedPreconditionError(
          Cat("partition ", partition, ": the ", Stream::kName, "s from ", last_number + 1,
              " up to before ", number, " are in none of the archives: ", covering.back()->dir,
              " ends before them, ", holder->dir, " begins after them"));
    }
    covering = std::move(holders);
    last_number = number;
    if (absl::Status status = Stream::Append(*writer, partition, chosen); !status.ok()) {
      return status;
    }
  }
}

absl::StatusOr<std::vector<Source>> OpenAll(const std::vector<std::string>& dirs) {
  std::vector<Source> sources;
  for (const std::string& dir : dirs) {
    absl::StatusOr<std::unique_ptr<Log>> log = OpenArchiveLog(dir);
    if (!log.ok()) return log.status();
    sources.push_back({dir, *std::move(log)});
    const Source& first = sources.front();
    const Source& added = sources.back();
    if (first.log->identity() == added.log->identity() &&
        first.log->partitions() == added.log->partitions()) {
      continue;
    }
    return absl::FailedPreconditionError(Cat(
        added.dir, " is of the ", added.log->identity().kind, " log ",
        added.log->identity().incarnation, ", ", first.dir, " of the ", first.log->identity().kind,
        " log ", first.log->identity().incarnation, ": only archives of one log can be merged"));
  }
  return sources;
}

}  // namespace

absl::Status MergeArchives(const std::vector<std::string>& dirs, const std::string& out,
                           const ArchiveOptions& options) {
  if (dirs.size() < 2) return absl::InvalidArgumentError("at least two archives are needed");
  const absl::StatusOr<std::vector<Source>> sources = OpenAll(dirs);
  if (!sources.ok()) return sources.status();
  const Log& log = *sources->front().log;
  auto writer = ArchiveWriter::Create(out, log.identity(), log.partitions(), options);
  if (!writer.ok()) return writer.status();
  for (int32_t i = 0; i < log.partitions(); ++i) {
    absl::Status status = MergeStream<Records>(*sources, Partition{i}, writer->get());
    if (status.ok()) status = MergeStream<Decisions>(*sources, Partition{i}, writer->get());
    if (!status.ok()) return status;
  }
  return (*writer)->Close();
}

}  // namespace escalation
