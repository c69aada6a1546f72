#include "tests/scenarios/world.h"

#include <filesystem>

#include "daemon/source/event_json.h"
#include "escalation/v1/state.pb.h"
#include "state/base/text.h"
#include "state/partition/keys.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"
#include "state/store/rocksdb_store.h"
#include "tests/scenarios/crashing_store.h"

namespace escalation::scenarios {
namespace {

constexpr char kIncarnation[] = "5ce9a510";
// Log time of what stands before the first time of a scenario.
constexpr Instant kStart = Instant::Seconds(1'767'225'600);  // 2026-01-01T00:00:00Z

absl::StatusOr<std::unique_ptr<Store>> OpenRocksdb(const std::string& dir) {
  RocksdbStoreOptions options;
  options.block_cache_bytes = 1 << 20;
  const StoreIdentity identity{"memory", "", "", kIncarnation, Partition{0}};
  absl::StatusOr<std::unique_ptr<RocksdbStore>> store = RocksdbStore::Open(dir, identity, options);
  if (!store.ok()) return store.status();
  return absl::StatusOr<std::unique_ptr<Store>>(*std::move(store));
}

// Everything but the identity, which only a store on disk has.
std::map<std::string, std::string> ContentOf(const StateReader& state) {
  std::map<std::string, std::string> content;
  const absl::Status status = state.Scan("", std::string(8, '\xff'), [&](auto key, auto value) {
    if (key != keys::Identity()) content.emplace(key, value);
    return true;
  });
  if (!status.ok()) content.emplace("", status.ToString());
  return content;
}

}  // namespace

World::World(StoreKind kind, std::string dir) : kind_(kind), dir_(std::move(dir)) {
  std::unique_ptr<Store> store = std::make_unique<MemoryStore>();
  if (kind_ == StoreKind::kRocksdb) {
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenRocksdb(dir_ + "/0");
    if (opened.ok()) {
      store = *std::move(opened);
    } else {
      CatTo(&out_, "error: ", opened.status().ToString(), "\n");
    }
  }
  store_ = std::make_unique<CrashingStore>(std::move(store));
  Simulation::Options options;
  options.incarnation = kIncarnation;
  options.forget_records = false;
  simulation_ = std::make_unique<Simulation>(store_.get(), options);
  if (absl::Status status = simulation_->Restart(); !status.ok()) {
    CatTo(&out_, "error: ", status.ToString(), "\n");
  }
  simulation_->set_now(kStart);
  times_.set_latest(Instant::Past());
}

World::~World() = default;

std::string World::Run(const Command& command) {
  absl::StatusOr<Words> words = SplitWords(command.text);
  if (command.text.rfind("json ", 0) == 0) words = Words{"json"};
  absl::Status status = words.status();
  if (status.ok()) {
    const auto handler = Handlers().find(words->empty() ? "" : words->front());
    shown_now_ = Instant::Past();
    status = handler == Handlers().end()
                 ? absl::InvalidArgumentError(Cat("there is no command \"", command.text, "\""))
                 : (this->*handler->second)(*words, command);
  }
  Print();
  if (!status.ok()) {
    CatTo(&out_, "error: ", std::string_view(status.message().data(), status.message().size()),
          "\n");
  }
  return std::exchange(out_, "");
}

std::string World::EndBlock() {
  const absl::Status status = FoldRest();
  Print();
  if (!status.ok()) CatTo(&out_, "error: ", status.ToString(), "\n");
  if (quiet_) CatTo(&out_, quiet_count_, " decisions\n");
  quiet_ = false;
  quiet_count_ = 0;
  return std::exchange(out_, "");
}

absl::Status World::AfterFold(absl::Status status) {
  if (store_->crashed()) {
    down_ = true;
    return absl::OkStatus();
  }
  return status;
}

absl::Status World::FoldRest() {
  if (down_) return absl::OkStatus();
  return AfterFold(simulation_->Fold());
}

absl::Status World::Take(v1::Event event, Instant occurred, Instant appended) {
  if (event.tenant().empty() && !event.has_tick()) event.set_tenant("default");
  if (occurred != Instant::Past() && !event.has_occurred_at()) {
    ToProto(occurred, event.mutable_occurred_at());
  }
  if (event.id().empty() && !event.origin().positioned()) event.set_id(Cat("e", next_id_));
  ++next_id_;
  simulation_->Append(std::move(event), appended);
  if (batch_ > 1) return absl::OkStatus();
  return FoldRest();
}

void World::Redact(v1::Event* event) const {
  if (redactor_.has_value()) redactor_->RedactEvent(event);
}

absl::Status World::TakeOwn(v1::Event event) {
  shown_now_ = simulation_->now();
  return Take(std::move(event), Instant::Past(), simulation_->now());
}

// What was decided is read where a publisher reads it: in the committed outbox.
void World::Print() {
  std::vector<v1::Decision> decisions;
  const absl::Status status =
      store_->Scan(keys::Outbox(0), keys::Outbox(~uint64_t{0}), [&](auto, auto value) {
        v1::OutboxEntry entry;
        v1::Decision decision;
        if (!entry.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
            !decision.ParseFromString(entry.decision())) {
          out_ += "error: the outbox cannot be read\n";
          return false;
        }
        decisions.push_back(std::move(decision));
        return true;
      });
  if (!status.ok()) CatTo(&out_, "error: ", status.ToString(), "\n");
  for (v1::Decision& decision : decisions) {
    const uint64_t seq = decision.seq();
    if (seq <= history_.size()) {
      if (history_[seq - 1].SerializeAsString() != decision.SerializeAsString()) {
        CatTo(&out_, "error: decided otherwise than before: ", DecisionText(decision), "\n");
      }
      continue;
    }
    if (seq != history_.size() + 1) CatTo(&out_, "error: decision ", seq, " comes too early\n");
    ++quiet_count_;
    if (!quiet_) {
      const DecisionTextOptions options{times_.offset_s(), shown_now_};
      CatTo(&out_, json_ ? ToJson(decision) : DecisionText(decision, options), "\n");
    }
    history_.push_back(std::move(decision));
  }
}

absl::Status World::Restart(const Words&, const Command&) {
  const bool crashed = down_ || store_->crashed();
  store_->Revive();
  if (kind_ == StoreKind::kRocksdb) {
    // A crash leaves the files as they are; what was only in memory is gone.
    namespace fs = std::filesystem;
    std::error_code error;
    const int generation = static_cast<int>(std::distance(fs::directory_iterator(dir_, error), {}));
    const std::string old_dir = Cat(dir_, "/", generation - 1);
    std::string new_dir = old_dir;
    if (crashed) {
      new_dir = Cat(dir_, "/", generation);
      fs::copy(old_dir, new_dir, fs::copy_options::recursive, error);
      if (error) return absl::InternalError(error.message());
    }
    simulation_->Close();
    store_->Release().reset();
    absl::StatusOr<std::unique_ptr<Store>> opened = OpenRocksdb(new_dir);
    if (!opened.ok()) return opened.status();
    store_->Attach(*std::move(opened));
  }
  down_ = false;
  return AfterFold(simulation_->Restart());
}

absl::Status World::Publish(const std::string& text, v1::PolicyPublished::Apply apply,
                            bool policy) {
  absl::StatusOr<LoadedPolicy> loaded =
      LoadPolicyText(ESCALATION_SOURCE_DIR "/deploy/policies/inline.yaml", text);
  if (!loaded.ok()) return loaded.status();
  if (loaded->calendars.calendars_size() > 0 || loaded->calendars.zones_size() > 0) {
    v1::Event event;
    event.set_tenant(loaded->policy.tenant());
    *event.mutable_calendars_published()->mutable_calendars() = std::move(loaded->calendars);
    calendars_revision_ = event.calendars_published().calendars().revision();
    if (absl::Status status = TakeOwn(std::move(event)); !status.ok()) return status;
  }
  if (!policy) return absl::OkStatus();
  absl::StatusOr<Redactor> redactor = Redactor::Create(loaded->policy.redaction());
  if (!redactor.ok()) return redactor.status();
  redactor_ = *std::move(redactor);
  v1::Event event;
  event.set_tenant(loaded->policy.tenant());
  *event.mutable_policy_published()->mutable_policy() = std::move(loaded->policy);
  event.mutable_policy_published()->set_apply(apply);
  return TakeOwn(std::move(event));
}

std::string World::FoldedDifferently(size_t batch) {
  MemoryStore store;
  Simulation::Options options;
  options.incarnation = kIncarnation;
  options.batch = batch;
  Simulation again(&store, options);
  absl::Status status = again.Restart();
  for (const FoldRecord& record : simulation_->records()) {
    again.Append(record.event, record.appended);
  }
  if (status.ok()) status = again.Fold();
  if (!status.ok()) return Cat("folding again fails: ", status.ToString());
  const std::vector<v1::Decision> decisions = again.TakeDecisions();
  for (size_t i = 0; i < std::max(decisions.size(), history_.size()); ++i) {
    const bool both = i < decisions.size() && i < history_.size();
    if (both && decisions[i].SerializeAsString() == history_[i].SerializeAsString()) continue;
    const std::string was = i < history_.size() ? DecisionText(history_[i]) : "nothing";
    const std::string is = i < decisions.size() ? DecisionText(decisions[i]) : "nothing";
    return Cat("in batches of ", batch, ", decision ", i + 1, " is ", is, ", was ", was);
  }
  if (ContentOf(store) != ContentOf(*store_)) return Cat("in batches of ", batch, ": other state");
  return "";
}

std::string World::CompareWithRefold() {
  absl::Status status = absl::OkStatus();
  if (down_) status = Restart({}, {});
  if (status.ok()) status = simulation_->Fold();
  Print();
  if (!status.ok()) return status.ToString();
  for (const size_t batch : {size_t{1}, size_t{3}, size_t{100'000}}) {
    if (std::string difference = FoldedDifferently(batch); !difference.empty()) return difference;
  }
  return "";
}

}  // namespace escalation::scenarios
