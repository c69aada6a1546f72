#include "tests/simulation/judge.h"

#include <algorithm>
#include <optional>
#include <set>

#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/partition/decision_text.h"
#include "state/partition/partition.h"
#include "state/store/memory_store.h"
#include "tests/simulation/decided_clocks.h"

namespace escalation::simulation {
namespace {

// Bounds what a broken run prints.
constexpr size_t kProblemsMax = 20;

// "tenant/ticket/escalation/cycle" of a page key.
std::string RunOf(const std::string& key) { return key.substr(0, key.rfind('/')); }
// Of the last part, "generation" or "generation@route".
std::string GenerationOf(const std::string& key) {
  const std::string last = key.substr(key.rfind('/') + 1);
  return last.substr(0, last.find('@'));
}
int64_t OffsetOf(const v1::Decision& decision) { return decision.cause().offset(); }

class Court {
 public:
  Court(const Evidence& evidence, uint64_t seed) : evidence_(evidence), random_(seed) {}

  std::vector<std::string> Judge() {
    problems_ = evidence_.problems;
    if (Replay()) {
      CheckStream();
      CheckClocks();
      CheckRequests();
      CheckAcknowledged();
    }
    for (const auto& [page, since] : evidence_.open_pages) {
      Blame("5 closed: ", page.second, " at ", page.first, " is open since ", since,
            " though every ticket is closed");
    }
    return problems_;
  }

 private:
  template <typename... Pieces>
  void Blame(const Pieces&... pieces) {
    if (problems_.size() < kProblemsMax) problems_.push_back(Cat("rule ", pieces...));
  }

  // The whole log from zero, on a fresh store, in other batches.
  bool Replay() {
    MemoryStore store;
    auto fold = PartitionFold::Open(store, {Partition{0}, "simulation", 50});
    if (!fold.ok()) return false;
    std::vector<FoldRecord> records;
    for (const Record& record : evidence_.records) {
      FoldRecord& next = records.emplace_back();
      next.offset = record.offset;
      next.appended = record.appended;
      if (!next.event.ParseFromString(record.value)) Blame("6 replay: unreadable record");
    }
    std::span<const FoldRecord> rest = records;
    while (!rest.empty()) {
      const auto batch = rest.first(std::min<size_t>(rest.size(), 1 + random_.Below(200)));
      const absl::Status status = (*fold)->FoldAll(
          batch, [&](const FoldResult& result) { return store.Commit(result.turn); });
      if (!status.ok()) {
        Blame("6 replay: ", std::string(status.message()));
        return false;
      }
      rest = rest.subspan(batch.size());
    }
    // The outbox is trimmed; what was decided stands in the stream, and in the chain over it.
    chain_ = (*fold)->decisions_hash();
    seq_ = (*fold)->seq();
    const auto digest = StateDigest(store);
    if (!digest.ok()) return false;
    if (!evidence_.state_digest.empty() && *digest != evidence_.state_digest) {
      Blame("6 replay: the state differs from the live one");
    }
    return true;
  }

  void CheckStream() {
    std::string chain;
    std::set<std::string> ids, page_keys;
    for (const PublishedDecision& published : evidence_.published) {
      v1::Decision& decision = decisions_.emplace_back();
      if (!decision.ParseFromString(published.value)) Blame("2 stream: an unreadable decision");
      if (decision.seq() != decisions_.size() || published.seq != decisions_.size()) {
        Blame("2 stream: ", published.id, " has seq ", published.seq, ", expected ",
              decisions_.size());
      }
      if (!ids.insert(decision.id()).second) Blame("2 stream: ", decision.id(), " is there twice");
      if (decision.has_page_requested() &&
          !page_keys.insert(decision.page_requested().key()).second) {
        Blame("2 stream: page ", decision.page_requested().key(), " was requested twice");
      }
      chain = ChainHash(chain, published.value);
    }
    if (decisions_.size() != seq_) {
      Blame("1 lost: ", decisions_.size(), " decisions were published, the log says ", seq_);
    } else if (chain != chain_) {
      Blame("6 replay: the published decisions are not those that the log says");
    }
    for (const v1::Decision& decision : decisions_) by_id_[decision.id()] = &decision;
  }

  void CheckClocks() {
    auto model = ReferenceModel::Make(evidence_.policy, evidence_.calendars);
    if (!model.ok()) return Blame("1 clocks: ", std::string(model.status().message()));
    for (const Record& record : evidence_.records) {
      v1::Event event;
      if (event.ParseFromString(record.value)) model->Add(record.appended, event);
    }
    DecidedClocks decided(&*model);
    for (const v1::Decision& decision : decisions_) decided.Add(decision);
    for (const std::string& difference : decided.Differences()) Blame("1 clocks: ", difference);
  }

