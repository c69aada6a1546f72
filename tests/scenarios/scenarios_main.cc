// Runs every scenario file as a test of its own, on each kind of store.
//
//   scenario_tests [--rewrite] [--gtest_filter=...]
//
// --rewrite: puts what was printed in the place of what was expected, on the store in memory. Read
// the difference.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "state/base/text.h"
#include "tests/scenarios/script.h"
#include "tests/scenarios/world.h"

namespace escalation::scenarios {
namespace {

namespace fs = std::filesystem;

bool rewrite = false;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

class ScenarioTest : public testing::Test {
 public:
  ScenarioTest(fs::path path, StoreKind kind) : path_(std::move(path)), kind_(kind) {}

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "escalation-scenario-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr) << std::strerror(errno);
    dir_ = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(dir_, ignored);
  }

  void TestBody() override {
    absl::StatusOr<std::vector<Block>> blocks = ParseScript(ReadFile(path_));
    if (!blocks.ok()) {
      ADD_FAILURE_AT(path_.c_str(), 1) << blocks.status().message();
      return;
    }
    World world(kind_, dir_.string());
    for (Block& block : *blocks) RunBlock(&world, &block);
    if (const std::string difference = world.CompareWithRefold(); !difference.empty()) {
      ADD_FAILURE_AT(path_.c_str(), 1) << "the same log folds differently: " << difference;
    }
    if (rewrite) std::ofstream(path_, std::ios::binary) << WriteScript(*blocks);
  }

 private:
  void RunBlock(World* world, Block* block) {
    if (block->commands.empty()) return;
    std::string printed;
    for (const Command& command : block->commands) printed += world->Run(command);
    printed += world->EndBlock();
    if (printed.empty()) printed = "(nothing)\n";
    if (rewrite) {
      block->expected = printed;
    } else if (printed != block->expected) {
      ADD_FAILURE_AT(path_.c_str(), block->expected_line)
          << block->commands.back().text << "\nexpected:\n"
          << block->expected << "printed:\n"
          << printed;
    }
  }

  const fs::path path_;
  const StoreKind kind_;
  fs::path dir_;
};

void Register(const fs::path& root) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    const bool scenario = entry.path().extension() == ".txt" && entry.path().parent_path() != root;
    if (scenario) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string name = fs::relative(file, root).replace_extension().string();
    for (const StoreKind kind : {StoreKind::kMemory, StoreKind::kRocksdb}) {
      if (rewrite && kind != StoreKind::kMemory) continue;
      const char* const suite = kind == StoreKind::kMemory ? "Scenarios" : "ScenariosOnRocksdb";
      testing::RegisterTest(
          suite, name.c_str(), nullptr, nullptr, file.c_str(), 1,
          [file, kind]() -> testing::Test* { return new ScenarioTest(file, kind); });
    }
  }
}

}  // namespace
}  // namespace escalation::scenarios

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rewrite") == 0) escalation::scenarios::rewrite = true;
  }
  escalation::scenarios::Register(ESCALATION_SOURCE_DIR "/tests/scenarios");
  return RUN_ALL_TESTS();
}
