// Runs a fuzz target on files, and on every file of folders: the corpus as a test, with any
// compiler.
//
//   Output      "N inputs"; exit 1: nothing was found to replay
//   Errors      what the target does about them: it aborts

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/list_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

void Replay(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  // Exactly as long as the input, so that a sanitizer sees each byte too far.
  const auto copy = std::make_unique<uint8_t[]>(bytes.size());
  bytes.copy(reinterpret_cast<char*>(copy.get()), bytes.size());
  LLVMFuzzerTestOneInput(copy.get(), bytes.size());
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> paths;
  for (int i = 1; i < count; ++i) {
    if (!std::filesystem::is_directory(arguments[i])) {
      paths.emplace_back(arguments[i]);
      continue;
    }
    const std::vector<std::string> found = escalation::ListFiles(arguments[i]);
    paths.insert(paths.end(), found.begin(), found.end());
  }
  for (const std::string& path : paths) {
    std::fprintf(stderr, "%s\n", path.c_str());  // The last line names what failed.
    Replay(path);
  }
  std::printf("%zu inputs\n", paths.size());
  return paths.empty() ? 1 : 0;
}
