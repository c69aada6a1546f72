#include <algorithm>

#include "state/ticket/facts.h"

namespace escalation {
namespace {

template <typename List>
bool Contains(const List& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// An empty list matches everything.
template <typename Wanted, typename Present>
bool AnyOf(const Wanted& wanted, const Present& present) {
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const std::string& value) { return Contains(present, value); });
}

template <typename Wanted>
bool OneOf(const Wanted& wanted, const std::string& present) {
  return wanted.empty() || Contains(wanted, present);
}

}  // namespace

bool Matches(const v1::Matcher& matcher, const v1::TicketFacts& facts,
             const v1::AccountState* account) {
  static const v1::AccountChanged kUnknown;
  const v1::AccountChanged& known = account != nullptr ? account->facts() : kUnknown;
  const auto entitled = [&](const std::string& name) {
    return Contains(known.entitlements(), name);
  };
  // A ticket without a topic may still turn out to be about one of them.
  const auto& others = matcher.other_than_topics();
  if (!others.empty() && (facts.topic().empty() || Contains(others, facts.topic()))) return false;
  return AnyOf(matcher.tags(), facts.tags()) && OneOf(matcher.topics(), facts.topic()) &&
         OneOf(matcher.channels(), facts.channel()) && OneOf(matcher.levels(), facts.level()) &&
         OneOf(matcher.plans(), facts.plan()) && OneOf(matcher.groups(), facts.group()) &&
         std::all_of(matcher.fields().begin(), matcher.fields().end(),
                     [&](const v1::FieldEquals& field) {
                       return FieldValue(facts, field.name()) == field.value();
                     }) &&
         std::all_of(matcher.entitlements().begin(), matcher.entitlements().end(), entitled) &&
         std::none_of(matcher.without_entitlements().begin(), matcher.without_entitlements().end(),
                      entitled);
}

}  // namespace escalation
