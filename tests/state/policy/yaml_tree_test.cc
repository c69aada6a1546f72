#include "state/policy/yaml_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "state/base/text.h"
#include "state/policy/policy_loader.h"

namespace escalation {
namespace {

namespace fs = std::filesystem;

// A folder that is gone after the test.
class YamlFile : public testing::Test {
 protected:
  YamlFile() {
    std::string pattern = testing::TempDir() + "yaml_file_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~YamlFile() override { fs::remove_all(folder_); }

  std::string Path(const std::string& name) const { return Cat(folder_, "/", name); }

  // The message about the file, without its path.
  std::string MessageOf(const std::string& path) const {
    const absl::StatusOr<LoadedPolicy> loaded = LoadPolicyFile(path);
    if (loaded.ok()) return "loads";
    EXPECT_EQ(loaded.status().code(), absl::StatusCode::kInvalidArgument);
    const std::string message(loaded.status().message());
    EXPECT_EQ(message.substr(0, path.size()), path);
    return message.substr(path.size());
  }

  std::string folder_;
};

TEST_F(YamlFile, AMissingFileIsNamed) { EXPECT_EQ(MessageOf(Path("none")), ": no such file"); }

TEST_F(YamlFile, ADirectoryIsRefused) {
  EXPECT_EQ(MessageOf(folder_), ": not a regular file but a directory");
}

TEST_F(YamlFile, AFifoWithoutAWriterDoesNotHang) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(MessageOf(Path("fifo")), ": not a regular file but a FIFO");
}

TEST_F(YamlFile, ASocketIsRefused) {
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_GE(fd, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(Path("socket").size(), sizeof(address.sun_path));
  Path("socket").copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(MessageOf(Path("socket")), ": not a regular file but a socket or FIFO");
  close(fd);
}

TEST_F(YamlFile, ADeviceIsRefused) {
  EXPECT_EQ(MessageOf("/dev/zero"), ": not a regular file but a device");
}

TEST_F(YamlFile, AHundredMegabytesAreNotRead) {
  std::ofstream(Path("large")).close();
  fs::resize_file(Path("large"), 100'000'000);
  EXPECT_EQ(MessageOf(Path("large")), ": too large: 100000000 bytes, at most 1024 KiB");
}

TEST_F(YamlFile, AFileThatHidesItsSizeIsReadOnlyUpToTheLimit) {
  // Files of /proc say that they have no bytes. This one holds text that is not YAML.
  EXPECT_EQ(MessageOf("/proc/self/limits").substr(0, 3), ":1:");
}

TEST_F(YamlFile, OneByteMoreThanTheLimitIsTooLarge) {
  std::ofstream(Path("exact")) << std::string(kYamlBytesMax, '#');
  EXPECT_EQ(MessageOf(Path("exact")), ": the file is empty, expected a map");
  std::ofstream(Path("more")) << std::string(kYamlBytesMax + 1, '#');
  EXPECT_EQ(MessageOf(Path("more")), ": too large: 1048577 bytes, at most 1024 KiB");
}

TEST_F(YamlFile, NulBytesAreRefused) {
  std::ofstream(Path("zeros")) << std::string(4096, '\0');
  EXPECT_EQ(MessageOf(Path("zeros")), ":1:1: control character 0, expected a text file");
}

TEST_F(YamlFile, ALinkToItselfIsRefused) {
  fs::create_symlink(Path("loop"), Path("loop"));
  EXPECT_EQ(MessageOf(Path("loop")), ": cannot open: Too many levels of symbolic links");
}

std::string Repeat(std::string_view piece, size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

// Each of these is as large as a file may be: reading it must end, soon and with a problem.
TEST(YamlText, WhatCouldTakeForeverEnds) {
  const struct {
    const char* claim;
    std::string text;
  } rows[] = {
      {"lists in lists", Repeat("[", kYamlBytesMax)},
      {"maps in maps", Repeat("{a: ", kYamlBytesMax)},
      {"block lists in block lists", Repeat("- ", kYamlBytesMax)},
      {"keys of keys", Repeat("? ", kYamlBytesMax)},
      {"an endless text", Repeat("a", kYamlBytesMax)},
      {"an endless quote", "\"" + Repeat("a ", kYamlBytesMax - 1)},
      {"anchors", "[" + Repeat("&a ", kYamlBytesMax - 2)},
      {"colons", Repeat("a: ", kYamlBytesMax)},
      {"separators", Repeat("---\n", kYamlBytesMax)},
      {"empty keys", Repeat(": ", kYamlBytesMax)},
  };
  for (const auto& row : rows) {
    Problems problems("f");
    const std::optional<YamlNode> root = ReadYamlText(row.text, &problems);
    EXPECT_TRUE(!problems.empty() || root->kind == YamlNode::Kind::kText) << row.claim;
  }
}

// As large as a file may be and wrong everywhere: the check of the whole must end soon, too.
TEST(YamlText, PoliciesThatAreWrongEverywhereAreRefused) {
  const std::string head = "policy: p\nrevision: 1\nseverities: [low]\nplans: {gold: {}}\n";
  std::string unknown = head, escalations = head + "escalations:\n", routes = head + "routes:\n";
  for (int i = 0; unknown.size() < kYamlBytesMax - 32; ++i) CatTo(&unknown, "pla", i, ": x\n");
  for (int i = 0; escalations.size() < kYamlBytesMax - 64; ++i) {
    CatTo(&escalations, "  e", i, ": {steps: [{page: [x]}], then: e", i + 1, "}\n");
  }
  for (int i = 0; routes.size() < kYamlBytesMax - 32; ++i) {
    CatTo(&routes, "  r", i, ": {fallback: q", i, "}\n");
  }
  const auto message_of = [](const std::string& text) {
    return std::string(LoadPolicyText("f", text).status().message());
  };
  EXPECT_NE(message_of(unknown).find("\nf: and "), std::string::npos);
  EXPECT_NE(message_of(escalations).find("\"escalations\" must hold at most 256, got "),
            std::string::npos);
  EXPECT_NE(message_of(routes).find("\"routes\" must hold at most 64, got "), std::string::npos);
}

TEST(YamlText, ManyProblemsAreCutAndCounted) {
  Problems problems("f");
  std::string text;
  for (int i = 0; i < 60; ++i) CatTo(&text, "k", i, ": &a x\n");
  ReadYamlText(text, &problems);
  const std::string message(problems.ToStatus().message());
  EXPECT_EQ(problems.size(), 60u);
  EXPECT_NE(message.find("f:50:"), std::string::npos);
  EXPECT_EQ(message.find("f:51:"), std::string::npos);
  EXPECT_EQ(message.substr(message.rfind('\n')), "\nf: and 10 more");
}

TEST(YamlText, ValuesInMessagesAreEscapedAndCut) {
  EXPECT_EQ(Quoted("a\nb\x1b[31m\"\\"), "\"a\\nb\\x1b[31m\\\"\\\\\"");
  EXPECT_EQ(Quoted(std::string(100, 'x')), "\"" + std::string(60, 'x') + "...\"");
  // 59 letters and a letter of two bytes: it is not cut in half.
  EXPECT_EQ(Quoted(std::string(59, 'x') + "\u00e4\u00e4"), "\"" + std::string(59, 'x') + "...\"");
}

TEST(YamlText, TheNearestNameIsFound) {
  const std::vector<std::string> names = {"office", "night", "l1"};
  EXPECT_EQ(Nearest("offise", names), "office");
  EXPECT_EQ(Nearest("OFFICE", names), "office");
  EXPECT_EQ(Nearest("nihgt", names), "night");
  EXPECT_EQ(Nearest("l2", names), "l1");
  EXPECT_EQ(Nearest("weekend", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(100, 'o'), names), "");
}

}  // namespace
}  // namespace escalation
