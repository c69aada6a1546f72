// daemon/deliver/page_text.h
//
// A page as a person reads it at three in the morning: what broke, and the arithmetic behind it.
// The same content for every provider, each of which brings it into its own best form.
//
//   Input       a page decision
//   Output      a title of one line; lines of a name and a value; links; valid UTF-8
//   Invariants  1. text from tickets stays on its line (plain_text.h)
//               2. links are http or https, so a provider may make buttons of them
//   Threads     stateless; safe everywhere
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/deliver/delivery.h"

namespace escalation {

struct PageLine {
  std::string name;
  std::string value;
};

struct PageText {
  std::string title;
  // Names are words of ours, each at most once: Ticket, Used, Due, Why, Next, Late ...
  std::vector<PageLine> lines;
  // Named by the policy. At most kPageLinksMax.
  std::vector<PageLine> links;
  // All of it as lines of "Name      value".
  std::string message;

  // Empty: there is no such line.
  std::string_view Line(std::string_view name) const;
};

inline constexpr size_t kPageLinksMax = 10;

PageText PageTextOf(const Delivery& delivery);

// A name as a field of JSON or a label: "Held back" is held_back.
std::string FieldName(std::string_view name);

// The key itself if a provider takes that many bytes, else its short form (state/ticket/page.h):
// the same for every operation on the page, no other page's, and known to the fold. bytes_max MUST
// be at least kShortPageKeyBytesMax.
std::string KeyWithin(const std::string& key, size_t bytes_max);

}  // namespace escalation