  // By the clock of the source whose record it is.
  Instant WrittenAt(int64_t offset) const {
    if (offset >= static_cast<int64_t>(evidence_.records.size())) return Instant::Past();
    v1::Event event;
    event.ParseFromString(evidence_.records[static_cast<size_t>(offset)].value);
    return event.has_origin() ? FromProto(event.written_at()) : Instant::Past();
  }

  void CheckRequests() {
    // Page key -> where in the log its close was decided, where its acknowledgement.
    std::map<std::string, int64_t> closed, acknowledged;
    for (const v1::Decision& decision : decisions_) {
      if (decision.has_page_closed()) {
        closed.try_emplace(decision.page_closed().key(), OffsetOf(decision));
      }
      if (decision.has_page_acknowledged()) {
        const std::string& key = decision.page_acknowledged().key();
        acknowledged.try_emplace(Cat(RunOf(key), "/", GenerationOf(key)), OffsetOf(decision));
      }
    }
    // Route and key of what a provider took: sent again it wakes nobody anew.
    std::set<std::pair<std::string, std::string>> taken;
    for (const PagerCall& call : evidence_.calls) {
      const auto found = by_id_.find(call.decision_id);
      if (found == by_id_.end()) {
        Blame("2 twice: a request for ", call.key, " by ", call.decision_id, ", never decided");
        continue;
      }
      const v1::Decision& decision = *found->second;
      if (call.committed_seq < decision.seq()) {
        Blame("3 early: ", call.process, " sent ", call.key, " before its turn was committed");
      }
      if (call.operation != v1::PageOutcome::TRIGGER) continue;
      const Instant known = std::max(call.log_time, WrittenAt(OffsetOf(decision)));
      if (FromProto(decision.at()) > known) {
        Blame("3 early: ", call.process, " sent ", call.key, " at ", known, ", it was due at ",
              FromProto(decision.at()));
      }
      if (decision.page_requested().key() != call.key) {
        Blame("2 twice: page ", decision.page_requested().key(), " was sent as ", call.key);
      }
      const auto answered = [&](const std::map<std::string, int64_t>& where,
                                const std::string& what) {
        const auto at = where.find(what);
        return at != where.end() && at->second > OffsetOf(decision) &&
               at->second < call.handed_over.value;
      };
      if (answered(closed, call.key)) {
        Blame("4 answered: ", call.process, " was handed ", call.key, " (offset ",
              OffsetOf(decision), ") with the log up to ", call.handed_over, ", which closes it");
      }
      const bool again = taken.contains({call.route, call.key});
      if (call.accepted) taken.insert({call.route, call.key});
      if (!again && answered(acknowledged, Cat(RunOf(call.key), "/", GenerationOf(call.key)))) {
        Blame("4 answered: ", call.process, " was handed ", call.key, " (offset ",
              OffsetOf(decision), ") with the log up to ", call.handed_over,
              ", which acknowledges it");
      }
    }
  }

  // Between an acknowledgement and the run's next step nobody is paged for the run.
  void CheckAcknowledged() {
    std::set<std::string> acknowledged;
    for (const v1::Decision& decision : decisions_) {
      const auto run = [&](const std::string& escalation, int cycle) {
        return Cat(decision.tenant(), "/", decision.ticket_id(), "/", escalation, "/", cycle);
      };
      if (decision.has_page_acknowledged()) {
        acknowledged.insert(RunOf(decision.page_acknowledged().key()));
      } else if (decision.has_escalation_stepped()) {
        const v1::EscalationStepped& stepped = decision.escalation_stepped();
        acknowledged.erase(run(stepped.escalation(), stepped.cycle()));
      } else if (decision.has_page_requested() &&
                 acknowledged.contains(RunOf(decision.page_requested().key()))) {
        Blame("4 answered: ", DecisionText(decision),
              " was decided though its run is acknowledged");
      }
    }
  }

  const Evidence& evidence_;
  Random random_;
  std::vector<std::string> problems_;
  std::vector<v1::Decision> decisions_;
  std::map<std::string, const v1::Decision*> by_id_;
  std::string chain_;
  uint64_t seq_ = 0;
};

}  // namespace

std::vector<std::string> Judge(const Evidence& evidence, uint64_t seed) {
  return Court(evidence, seed).Judge();
}

}  // namespace escalation::simulation
