#include "state/ticket/announce.h"

#include <iterator>
#include <set>
#include <string>

#include "state/ticket/facts.h"

namespace escalation {
namespace {

using v1::Announcement;

// By occasion.
constexpr const char* kWords[] = {"",         "customer_message", "agent_message", "status",
                                  "severity", "opened",           "level"};
static_assert(std::size(kWords) == Announcement::Occasion_ARRAYSIZE);

uint32_t OccasionsOf(const v1::Event& event, const FactChange& change) {
  uint32_t occasions = change.occasions;
  if (event.message_added().visibility() == v1::MessageAdded::PUBLIC) {
    const v1::Actor::Kind kind = event.actor().kind();
    if (kind == v1::Actor::CUSTOMER) occasions |= 1u << Announcement::CUSTOMER_MESSAGE;
    if (kind == v1::Actor::AGENT || kind == v1::Actor::BOT) {
      occasions |= 1u << Announcement::AGENT_MESSAGE;
    }
  }
  return occasions;
}

bool IsOn(const Announcement& announcement, Announcement::Occasion occasion) {
  for (const int on : announcement.on()) {
    if (on == occasion) return true;
  }
  return false;
}

const std::string& ChannelOf(const CompiledPolicy& policy, const v1::AccountState* account) {
  static const auto& kEmail = *new std::string("email");
  if (account != nullptr && !account->facts().preferred_channel().empty()) {
    return account->facts().preferred_channel();
  }
  return policy.policy().default_channel().empty() ? kEmail : policy.policy().default_channel();
}

}  // namespace

void Announce(const CompiledPolicy& policy, const v1::AccountState* account, const v1::Event& event,
              const FactChange& change, const v1::TicketFacts& facts, Instant at,
              DecisionSink* sink) {
  const uint32_t occasions = OccasionsOf(event, change);
  for (int i = Announcement::Occasion_MIN + 1; i <= Announcement::Occasion_MAX; ++i) {
    if ((occasions >> i & 1) == 0) continue;
    const auto occasion = static_cast<Announcement::Occasion>(i);
    const std::string* rule = nullptr;
    std::set<std::string> people;
    for (const Announcement& announcement : policy.policy().announcements()) {
      if (!IsOn(announcement, occasion)) continue;
      if (announcement.has_when() && !Matches(announcement.when(), facts, account)) continue;
      if (rule == nullptr) rule = &announcement.path();
      if (announcement.requester()) people.insert(facts.requester());
      if (announcement.participants()) {
        people.insert(facts.participants().begin(), facts.participants().end());
      }
      if (announcement.followers() && account != nullptr) {
        people.insert(account->followers().begin(), account->followers().end());
      }
    }
    people.erase("");
    people.erase(event.actor().id());
    if (people.empty()) continue;
    v1::Notify* const notify = sink->Add(at, Instant::Never(), *rule).mutable_notify();
    for (const std::string& person : people) notify->add_to(person);
    notify->set_channel(ChannelOf(policy, account));
    notify->set_reason(kWords[occasion]);
  }
}

}  // namespace escalation
