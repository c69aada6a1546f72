// What is asked of tickets as they come in, and what follows from what they say.

#include "state/base/text.h"
#include "state/policy/policy_names.h"
#include "state/policy/policy_walk.h"

namespace escalation {
namespace {

using v1::Announcement;

const std::vector<Choice>& Occasions() {
  static const auto& occasions =
      *new std::vector<Choice>{{"customer_message", Announcement::CUSTOMER_MESSAGE},
                               {"agent_message", Announcement::AGENT_MESSAGE},
                               {"status", Announcement::STATUS},
                               {"severity", Announcement::SEVERITY},
                               {"opened", Announcement::OPENED},
                               {"level", Announcement::LEVEL}};
  return occasions;
}

std::string NameOf(const YamlNode& node) {
  for (const YamlEntry& entry : node.entries) {
    if (entry.key == "name") return entry.value.text;
  }
  return "";
}

}  // namespace

void WalkIntake(YamlMap& top, v1::Policy* policy) {
  std::optional<YamlMap> map = top.Map("intake", "intake");
  if (!map) return;
  v1::Intake* const intake = policy->mutable_intake();
  Assign(map->Texts("requires"), intake->mutable_required());
  const auto contacts = map->Word("contacts", {{"anybody", 0}, {"authorized", 1}});
  intake->set_authorized_contacts(contacts.value_or(0) == 1);
  const auto participants = map->Word("participants", {{"anybody", 0}, {"logins", 1}});
  intake->set_known_participants(participants.value_or(0) == 1);
  map->Finish();
}

void WalkAnnouncements(YamlMap& top, v1::Policy* policy) {
  int index = 0;
  for (const YamlNode* item : top.List("announce")) {
    Announcement* const announcement = policy->add_announcements();
    announcement->set_path(Cat("announce[", index++, "]"));
    YamlMap map(*item, Cat("announcement ", index), announcement->path(), top.walk());
    for (const int occasion : map.Words("on", Occasions())) {
      announcement->add_on(static_cast<Announcement::Occasion>(occasion));
    }
    for (const int who :
         map.Words("to", {{"requester", 1}, {"participants", 2}, {"followers", 3}})) {
      if (who == 1) announcement->set_requester(true);
      if (who == 2) announcement->set_participants(true);
      if (who == 3) announcement->set_followers(true);
    }
    WalkMatcher(map, announcement->mutable_when());
    if (announcement->when().ByteSizeLong() == 0) announcement->clear_when();
    map.Finish();
  }
}

void WalkUpdates(YamlMap& top, v1::Policy* policy) {
  int index = 0;
  for (const YamlNode* item : top.List("updates")) {
    v1::UpdateTerms* const terms = policy->add_updates();
    terms->set_path(Cat("updates[", index++, "]"));
    YamlMap map(*item, Cat("update ", index), terms->path(), top.walk());
    Assign(map.Texts("severity"), terms->mutable_severities());
    for (const int what : map.Words("requires", {{"next_steps", 1}, {"next_follow_up_at", 2}})) {
      if (what == 1) terms->set_next_steps(true);
      if (what == 2) terms->set_next_follow_up_at(true);
    }
    map.Finish();
  }
}

void WalkRules(YamlMap& top, v1::Policy* policy) {
  int index = 0;
  for (const YamlNode* item : top.List("rules")) {
    v1::Rule* const rule = policy->add_rules();
    rule->set_path(Cat("rules[", index++, "]"));
    const std::string name = NameOf(*item);
    YamlMap map(*item, name.empty() ? Cat("rule ", index) : PartWhere("rule", name), rule->path(),
                top.walk());
    rule->set_name(map.Text("name", Need::kRequired));
    WalkMatcher(map, rule->mutable_when());
    if (rule->when().ByteSizeLong() == 0) rule->clear_when();
    rule->set_flag(map.Text("flag"));
    rule->set_hint(map.Text("hint"));
    rule->set_group(map.Text("group"));
    rule->set_level(map.Text("level"));
    rule->set_severity(map.Text("severity"));
    map.Finish();
  }
}

void WalkPlanSetup(YamlMap& top, v1::Policy* policy) {
  std::optional<YamlMap> map = top.Map("plan_setup", "plan_setup");
  if (!map) return;
  v1::PlanSetup* const setup = policy->mutable_plan_setup();
  setup->set_path("plan_setup");
  setup->set_target(map->Text("target", Need::kRequired));
  WalkSpan(*map, "within", Need::kRequired, setup->mutable_within());
  WalkReading(*map, setup->mutable_within());
  WalkWarnings(*map, setup->mutable_warn_at());
  setup->set_calendar(map->Text("calendar"));
  Assign(map->Texts("notify"), setup->mutable_notify());
  map->Finish();
}

void WalkRedaction(YamlMap& top, v1::Policy* policy) {
  std::optional<YamlMap> map = top.Map("redact", "redact");
  if (!map) return;
  v1::Redaction* const redaction = policy->mutable_redaction();
  redaction->set_emails(map->Flag("emails").value_or(false));
  redaction->set_phones(map->Flag("phones").value_or(false));
  redaction->set_secrets(map->Flag("secrets").value_or(false));
  Assign(map->Texts("urls"), redaction->mutable_urls());
  Assign(map->Texts("patterns"), redaction->mutable_patterns());
  Assign(map->Texts("paths"), redaction->mutable_paths());
  map->Finish();
}

}  // namespace escalation
