// daemon/deliver/dispatch_board.h
//
// The deliveries without an outcome, each in the place where it is looked for: what may leave, what
// waits for a moment, what is to be reported. A look costs what it finds, not what there is.
//
//   Input       items; that one of them changed
//   Output      references, good until Remove
//   Invariants  1. operations on one page are ready singly, in order of seq
//               2. an item is in the place that its fields say, from Moved on
//   Time        enters as arguments
//   Errors      none
//   Threads     one at a time
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/deliver/dispatch_item.h"

namespace escalation {

class DispatchBoard {
 public:
  using Turns = std::set<DispatchTurn>;
  struct Ready {
    Turns closings;
    Turns others;
    // What was delivered and is to be renewed.
    Turns renewals;
  };
  using Moments = std::set<std::pair<Instant, DeliveryId>>;

  // Not placed before Moved.
  DispatchItem& Add(DispatchItem item);
  DispatchItem* Find(DeliveryId id);
  void Remove(const DispatchItem& item);

  // MUST follow every change of its stage, not_before, give_up_at, group or unmarked. The rest of
  // its page is placed anew, too.
  void Moved(const DispatchItem& item, Instant now);
  // Several may have changed.
  void AllMoved(Instant now);
  // What waited for a moment until now is placed.
  void Wake(Instant now);

  // By budget group; of the empty one, what no route takes.
  std::map<std::string, Ready>& ready() { return ready_; }
  // Those of which something is to be reported.
  const std::set<DeliveryId>& settled() const { return settled_; }
  // When what waits has failed.
  const Moments& deadlines() const { return deadlines_; }
  // When the next item has waited long enough; Never: none waits for a moment.
  Instant NextMoment() const;

  // All operations on a page; empty: there are none.
  const std::set<DeliveryId>& Page(const std::string& page) const;
  std::map<DeliveryId, DispatchItem>& items() { return items_; }
  const std::map<DeliveryId, DispatchItem>& items() const { return items_; }
  size_t CountIn(DispatchItem::Stage stage) const { return count_[static_cast<size_t>(stage)]; }

 private:
  // Where it was put, by what its fields were then.
  struct Place {
    enum class Kind { kNowhere, kReady, kMoment, kSettled } kind = Kind::kNowhere;
    DispatchItem::Stage stage = DispatchItem::Stage::kWaiting;
    std::string group;
    Turns Ready::*turns = nullptr;
    DispatchTurn turn;
    Instant moment;
    Instant deadline = Instant::Never();
  };

  void Leave(const DispatchItem& item);
  void Enter(const DispatchItem& item, Instant now);
  bool IsHeadOfPage(const DispatchItem& item) const;
  // Nothing else of its page has anything to do.
  bool IsAloneOnPage(const DispatchItem& item) const;
  void EnterAt(Instant moment, const DispatchItem& item, Place* place);
  void EnterReady(const DispatchItem& item, Place* place);

  std::map<DeliveryId, DispatchItem> items_;
  std::map<DeliveryId, Place> places_;
  std::unordered_map<std::string, std::set<DeliveryId>> pages_;
  std::map<std::string, Ready> ready_;
  Moments moments_;
  Moments deadlines_;
  std::set<DeliveryId> settled_;
  std::array<size_t, DispatchItem::kStages> count_{};
};

}  // namespace escalation
