// daemon/source/source_reader.h
//
// Reads one source into the log: all its partitions, each in order, and says up to when.
//
//   Input       a stream of messages; the log; the fold's view of what came before
//   Output      events in the log; dead letters; marks; positions committed beside the source
//   Invariants  1. of a partition, the log gets the events of every message in order of offset; a
//                  message is done once its events are durable in the log, or its letter is
//               2. a position is committed only below the lowest message that is not done
//               3. a mark says T only once everything is done that the source held when it was
//                  asked after T, or that its own clock dated before T; never while a partition's
//                  position or a topic is unknown
//               4. at most two batches are in memory, whatever is away
//   Time        marks are dated by `now`; nothing else depends on it
//   Errors      of Step: nothing was lost, and the same call goes on. A log or a store of letters
//               that is full or away, a broker that does not answer: the reader waits
//   Threads     Run, Step, Hold and Finish by one thread; Stop and Status from any
//
// Why no gap can arise, also while two readers read one source. A reader begins at or below the
// first message that is not done (source_position.h), and hands the log one batch after the other,
// each only when the one before is durable; a batch's events go into the log in order. So whatever
// a reader has put at some offset, everything of that partition below it stands in the log before
// it: put by this reader, or durable before this reader began. The fold keeps the highest (offset,
// index) of a partition and generation, so of two readers that interleave each event counts where
// it stands first, and what it drops stands further up already.
//
// What holds time back. Hold appends a mark that promises nothing new, so that a source counts as
// alive from the moment that somebody reads it; while messages are read it is repeated. What waited
// in the source is then folded before anything fires that it may answer. A source that cannot be
// read gets no marks and, after its policy's `hold`, no longer holds anything back.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "daemon/log/dead_letters.h"
#include "daemon/log/log.h"
#include "daemon/source/append_flight.h"
#include "daemon/source/event_intake.h"
#include "daemon/source/message_stream.h"
#include "daemon/source/source_position.h"
#include "daemon/source/source_status.h"

namespace escalation {

// Where a source is read from the first time.
enum class SourceStart { kBeginning, kLatest };

struct SourceReaderOptions {
  Partition partition;
  SourceStart start = SourceStart::kBeginning;
  Duration mark_every = Duration::Seconds(1);
  Duration commit_every = Duration::Seconds(1);
  // All positions are committed again, so that the group is not forgotten.
  Duration renew_every = Duration::Hours(1);
  // New topics and partitions are looked for.
  Duration discover_every = Duration::Seconds(30);
  size_t batch_messages_max = 2'000;
  size_t batch_bytes_max = size_t{4} << 20;
};

// For the daemon's log.
struct SourceNotice {
  enum class Level { kInfo, kWarning, kError } level = Level::kInfo;
  std::string text;
};

class SourceReader {
 public:
  struct World {
    MessageStream* stream = nullptr;
    const EventIntake* intake = nullptr;
    Log* log = nullptr;
    DeadLetters* letters = nullptr;
    // Of the committed state, and where it was folded from.
    const StateReader* state = nullptr;
    std::function<Instant()> now;
    std::function<void(const SourceNotice&)> tell;
  };
  SourceReader(SourceReaderOptions options, World world);

  // Appends the mark that holds time back; does not wait for it.
  absl::Status Hold();
  // Steps until Stop, with pauses after errors; then Finish.
  void Run();
  void Stop();
  // One round: reads, hands over, marks, commits; waits for messages at most `wait`.
  absl::Status Step(Duration wait);
  // Gives what is under way a moment to become durable, and commits what is.
  void Finish();

  SourceStatus Status() const;

 private:
  // One partition of the source.
  struct Cursor {
    // Its position was found once.
    bool resolved = false;
    // The partition may be another by now: it must be known again before more is read of it.
    bool suspect = false;
    PositionNote note;
    // Everything below is done.
    int64_t next = 0;
    int64_t committed = -1;
    // Of the latest message that is done; Past(): none, or not the broker's.
    Instant stamped = Instant::Past();
  };
  // What a batch makes of a cursor once it is done.
  struct Progress {
    int64_t next = 0;
    // The latest message before `next`; null: none was read.
    std::shared_ptr<const SourceMessage> last;
    Instant stamped = Instant::Past();
  };
  using Progresses = std::map<StreamPartition, Progress>;
  // What a mark waits for.
  struct Question {
    Instant asked;
    std::map<StreamPartition, int64_t> ends;
  };

  absl::Status Discover();
  absl::Status ResolveAll();
  absl::Status ResolveOne(const StreamPartition& id, const KnownPosition& known,
                          const SourceHistory& history);
  absl::StatusOr<Evidence> Look(const StreamPartition& id, const KnownPosition& known,
                                const SourceHistory& history);
  absl::Status ReportGap(const StreamPartition& id, const ResolvedPosition& resolved);
  absl::Status Fill(Duration wait);
  void Keep(MessageStream::Polled polled);
  absl::Status Take(const StreamedMessage& streamed);
  absl::Status Land(Duration timeout);
  absl::Status Relaunch();
  absl::StatusOr<std::optional<FlightItem>> Again(AppendFlight::Failed failed);
  void Fly(std::vector<FlightItem> items);
  void Launch();
  void Settle(const Progresses& progress);
  absl::Status Mark();
  absl::Status AskForMark();
  Instant ThroughOfBacklog(const Question& question) const;
  void AppendMark(Instant through, std::shared_ptr<absl::Status> fate);
  absl::Status Commit(bool all);
  absl::Status PutLetter(v1::DeadLetter letter);
  void Tell(SourceNotice::Level level, std::string text) const;
  v1::Origin OriginOf(const SourceMessage& message) const;
  bool IsFlying() const { return flight_ != nullptr || !failed_.empty(); }
  bool IsIdle() const;
  // Of the partitions that are there, each is known to be the one that it was.
  bool IsKnown() const;
  bool IsGone(const StreamPartition& id) const;
  void SuspectAll();
  // Every topic is there, and every partition's position is known.
  bool IsWhole() const;

  const SourceReaderOptions options_;
  const World world_;

  std::map<StreamPartition, Cursor> cursors_;
  std::vector<std::string> missing_topics_;
  bool discovered_ = false;
  bool assigned_ = false;
  // Polled, and not decoded yet.
  std::deque<StreamedMessage> waiting_;
  std::map<StreamPartition, int64_t> waiting_ends_;
  // Decoded, and not handed to the log yet; and what is done then.
  std::vector<FlightItem> filled_;
  Progresses filled_progress_;
  // Handed to the log; and what could not be handed over again yet.
  std::shared_ptr<AppendFlight> flight_;
  std::vector<AppendFlight::Failed> failed_;
  Progresses flying_;
  std::optional<Question> question_;
  // Since the latest mark: its time has come again; something was read.
  bool mark_due_ = false;
  bool moved_ = false;
  Instant next_discovery_ = Instant::Past();
  Instant next_mark_ = Instant::Past();
  Instant next_commit_ = Instant::Past();
  Instant next_renewal_ = Instant::Past();

  // Shared with the log's threads, which may outlive the reader.
  struct Shared;
  const std::shared_ptr<Shared> shared_;
};

}  // namespace escalation
