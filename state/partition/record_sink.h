// state/partition/record_sink.h
//
// Decisions of the record that is being folded: gives them their ids, places and causes, and books
// them in the outbox.
//
//   Output      outbox entries and pending deliveries in the overlay; the decisions of the turn
//   Invariants  1. id, seq and chain hash follow from the log alone
//               2. a decision is complete before it is booked: the next Add or Book books it
//               3. one Decision is filled in again and again, in memory of its own that is used
//                  again, too: they are many, and making each anew costs more than deciding it
//   Threads     the folding thread
#pragma once

#include <google/protobuf/arena.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "escalation/v1/decision.pb.h"
#include "escalation/v1/state.pb.h"
#include "state/base/ids.h"
#include "state/base/instant.h"
#include "state/base/wire_writer.h"
#include "state/partition/overlay.h"
#include "state/ticket/decision_sink.h"

namespace escalation {

// What one turn decided.
struct DecidedTurn {
  // Serialized, in order of seq.
  std::vector<std::string> decisions;
  // Those that somebody outside has to do something about.
  std::vector<v1::Decision> notices;
  // Kind of each decision.
  std::vector<v1::Decision::BodyCase> bodies;
};

class RecordSink : public DecisionSink {
 public:
  // `id_prefix`: "incarnation/partition/".
  RecordSink(std::string id_prefix, v1::PartitionState* state, Overlay* overlay);

  // The record whose decisions come next. `index`: of its first decision; above 0 in a later chunk.
  void BeginRecord(int64_t offset, Instant appended, std::string_view event_id, int index);
  // Whom the next decisions are about.
  void About(std::string_view tenant, std::string_view ticket_id, int64_t policy_revision);

  v1::Decision& Add(Instant at, Instant due, std::string_view rule) override;

  // Books the decision that was added last. MUST be called after each record.
  void Book();
  int next_index() const { return index_; }
  // Of the present record.
  int64_t offset() const { return decision_->cause().offset(); }

  // Which record's decisions come next.
  struct Place {
    int64_t offset = 0;
    Instant appended;
    std::string event_id;
    int index = 0;
  };
  Place place();
  void Return(const Place& place) {
    BeginRecord(place.offset, place.appended, place.event_id, place.index);
  }

  // Booked since the last Take.
  size_t decided_bytes() const { return decided_bytes_; }
  // Hands over what was booked since the last call.
  DecidedTurn Take();

 private:
  // Gives back what the decisions so far have taken, once it is much.
  void Tidy();

  const std::string id_prefix_;
  v1::PartitionState& state_;
  Overlay& overlay_;
  std::string id_;  // "incarnation/partition/offset/", of the present record.
  int index_ = 0;
  bool open_ = false;  // *decision_ is not booked yet.
  const std::unique_ptr<char[]> memory_;
  google::protobuf::Arena arena_;
  v1::Decision* decision_;
  WireWriter wire_;
  DecidedTurn decided_;
  size_t decided_bytes_ = 0;
};

}  // namespace escalation
