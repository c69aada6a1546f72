// state/base/sha256.h
//
// SHA-256 for running hashes and content hashes. The digest is part of what is stored and
// published: DO NOT CHANGE.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace escalation {

inline constexpr size_t kSha256Bytes = 32;

// 32 raw bytes of the digest over the parts in order.
std::string Sha256(std::initializer_list<std::string_view> parts);

// The next link of a hash chain: Sha256(previous, u64be(size of item), item). `previous` empty: the
// chain begins.
std::string ChainHash(std::string_view previous, std::string_view item);

// Lower-case hexadecimal.
std::string ToHex(std::string_view bytes);

}  // namespace escalation
