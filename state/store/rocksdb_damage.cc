#include "state/store/rocksdb_damage.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "rocksdb/options.h"
#include "rocksdb/sst_file_reader.h"
#include "state/base/text.h"

namespace escalation {
namespace {

std::vector<std::filesystem::path> FilesOf(const std::string& dir, const std::string& extension) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    if (entry.path().extension() == extension) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// CURRENT holds the name of the list of tables, and a line feed.
bool CurrentIsWhole(const std::string& dir) {
  std::ifstream file(dir + "/CURRENT", std::ios::binary);
  std::string name((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (name.empty() || name.back() != '\n') return false;
  name.pop_back();
  std::error_code error;
  return name.find_first_of(std::string("/\0", 2)) == std::string::npos &&
         std::filesystem::exists(dir + "/" + name, error);
}

}  // namespace

bool LacksCurrent(const std::string& dir) {
  std::error_code error;
  return !std::filesystem::exists(dir + "/CURRENT", error) && !FilesOf(dir, ".sst").empty();
}

std::string NameDamage(const std::string& dir, const rocksdb::Status& status) {
  const std::string text = status.ToString();
  std::string found;
  if (!CurrentIsWhole(dir)) CatTo(&found, "\n  damaged: CURRENT, which names the list of tables");
  for (const std::filesystem::path& path : FilesOf(dir, ".sst")) {
    rocksdb::SstFileReader reader{rocksdb::Options()};
    const rocksdb::Status opened = reader.Open(path.string());
    if (opened.ok()) continue;
    CatTo(&found, "\n  damaged: ", path.filename().string(), ": ", opened.ToString());
  }
  if (!found.empty() || text.find("MANIFEST-") != std::string::npos ||
      text.find(".sst") != std::string::npos) {
    return found;
  }
  // What is left is read at opening, too.
  std::error_code error;
  for (const std::filesystem::path& path : FilesOf(dir, ".log")) {
    if (std::filesystem::file_size(path, error) == 0) continue;
    CatTo(&found, found.empty() ? "\n  damaged: the write-ahead log " : ", or ",
          path.filename().string());
  }
  return found;
}

}  // namespace escalation
