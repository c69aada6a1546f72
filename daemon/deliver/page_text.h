// daemon/deliver/page_text.h
//
// A page as a person reads it at three in the morning: what broke, and the arithmetic behind it.
//
//   Input       a page decision
//   Output      a title of one line, and lines of "Name  value"; valid UTF-8
//   Invariants  text from tickets stays on its line (plain_text.h)
//   Threads     stateless; safe everywhere
#pragma once

#include <string>

#include "daemon/deliver/delivery.h"

namespace escalation {

struct PageText {
  std::string title;
  std::string message;
};

PageText PageTextOf(const Delivery& delivery);

}  // namespace escalation
