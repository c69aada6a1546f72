#include "daemon/api/api_listeners.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "daemon/api/api_gate.h"
#include "daemon/api/listen_socket.h"
#include "state/base/text.h"
#include "tests/daemon/api/raw_client.h"
#include "tests/support/temporary_directory.h"

namespace escalation {
namespace {

constexpr char kGet[] = "GET /v1/tickets HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n";

class PassedThrough : public HttpHandler {
 public:
  void Handle(HttpRequest, HttpRespond respond) override { respond({}); }
};

// A socket that is connected to the path; -1: nobody listens.
int Connect(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof(where)) == 0) return fd;
  close(fd);
  return -1;
}

std::string AskSocket(const std::string& path) {
  const int fd = Connect(path);
  if (fd < 0) return "nobody listens";
  EXPECT_EQ(send(fd, kGet, std::strlen(kGet), 0), static_cast<ssize_t>(std::strlen(kGet)));
  std::string out;
  char buffer[4096];
  for (ssize_t got; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    out.append(buffer, static_cast<size_t>(got));
  }
  close(fd);
  return out.substr(9, 3);
}

class ApiListenersTest : public testing::Test {
 protected:
  ApiListenersOptions Options() const { return {"127.0.0.1:0", path_}; }

  TemporaryDirectory folder_;
  const std::string path_ = Cat(folder_.path(), "/api.sock");
  PassedThrough handler_;
  ApiGate gate_{{{"reader", Secret("0123456789abcdef0123"), {ApiScope::kRead}}}, &handler_};
};

TEST_F(ApiListenersTest, the_socket_is_its_owners_and_asks_for_no_token) {
  auto listeners = ApiListeners::Start(Options(), &gate_, &handler_);
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  struct stat file {};
  ASSERT_EQ(lstat(path_.c_str(), &file), 0);
  EXPECT_TRUE(S_ISSOCK(file.st_mode));
  EXPECT_EQ(file.st_mode & 07777, 0600u);
  EXPECT_EQ(AskSocket(path_), "200");
  const std::string address = (*listeners)->address();
  RawClient client(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  client.Send(kGet);
  EXPECT_EQ(client.ReadAll().substr(9, 3), "401");
  (*listeners)->Stop(std::chrono::milliseconds(0));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(ApiListenersTest, what_a_process_left_behind_is_replaced) {
  const auto left = OpenListenSocket(Cat(kUnixSocketPrefix, path_));
  ASSERT_TRUE(left.ok()) << left.status();
  // While it lives it keeps the path.
  EXPECT_EQ(ApiListeners::Start(Options(), &gate_, &handler_).status().message(),
            Cat("listen: unix:", path_, ": another process listens there"));
  close(left->fd);
  EXPECT_TRUE(std::filesystem::exists(path_));
  auto listeners = ApiListeners::Start(Options(), &gate_, &handler_);
  ASSERT_TRUE(listeners.ok()) << listeners.status();
  EXPECT_EQ(AskSocket(path_), "200");
}

TEST_F(ApiListenersTest, a_file_that_is_no_socket_stays) {
  std::ofstream(path_) << "mine";
  EXPECT_EQ(ApiListeners::Start(Options(), &gate_, &handler_).status().message(),
            Cat("listen: unix:", path_, ": there is a file that is no socket"));
  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(ApiListenersTest, a_path_that_cannot_be_one_is_refused) {
  ApiListenersOptions options = Options();
  options.socket = std::string(108, 'x');
  EXPECT_TRUE(absl::IsInvalidArgument(ApiListeners::Start(options, &gate_, &handler_).status()));
  options.socket = Cat(folder_.path(), "/none/api.sock");
  EXPECT_TRUE(absl::IsUnavailable(ApiListeners::Start(options, &gate_, &handler_).status()));
}

}  // namespace
}  // namespace escalation
