// daemon/source/slack_buttons.h
//
// The buttons of our messages in Slack by their action ids: what is sent with a page's key as
// value, and comes back when somebody presses one. DO NOT CHANGE: messages outlive the process.
//
//   Threads     constants
#pragma once

namespace escalation {

inline constexpr char kSlackAcknowledge[] = "escalation_acknowledge";
inline constexpr char kSlackResolve[] = "escalation_resolve";

}  // namespace escalation
