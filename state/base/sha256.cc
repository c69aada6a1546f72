#include "state/base/sha256.h"

#include <openssl/evp.h>

#include <memory>

#include "state/base/check.h"

namespace escalation {

std::string Sha256(std::initializer_list<std::string_view> parts) {
  // One context a thread: creating one costs more than hashing a decision.
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> owned(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  EVP_MD_CTX* const context = owned.get();
  // Fetched once: EVP_sha256() would be looked up again with each digest.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::string digest(kSha256Bytes, '\0');
  bool ok = context != nullptr && EVP_DigestInit_ex2(context, kAlgorithm, nullptr) == 1;
  for (const std::string_view part : parts) {
    ok = ok && EVP_DigestUpdate(context, part.data(), part.size()) == 1;
  }
  ok = ok &&
       EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1;
  ESCALATION_CHECK(ok, "libcrypto refused SHA-256");
  return digest;
}

std::string ChainHash(std::string_view previous, std::string_view item) {
  char size[8];
  for (int i = 0; i < 8; ++i)
    size[i] = static_cast<char>(static_cast<uint64_t>(item.size()) >> (56 - 8 * i));
  return Sha256({previous, std::string_view(size, sizeof(size)), item});
}

std::string ToHex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

}  // namespace escalation
