// state/partition/overlay.h
//
// The changes of the turn that is being folded, over the committed state: what the fold reads and
// writes through.
//
//   Input       a StateReader, which sees committed turns only
//   Output      the turn's writes, sorted, each key once
//   Invariants  1. a ticket has at most one wake-up, registered after the cursor
//               2. a ticket that is touched many times in a turn is encoded once
//               3. decoded tickets stay in a bounded cache; what it holds never changes what is
//                  folded
//   Errors      the first failed read is kept: the turn MUST be dropped then, since it saw a hole
//   Threads     the folding thread
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "escalation/v1/state.pb.h"
#include "state/base/instant.h"
#include "state/base/wire_writer.h"
#include "state/partition/turn.h"

namespace escalation {

class Overlay {
 public:
  struct TicketSlot {
    std::string tenant;
    std::string ticket_id;
    v1::TicketState state;
    // False: never seen, or forgotten.
    bool exists = false;
    bool dirty = false;
    // When the ticket wants to be folded next; valid while dirty.
    Instant next = Instant::Never();
    // Looked up since it was last thought of for eviction.
    bool recent = true;
  };

  // Borrows `reader`. tickets_max: decoded tickets that are kept between turns.
  Overlay(const StateReader& reader, size_t tickets_max)
      : reader_(reader), tickets_max_(tickets_max) {}

  const StateReader& reader() const { return reader_; }

  std::optional<std::string> Get(const std::string& key);
  // The outbox: `seq` is above all that were appended before. Cheaper than Put.
  void AppendToOutbox(uint64_t seq, std::string value);
  std::optional<std::string> GetFromOutbox(uint64_t seq);
  // Removes `from` up to and with `through`; what came in this turn never reaches the store.
  void TrimOutbox(uint64_t from, uint64_t through);
  void Put(std::string key, std::string value) { writes_[std::move(key)] = std::move(value); }
  void Delete(std::string key) { writes_[std::move(key)] = std::nullopt; }

  // Reads the tickets that are not cached by one sorted MultiGet. Keys as in keys.h.
  void Prefetch(std::vector<std::string> keys);
  // Null: not cached.
  TicketSlot* FindTicket(std::string_view tenant, std::string_view ticket_id);
  // The slot stays where it is until Take.
  TicketSlot& Ticket(std::string_view tenant, std::string_view ticket_id);
  // The same; of a merged ticket, the one that lives on.
  TicketSlot& LivingTicket(std::string_view tenant, std::string_view ticket_id) {
    return LivingTicket(&Ticket(tenant, ticket_id));
  }
  TicketSlot& LivingTicket(TicketSlot* slot);
  void MarkDirty(TicketSlot* slot);
  // From here on, also within this turn, the ticket was never seen.
  void Forget(TicketSlot* slot);
  // How many Take will encode.
  size_t dirty_tickets() const { return dirty_.size(); }

  // The first failed read.
  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status) {
    if (status_.ok() && !status.ok()) status_ = std::move(status);
  }

  // Ends the turn: encodes what changed. `cursor`: wake-ups lie after it.
  std::vector<Write> Take(Instant cursor);

 private:
  struct TicketName {
    std::string_view tenant;
    std::string_view ticket_id;
  };
  // Tickets are found by their names, which stand in the slot itself.
  struct TicketHash {
    using is_transparent = void;
    size_t operator()(const TicketName& name) const;
    size_t operator()(const std::unique_ptr<TicketSlot>& slot) const {
      return (*this)(TicketName{slot->tenant, slot->ticket_id});
    }
  };
  struct TicketEqual {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<TicketSlot>& slot, const TicketName& name) const {
      return slot->ticket_id == name.ticket_id && slot->tenant == name.tenant;
    }
    bool operator()(const std::unique_ptr<TicketSlot>& a,
                    const std::unique_ptr<TicketSlot>& b) const {
      return a == b;
    }
  };

  void Decode(TicketSlot* slot, const std::optional<std::string>& value);
  TicketSlot& Insert(std::string_view tenant, std::string_view ticket_id);
  // The mutes that the ticket waits for.
  void IndexMutes(TicketSlot* slot, std::vector<Write>* writes);
  void WriteTicket(TicketSlot* slot, Instant cursor, std::vector<Write>* writes);
  void AddOutbox(std::vector<Write>* writes);
  void Evict();

  const StateReader& reader_;
  const size_t tickets_max_;
  absl::Status status_;
  absl::flat_hash_map<std::string, std::optional<std::string>> writes_;
  // By seq, without gaps.
  std::deque<std::string> outbox_;
  uint64_t outbox_first_ = 0;
  // What is removed of the committed outbox: from `first` up to and with `last`; 0: nothing.
  struct {
    uint64_t first = 0;
    uint64_t last = 0;
  } trimmed_;
  absl::flat_hash_set<std::unique_ptr<TicketSlot>, TicketHash, TicketEqual> tickets_;
  // In the order in which they are thought of for eviction: one that was looked up since comes
  // again later. Finding a ticket touches nothing but the ticket.
  std::deque<TicketSlot*> evictable_;
  std::vector<TicketSlot*> dirty_;
  WireWriter wire_;
};

}  // namespace escalation
