#include "state/ticket/intake.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "state/base/text.h"
#include "state/ticket/facts.h"

namespace escalation {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsSameAddress(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// Null: it is not in the list.
const std::string* FindAddress(const WordList& list, std::string_view address) {
  const auto found = std::find_if(list.begin(), list.end(), [&](const std::string& known) {
    return IsSameAddress(known, address);
  });
  return found == list.end() ? nullptr : &*found;
}

std::vector<std::string> SplitAddresses(const WordList& people) {
  std::vector<std::string> addresses;
  for (const std::string& text : people) {
    size_t begin = text.find_first_not_of(kSpaces);
    while (begin != std::string::npos) {
      const size_t end = std::min(text.find_first_of(kSpaces, begin), text.size());
      addresses.push_back(text.substr(begin, end - begin));
      begin = text.find_first_not_of(kSpaces, end);
    }
  }
  return addresses;
}

bool HasWhatIsAsked(const v1::Opened& opened, const v1::TicketFacts& facts,
                    const std::string& name) {
  if (name == "subject") return !opened.subject().empty();
  if (name == "severity") return !opened.severity().empty();
  if (name == "product") return !opened.product().empty();
  if (name == "reason") return !opened.reason().empty();
  if (name == "description") return opened.description_length() > 0;
  return !FieldValue(facts, name).empty();
}

void CheckRequired(const v1::Intake& intake, const v1::Opened& opened, const v1::TicketFacts& facts,
                   FactChange* change) {
  std::string missing;
  for (const std::string& name : intake.required()) {
    if (!HasWhatIsAsked(opened, facts, name)) AddToText(name, &missing);
  }
  if (!missing.empty()) AddFlag("intake_incomplete", missing, "intake.requires", change);
}

void CheckChannel(const v1::Plan& plan, const v1::AccountState* account, const std::string& channel,
                  FactChange* change) {
  if (plan.channels().empty() || channel.empty()) return;
  std::string why = Cat(channel, " is not part of plan ", plan.name());
  for (const v1::PlanChannel& part : plan.channels()) {
    if (part.name() != channel) continue;
    if (part.entitlement().empty()) return;
    if (account != nullptr && Holds(account->facts().entitlements(), part.entitlement())) return;
    why = Cat(channel, " needs the entitlement ", part.entitlement());
  }
  AddFlag("channel_not_entitled", why, plan.path(), change);
}

void CheckContact(const v1::AccountState* account, const v1::Actor& actor, v1::TicketFacts* facts,
                  FactChange* change) {
  if (actor.kind() == v1::Actor::AGENT) return;
  if (account == nullptr || account->facts().contacts().empty()) return;
  const std::string& person = facts->requester().empty() ? actor.id() : facts->requester();
  if (FindAddress(account->facts().contacts(), person) != nullptr) return;
  AddFlag("contact_not_authorized",
          Cat("\"", person, "\" is no contact of account ", facts->account()), "intake.contacts",
          change);
  // Where an agent is at work already, somebody has seen it.
  if (facts->engaged_ms() == 0) facts->set_contact_unconfirmed(true);
}

}  // namespace

void CheckIntake(const CompiledPolicy& policy, const CompiledPlan* plan,
                 const v1::AccountState* account, const v1::Actor& actor, const v1::Opened& opened,
                 v1::TicketFacts* facts, FactChange* change) {
  if (plan != nullptr && plan->plan->no_tickets()) return;
  const v1::Intake& intake = policy.policy().intake();
  CheckRequired(intake, opened, *facts, change);
  if (plan != nullptr) CheckChannel(*plan->plan, account, opened.channel(), change);
  if (intake.authorized_contacts()) CheckContact(account, actor, facts, change);
}

void AddParticipants(const CompiledPolicy& policy, const v1::AccountState* account,
                     const WordList& people, v1::TicketFacts* facts, FactChange* change) {
  if (!policy.policy().intake().known_participants()) return ImportParticipants(people, facts);
  std::vector<std::string> rejected;
  for (const std::string& address : SplitAddresses(people)) {
    const std::string* const login =
        account == nullptr ? nullptr : FindAddress(account->facts().logins(), address);
    if (login != nullptr) {
      // As the account spells it, so that nobody is there twice.
      AddSorted(facts->mutable_participants(), *login);
    } else if (std::find(rejected.begin(), rejected.end(), address) == rejected.end()) {
      rejected.push_back(address);
      v1::Decision& note = change->notes.emplace_back();
      note.mutable_cause()->set_rule("intake.participants");
      note.mutable_participant_rejected()->set_address(address);
    }
  }
}

void ImportParticipants(const WordList& people, v1::TicketFacts* facts) {
  for (const std::string& address : SplitAddresses(people)) {
    AddSorted(facts->mutable_participants(), address);
  }
}

void RemoveParticipants(const WordList& people, v1::TicketFacts* facts) {
  for (const std::string& address : SplitAddresses(people)) {
    const std::string* const present = FindAddress(facts->participants(), address);
    if (present != nullptr) RemoveWord(facts->mutable_participants(), std::string(*present));
  }
}

bool ConfirmsContact(const v1::Event& event, const FactChange& change) {
  if (event.actor().kind() != v1::Actor::AGENT) return false;
  switch (event.body_case()) {
    case v1::Event::kMessageAdded:
      return event.message_added().visibility() == v1::MessageAdded::PUBLIC;
    case v1::Event::kAssigned:
      return !event.assigned().assignee().empty() || !event.assigned().group().empty();
    case v1::Event::kFieldsChanged:
      return true;
    case v1::Event::kSeverityChanged:
      return (change.facts & Bit(v1::Metric::SEVERITY_SET)) != 0;
    case v1::Event::kHandoverRequested:
      return (change.facts & Bit(v1::Metric::HANDOVER_ACCEPTED)) != 0;
    default:
      return false;
  }
}

}  // namespace escalation
