#include "daemon/source/source_position.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "escalation/v1/event.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"

namespace escalation {
namespace {

constexpr size_t kFingerprintDigits = 16;
constexpr size_t kReadBytesMax = size_t{4} << 20;
// Records looked at in the first step backwards; each further one takes twice as many.
constexpr int64_t kFirstStep = 10'000;

template <typename Int>
bool ParseNumber(std::string_view text, Int* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

// The rest of `text` after `prefix`, up to `end`; both are taken from it.
std::optional<std::string_view> TakeField(std::string_view* text, std::string_view prefix,
                                          char end) {
  if (!text->starts_with(prefix)) return std::nullopt;
  text->remove_prefix(prefix.size());
  const size_t length = std::min(text->find(end), text->size());
  const std::string_view field = text->substr(0, length);
  text->remove_prefix(std::min(length + 1, text->size()));
  return field;
}

// The commit counts unless the log knows more, or it is none of ours.
std::optional<PositionNote> NoteOf(const KnownPosition& known) {
  if (!known.committed) return std::nullopt;
  std::optional<PositionNote> note = ParsePositionNote(known.committed->note);
  if (!note || !known.folded) return note;
  if (known.folded->generation != note->generation) {
    return known.folded->generation > note->generation ? std::nullopt : note;
  }
  // Read further than the commit knows of, without a message that could tell it from another.
  if (note->last < 0 && known.folded->offset >= known.committed->offset) return std::nullopt;
  return note;
}

// Where reading goes on if it is the partition that was read before.
int64_t NextOf(const KnownPosition& known, const std::optional<PositionNote>& note) {
  // The message at the folded place may have events of which the log has only the first.
  return note ? known.committed->offset : known.folded->offset;
}

}  // namespace

std::string ToText(const PositionNote& note) {
  return Cat("g=", note.generation, ";o=", note.last, ";f=", note.fingerprint);
}

std::optional<PositionNote> ParsePositionNote(std::string_view text) {
  PositionNote note;
  const auto generation = TakeField(&text, "g=", ';');
  if (!generation || !ParseNumber(*generation, &note.generation)) return std::nullopt;
  const auto last = TakeField(&text, "o=", ';');
  if (!last || !ParseNumber(*last, &note.last)) return std::nullopt;
  const auto fingerprint = TakeField(&text, "f=", ';');
  if (!fingerprint || !text.empty()) return std::nullopt;
  note.fingerprint = std::string(*fingerprint);
  const size_t digits = note.last < 0 ? 0 : kFingerprintDigits;
  if (note.generation < 1 || note.last < -1 || note.fingerprint.size() != digits) {
    return std::nullopt;
  }
  return note;
}

std::string GenerationName(std::string_view topic, int generation) {
  return Cat(topic, '#', generation);
}

SourceHistory::SourceHistory(const StateReader* state, const Log* log, Partition partition,
                             std::string tenant, std::string source)
    : state_(*state),
      log_(*log),
      partition_(partition),
      tenant_(std::move(tenant)),
      source_(std::move(source)) {}

absl::StatusOr<std::optional<FoldedPosition>> SourceHistory::Highest(
    const StreamPartition& partition) const {
  // Of generation "" all; the key is taken apart by building it again.
  const std::string first = keys::SourcePosition(tenant_, source_, "", 0);
  const std::string prefix = first.substr(0, first.size() - 5);
  std::optional<FoldedPosition> highest;
  absl::Status damaged;
  const absl::Status scanned = state_.Scan(
      prefix, keys::PrefixEnd(prefix), [&](std::string_view key, std::string_view value) {
        std::string_view rest = key.substr(prefix.size());
        const std::string_view name = rest.substr(0, rest.find('\0'));
        const size_t hash = name.rfind('#');
        int generation = 0;
        if (hash == std::string_view::npos || name.substr(0, hash) != partition.topic ||
            !ParseNumber(name.substr(hash + 1), &generation) ||
            key != keys::SourcePosition(tenant_, source_, name, partition.partition) ||
            (highest && highest->generation > generation)) {
          return true;
        }
        v1::SourcePosition seen;
        if (!seen.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
          damaged = absl::DataLossError(
              Cat("position of source ", source_, " of tenant ", tenant_, " cannot be decoded"));
          return false;
        }
        highest = FoldedPosition{generation, seen.offset()};
        return true;
      });
  if (!scanned.ok()) return scanned;
  if (!damaged.ok()) return damaged;
  return highest;
}

absl::StatusOr<std::vector<std::string>> SourceHistory::EventIds(
    const StreamPartition& partition, const FoldedPosition& position) const {
  const std::string generation = GenerationName(partition.topic, position.generation);
  const absl::StatusOr<Offset> begin = log_.Begin(partition_);
  if (!begin.ok()) return begin.status();
  const absl::StatusOr<Offset> end = log_.End(partition_);
  if (!end.ok()) return end.status();
  std::map<int32_t, std::string> ids;
  int64_t step = kFirstStep;
  v1::Event event;
  for (Offset to = *end; to > *begin && ids.empty(); step *= 2) {
    const Offset from{std::max(begin->value, to.value - step)};
    for (Offset at = from; at < to;) {
      const absl::StatusOr<RecordBatch> batch = log_.Read(partition_, at, kReadBytesMax);
      if (!batch.ok()) return batch.status();
      if (batch->records.empty()) break;
      for (const Record& record : batch->records) {
        at = record.offset + 1;
        if (!event.ParseFromString(record.value)) continue;
        const v1::Origin& origin = event.origin();
        if (event.tenant() == tenant_ && origin.source() == source_ &&
            origin.generation() == generation && origin.partition() == partition.partition &&
            origin.offset() == position.offset && origin.positioned()) {
          ids.emplace(origin.index(), event.id());
        }
      }
    }
    to = from;
  }
  std::vector<std::string> out;
  for (auto& [index, id] : ids) out.push_back(std::move(id));
  return out;
}

Witness WitnessOf(const KnownPosition& known) {
  const std::optional<PositionNote> note = NoteOf(known);
  const StreamExtent& extent = known.extent;
  if (!note && !known.folded) return {};
  if (note && note->last < 0) return {};
  const int64_t offset = note ? note->last : known.folded->offset;
  // Resolve tells without looking.
  if (offset < extent.begin || offset >= extent.end) return {};
  return {note ? Witness::By::kFingerprint : Witness::By::kEvents, offset};
}

ResolvedPosition Resolve(const KnownPosition& known, Evidence evidence) {
  const std::optional<PositionNote> note = NoteOf(known);
  ResolvedPosition resolved;
  resolved.offset = known.extent.begin;
  if (!note && !known.folded) {
    resolved.first = true;
    return resolved;
  }
  const int generation = note ? note->generation : known.folded->generation;
  const int64_t next = NextOf(known, note);
  // The folded place itself was read.
  const int64_t unread = note ? next : next + 1;
  if (unread > known.extent.end || evidence == Evidence::kOther) {
    resolved.generation = generation + 1;
    resolved.note.generation = generation + 1;
    resolved.recreated = true;
    return resolved;
  }
  resolved.generation = generation;
  resolved.note = note ? *note : PositionNote{generation, -1, ""};
  resolved.offset = std::max(next, known.extent.begin);
  if (known.extent.begin > unread) {
    resolved.missed_from = unread;
    resolved.missed_to = known.extent.begin;
  }
  return resolved;
}

}  // namespace escalation
