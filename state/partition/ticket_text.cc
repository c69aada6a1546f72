#include "state/partition/ticket_text.h"

#include "state/base/instant.h"
#include "state/base/text.h"

namespace escalation {
namespace {

// "name value, name value"; pairs without a value are left out.
class Pairs {
 public:
  Pairs& Add(std::string_view name, std::string_view value) {
    if (value.empty()) return *this;
    CatTo(&text_, text_.empty() ? "" : ", ", name, name.empty() ? "" : " ", value);
    return *this;
  }
  template <typename List>
  Pairs& AddList(std::string_view name, const List& values) {
    std::string joined;
    for (const std::string& value : values) CatTo(&joined, joined.empty() ? "" : " ", value);
    return Add(name, joined);
  }
  Pairs& AddFields(const google::protobuf::RepeatedPtrField<v1::Field>& fields) {
    for (const v1::Field& field : fields) {
      Add("", Cat(field.name(), field.value().empty() ? " removed" : "=", field.value()));
    }
    return *this;
  }
  std::string After(std::string_view what) const {
    return text_.empty() ? std::string(what) : Cat(what, ": ", text_);
  }

 private:
  std::string text_;
};

std::string OpenedText(const v1::Opened& opened) {
  return Pairs()
      .Add("severity", opened.severity())
      .Add("plan", opened.plan())
      .Add("account", opened.account())
      .Add("topic", opened.topic())
      .Add("channel", opened.channel())
      .Add("group", opened.group())
      .Add("assigned to", opened.assignee())
      .AddList("tags", opened.tags())
      .AddFields(opened.fields())
      .After("opened it");
}

std::string MessageText(const v1::MessageAdded& message) {
  const bool is_public = message.visibility() == v1::MessageAdded::PUBLIC;
  return Pairs()
      .Add("", message.is_question() ? "a question" : "")
      .AddList("with", message.tokens())
      .Add("next follow-up at",
           message.has_next_follow_up_at() ? ToText(FromProto(message.next_follow_up_at())) : "")
      .After(is_public ? "wrote in public" : "wrote an internal note");
}

std::string AssignedText(const v1::Assigned& assigned) {
  std::string out;
  if (assigned.has_assignee()) {
    out =
        assigned.assignee().empty() ? "unassigned it" : Cat("assigned it to ", assigned.assignee());
  }
  if (assigned.has_group()) {
    CatTo(&out, out.empty() ? "" : " and ", "moved it to group ",
          assigned.group().empty() ? "(none)" : assigned.group());
  }
  return out.empty() ? "assigned nothing" : out;
}

std::string FieldsText(const v1::FieldsChanged& changed) {
  return Pairs()
      .AddFields(changed.fields())
      .AddList("tags added", changed.add_tags())
      .AddList("tags removed", changed.remove_tags())
      .Add("", changed.has_subject() ? "a new subject" : "")
      .Add("product", changed.product())
      .AddList("participants added", changed.add_participants())
      .AddList("participants removed", changed.remove_participants())
      .After("changed fields");
}

std::string BodyText(const v1::Event& event) {
  switch (event.body_case()) {
    case v1::Event::kOpened:
      return OpenedText(event.opened());
    case v1::Event::kMessageAdded:
      return MessageText(event.message_added());
    case v1::Event::kStatusChanged:
      return Pairs()
          .Add("reason", event.status_changed().reason())
          .After(Cat("set it ", StatusText(event.status_changed().status())));
    case v1::Event::kSeverityChanged:
      return Cat("asked for severity ", event.severity_changed().severity());
    case v1::Event::kWorkaroundRecorded:
      return Cat("recorded workaround ", event.workaround_recorded().workaround_id());
    case v1::Event::kAssigned:
      return AssignedText(event.assigned());
    case v1::Event::kHandoverRequested:
      return Cat("asked for a handover to level ", event.handover_requested().level());
    case v1::Event::kFieldsChanged:
      return FieldsText(event.fields_changed());
    case v1::Event::kUpdateAgreed:
      return Cat("agreed on the next update at ", FromProto(event.update_agreed().until()));
    case v1::Event::kMerged:
      return Cat("merged it into ", event.merged().into());
    case v1::Event::kLinkedTo:
      if (event.linked_to().problem().empty()) return "unlinked it from its problem";
      return Cat("linked it to problem ", event.linked_to().problem());
    case v1::Event::kPageAcknowledged:
      return Pairs()
          .Add("by", event.page_acknowledged().by())
          .After(Cat("acknowledged page ", event.page_acknowledged().key()));
    default:
      return Cat("sent a record of kind ", static_cast<int>(event.body_case()));
  }
}

}  // namespace

std::string ActorText(const v1::Actor& actor) {
  const char* kind = "system";
  if (actor.kind() == v1::Actor::CUSTOMER) kind = "customer";
  if (actor.kind() == v1::Actor::AGENT) kind = "agent";
  if (actor.kind() == v1::Actor::BOT) kind = "bot";
  std::string out = Cat(kind, actor.id().empty() ? "" : " ", actor.id());
  for (int i = 0; i < actor.roles_size(); ++i) {
    CatTo(&out, i == 0 ? " (" : " ", actor.roles(i), i + 1 == actor.roles_size() ? ")" : "");
  }
  return out;
}

std::string EventText(const v1::Event& event) {
  return Cat(ActorText(event.actor()), " ", BodyText(event));
}

const char* StatusText(v1::StatusChanged::Status status) {
  switch (status) {
    case v1::StatusChanged::OPEN:
      return "open";
    case v1::StatusChanged::PENDING:
      return "pending";
    case v1::StatusChanged::ON_HOLD:
      return "on_hold";
    case v1::StatusChanged::RESOLVED:
      return "resolved";
    case v1::StatusChanged::CLOSED:
      return "closed";
    default:
      return "";
  }
}

const char* ClockStateText(v1::ClockState::State state) {
  switch (state) {
    case v1::ClockState::RUNNING:
      return "running";
    case v1::ClockState::PAUSED:
      return "paused";
    case v1::ClockState::MET:
      return "met";
    case v1::ClockState::CANCELLED:
      return "cancelled";
    case v1::ClockState::EXPIRED:
      return "expired";
    default:
      return "none";
  }
}

const char* EscalationStateText(v1::EscalationState::State state) {
  switch (state) {
    case v1::EscalationState::WAITING:
      return "waiting";
    case v1::EscalationState::RUNNING:
      return "running";
    case v1::EscalationState::ACKNOWLEDGED:
      return "acknowledged";
    case v1::EscalationState::EXHAUSTED:
      return "exhausted";
    case v1::EscalationState::STOPPED:
      return "stopped";
    default:
      return "none";
  }
}

const char* PageStateText(v1::PageState::State state) {
  switch (state) {
    case v1::PageState::REQUESTED:
      return "requested";
    case v1::PageState::DELIVERED:
      return "delivered";
    case v1::PageState::FAILED:
      return "failed";
    case v1::PageState::SUPPRESSED:
      return "suppressed";
    default:
      return "none";
  }
}

std::string ClockName(const std::string& metric, const std::string& target) {
  return target.empty() || target == metric ? metric : Cat(metric, "/", target);
}

std::string StartText(const v1::EscalationState& run) {
  const std::string clock = ClockName(run.metric(), run.target());
  if (run.reason() == "clock_breached") return Cat("clock ", clock, " was breached");
  if (run.reason() == "clock_warned") return Cat("clock ", clock, " came near its due moment");
  if (run.reason() == "opened_with_severity") return "the ticket's severity asks for it";
  if (run.reason() == "token") return "a customer's message held the token";
  if (run.reason() == "requested") return "a person asked for it";
  if (run.reason() == "manual") {
    std::string text = Cat(run.by().empty() ? "a person" : run.by(), " paged by hand");
    if (!run.detail().empty()) CatTo(&text, ": ", run.detail());
    return text;
  }
  if (run.reason() == "level_entered") return "the ticket entered a level";
  if (run.reason() == "unassigned") return "its assignment was taken away";
  if (run.reason() == "then") return "the escalation before it was exhausted";
  return run.reason();
}

const char* StopText(v1::StopOn::Kind kind) {
  switch (kind) {
    case v1::StopOn::ACKNOWLEDGED:
      return "an acknowledgement at the pager";
    case v1::StopOn::ENGAGED:
      return "any action of an agent";
    case v1::StopOn::ASSIGNED:
      return "assigning somebody";
    case v1::StopOn::REPLIED:
      return "a public reply of an agent";
    case v1::StopOn::PENDING:
      return "setting it pending";
    case v1::StopOn::RESOLVED:
      return "resolving or closing it";
    case v1::StopOn::SEVERITY_LOWERED:
      return "lowering the severity";
    case v1::StopOn::CLOCK_STOPPED:
      return "the end of the clock that started it";
    default:
      return "";
  }
}

}  // namespace escalation
