// Writes a golden archive and its .expected file. It makes histories of today's scenarios, policies
// and zone database, so what it writes now is another history than what it wrote then: golden
// archives are added, not written again.
//
//   golden_write random_SEED|scenarios|clock_changes DIR

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "ops/simulation.h"
#include "state/base/check.h"
#include "state/base/sha256.h"
#include "state/base/text.h"
#include "state/policy/policy_loader.h"
#include "state/store/memory_store.h"
#include "tests/golden/golden.h"
#include "tests/scenarios/world.h"

namespace escalation::golden {
namespace {

namespace fs = std::filesystem;

constexpr int kRandomRecords = 400;
constexpr Instant kBegin{1'772'450'000'000};  // 2026-03-02

void MustBeOk(const absl::Status& status) { ESCALATION_CHECK(status.ok(), status.ToString()); }

// Offsets by place; append times may not decrease.
std::vector<FoldRecord> Numbered(std::vector<FoldRecord> records) {
  for (size_t i = 0; i < records.size(); ++i) {
    records[i].offset = Offset{static_cast<int64_t>(i)};
  }
  return records;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Pages are known by keys that begin with the tenant, and by seqs that are others here.
void MoveTo(const std::string& tenant, v1::Event* event) {
  const auto moved = [&](const std::string& key) {
    return key.rfind("default/", 0) == 0 ? tenant + key.substr(7) : key;
  };
  if (event->tenant() == "default") event->set_tenant(tenant);
  if (event->has_policy_published()) {
    event->mutable_policy_published()->mutable_policy()->set_tenant(tenant);
  } else if (event->has_page_outcome()) {
    event->mutable_page_outcome()->set_key(moved(event->page_outcome().key()));
    event->mutable_page_outcome()->clear_decision_seq();
  } else if (event->has_page_acknowledged()) {
    event->mutable_page_acknowledged()->set_key(moved(event->page_acknowledged().key()));
  } else if (event->has_page_resolved()) {
    event->mutable_page_resolved()->set_key(moved(event->page_resolved().key()));
  } else if (!event->page_requested_manually().key().empty()) {
    event->mutable_page_requested_manually()->set_key(
        moved(event->page_requested_manually().key()));
  }
}

// Every scenario as a tenant of its own, all in one partition and in the order of their times.
std::vector<FoldRecord> ScenarioRecords() {
  const fs::path root = ESCALATION_SOURCE_DIR "/tests/scenarios";
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.path().extension() == ".txt" && entry.path().parent_path() != root) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<FoldRecord> records;
  for (const fs::path& file : files) {
    const auto blocks = scenarios::ParseScript(ReadFile(file));
    MustBeOk(blocks.status());
    scenarios::World world(scenarios::StoreKind::kMemory, "");
    for (const scenarios::Block& block : *blocks) {
      for (const scenarios::Command& command : block.commands) world.Run(command);
    }
    const std::string tenant = file.stem().string().substr(0, kTenantBytesMax);
    for (FoldRecord record : world.records()) {
      // Thousands of alike tickets say no more than a few.
      if (world.records().size() > 200) break;
      MoveTo(tenant, &record.event);
      records.push_back(std::move(record));
    }
  }
  std::stable_sort(records.begin(), records.end(), [](const FoldRecord& a, const FoldRecord& b) {
    return a.appended < b.appended;
  });
  return Numbered(std::move(records));
}

// Two years of tickets under calendars of zones that change their clocks, each answered late or in
// time.
std::vector<FoldRecord> ClockChangeRecords() {
  const auto loaded = LoadPolicyFile(ESCALATION_SOURCE_DIR "/tests/golden/clock_changes.yaml");
  MustBeOk(loaded.status());
  MemoryStore store;
  Simulation simulation(&store, {.forget_records = false});
  MustBeOk(simulation.Restart());
  v1::Event event;
  event.set_tenant("default");
  *event.mutable_calendars_published()->mutable_calendars() = loaded->calendars;
  simulation.Append(event, kBegin);
  *event.mutable_policy_published()->mutable_policy() = loaded->policy;
  simulation.Append(event, kBegin);
  Instant now = kBegin;
  for (int n = 0; n < 260; ++n) {
    now = now + Duration::Minutes(4'000 + n * 7 % 400);
    MustBeOk(simulation.AdvanceTo(now, Simulation::Edge::kBefore));
    v1::Event opened;
    opened.set_tenant("default");
    opened.set_ticket_id(Cat("T-", n));
    opened.mutable_actor()->set_kind(v1::Actor::CUSTOMER);
    opened.mutable_opened()->set_plan(loaded->policy.plans(n % loaded->policy.plans_size()).name());
    simulation.Append(opened, now);
    v1::Event reply;
    reply.set_tenant("default");
    reply.set_ticket_id(Cat("T-", n - n % 3));
    reply.mutable_actor()->set_kind(v1::Actor::AGENT);
    reply.mutable_message_added()->set_visibility(v1::MessageAdded::PUBLIC);
    simulation.Append(reply, now + Duration::Minutes(n * 37 % 900));
    MustBeOk(simulation.Fold());
    now = simulation.now();
  }
  return {simulation.records().begin(), simulation.records().end()};
}

std::vector<FoldRecord> RecordsOf(const std::string& history) {
  if (history == "scenarios") return ScenarioRecords();
  if (history == "clock_changes") return ClockChangeRecords();
  if (history.rfind("random_", 0) == 0) {
    return RandomRecords(std::strtoull(history.c_str() + 7, nullptr, 10), kRandomRecords);
  }
  return {};
}

int Run(const std::string& history, const std::string& dir) {
  const std::vector<FoldRecord> records = RecordsOf(history);
  if (records.empty()) {
    std::fprintf(stderr, "golden_write: no history of the name %s\n", history.c_str());
    return 2;
  }
  // As if drawn: part of every decision's id.
  const std::string incarnation = ToHex(Sha256({"golden ", history})).substr(0, 32);
  const auto folded = Write(dir, records, incarnation);
  if (!folded.ok()) {
    std::fprintf(stderr, "golden_write: %s\n", folded.status().ToString().c_str());
    return 1;
  }
  std::ofstream(dir + ".expected") << Summary(*folded) << "semantics " << kSemanticsVersion << "\n";
  std::printf("%s", Summary(*folded).c_str());
  return 0;
}

}  // namespace
}  // namespace escalation::golden

int main(int count, char** arguments) {
  if (count == 3) return escalation::golden::Run(arguments[1], arguments[2]);
  std::fprintf(stderr, "golden_write random_SEED|scenarios|clock_changes DIR\n");
  return 2;
}
