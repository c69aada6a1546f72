#include "daemon/deliver/private_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace escalation {
namespace {

struct Range4 {
  uint32_t first;
  int bits;
};

constexpr uint32_t Ip(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

// IANA's special-purpose registry: everything that is not globally reachable.
constexpr std::array<Range4, 15> kPrivate4 = {{
    {Ip(0, 0, 0, 0), 8},
    {Ip(10, 0, 0, 0), 8},
    {Ip(100, 64, 0, 0), 10},
    {Ip(127, 0, 0, 0), 8},
    {Ip(169, 254, 0, 0), 16},
    {Ip(172, 16, 0, 0), 12},
    {Ip(192, 0, 0, 0), 24},
    {Ip(192, 0, 2, 0), 24},
    {Ip(192, 88, 99, 0), 24},
    {Ip(192, 168, 0, 0), 16},
    {Ip(198, 18, 0, 0), 15},
    {Ip(198, 51, 100, 0), 24},
    {Ip(203, 0, 113, 0), 24},
    {Ip(224, 0, 0, 0), 4},
    {Ip(240, 0, 0, 0), 4},
}};

bool IsPrivate4(uint32_t ip) {
  for (const Range4& range : kPrivate4) {
    if ((ip ^ range.first) >> (32 - range.bits) == 0) return true;
  }
  return false;
}

uint32_t Word(const uint8_t* bytes) { return Ip(bytes[0], bytes[1], bytes[2], bytes[3]); }

bool IsPrivate6(const uint8_t* b) {
  // Global unicast is 2000::/3; embedded IPv4 addresses are looked at on their own.
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  static constexpr uint8_t kNat64[12] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
  if (std::memcmp(b, kMapped, 12) == 0 || std::memcmp(b, kNat64, 12) == 0) {
    return IsPrivate4(Word(b + 12));
  }
  if (b[0] == 0x20 && b[1] == 0x02) return IsPrivate4(Word(b + 2));  // 6to4.
  if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0x0D && b[3] == 0xB8) return true;
  if (b[0] == 0x20 && b[1] == 0x01 && (b[2] & 0xFE) == 0) return true;  // Teredo and benchmarks.
  return (b[0] & 0xE0) != 0x20;
}

}  // namespace

bool IsPrivateAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return IsPrivate4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    return IsPrivate6(v6.sin6_addr.s6_addr);
  }
  return true;
}

}  // namespace escalation
