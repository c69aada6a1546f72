// daemon/deliver/plain_text.h
//
// Makes untrusted text harmless for pagers, terminals and logs.
//
//   Output      valid UTF-8
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>

namespace escalation {

// Control characters, line ends and marks that change the direction of text become one space; what
// is not UTF-8 becomes U+FFFD; no space at either end.
std::string OneLine(std::string_view text);

// At most bytes_max bytes of valid UTF-8, cut between code points and ending in "..." if cut.
std::string CutText(std::string_view text, size_t bytes_max);

// For HTML, between tags and in quoted attributes; control characters become spaces.
std::string EscapeHtml(std::string_view text);

}  // namespace escalation
