# Zendesk event subscriptions ("ticket events" of webhooks) to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Zendesk's priority to a severity of the policy. Not set (null): the policy's default.
def severities: {URGENT: "urgent", HIGH: "high", NORMAL: "normal", LOW: "low"};
# Ids of users that are programs: their replies and assignments count as nobody's.
def bots: [];
# The customer's account.
def account: .organization_id;
# ----------------------------------------------------------------------------------------------------------------------------

def statuses: {NEW: "open", OPEN: "open", PENDING: "pending", HOLD: "on_hold", SOLVED: "resolved", CLOSED: "closed"};
# Kinds that say nothing about promises.
def ignored: ["attachment_linked_to_comment", "attachment_redacted_from_comment", "brand_changed", "comment_made_private",
  "comment_redacted", "custom_status_changed", "description_changed", "email_ccs_changed", "external_id_changed",
  "followers_changed", "form_changed", "requester_changed", "schedule_changed", "slas_changed", "submitter_changed",
  "task_due_at_changed", "ticket_type_changed"];

def text: if . == null or . == "" then null else tostring end;
def severity: if . == null then null else severities[ascii_upcase] // error("a priority without severity: \(.)") end;
def status: statuses[ascii_upcase] // error("unknown status: \(.)");
def seconds: .[0:19] + "Z" | fromdate;
def actor($id; $kind):
  ($id | text) as $id
  | {id: $id, kind: (if $id == null or ($id | startswith("-")) then "system" elif any(bots[]; tostring == $id) then "bot" else $kind end)};
# The first comment is the description, and comes with the ticket too.
def is_description:
  .event.comment.body == .detail.description and ((.time | seconds) - (.detail.created_at | seconds) | fabs) <= 5;

. as $message
| .detail as $ticket
| (if $ticket.actor_id == $ticket.requester_id then "customer" else "agent" end) as $kind
| (.type | ltrimstr("zen:event-type:ticket.")) as $type
| def event($body): {id: $message.id, occurred_at: $message.time, ticket_id: ($ticket.id | tostring),
    actor: actor($ticket.actor_id; $kind)} + $body;
if (.type | startswith("zen:event-type:ticket.") | not) then error("no ticket event: \(.type)")
elif any(ignored[]; . == $type) then empty
elif $type == "created" then event({
    actor: actor($ticket.submitter_id; if $ticket.submitter_id == $ticket.requester_id then "customer" else "agent" end),
    opened: {account: ($ticket | account | text), severity: ($ticket.priority | severity), subject: $ticket.subject[:1024],
      description: $ticket.description, requester: ($ticket.requester_id | text), channel: $ticket.via.channel,
      tags: ($ticket.tags // [])[:64], group: ($ticket.group_id | text), assignee: ($ticket.assignee_id | text),
      fields: [{name: "type", value: $ticket.type} | select(.value != null)]}})
elif $type == "comment_added" then
  if is_description then empty
  else event({
    actor: actor(.event.comment.author.id; if .event.comment.author.is_staff then "agent" else "customer" end),
    message_added: {visibility: (if .event.comment.is_public then "public" else "internal" end), text: .event.comment.body}})
  end
elif $type == "status_changed" then event({status_changed: {status: (.event.current | status)}})
elif $type == "priority_changed" then
  if .event.current == null then empty else event({severity_changed: {severity: (.event.current | severity)}}) end
elif $type == "agent_assignment_changed" then event({assigned: {assignee: (.event.current | text // "")}})
elif $type == "group_assignment_changed" then event({assigned: {group: (.event.current | text // "")}})
elif $type == "tags_changed" then
  event({fields_changed: {add_tags: (.event.tags_added // [])[:64], remove_tags: (.event.tags_removed // [])[:64]}})
elif $type == "subject_changed" then event({fields_changed: {subject: .event.current[:1024]}})
elif $type == "custom_field_changed" then
  event({fields_changed: {fields: [{name: (.event.field.raw_title // .event.field.title // (.event.field.id | tostring))[:128],
    value: (.event.current | if type == "array" then map(tostring) | join(",") elif . == null then "" else tostring end)[:4096]}]}})
elif $type == "organization_changed" then
  event({fields_changed: {fields: [{name: "organization", value: (.event.current | text // "")}]}})
elif $type == "problem_link_changed" then event({linked_to: {problem: (.event.current | text // "")}})
elif $type == "merged" then event({merged: {into: (.event.target_ticket_id | tostring)}})
elif $type == "marked_as_spam" then event({status_changed: {status: "closed", reason: "spam"}})
elif $type == "soft_deleted" then event({status_changed: {status: "closed", reason: "deleted"}})
elif $type == "undeleted" then event({status_changed: {status: ($ticket.status | status)}})
elif $type == "permanently_deleted" then event({erased: {}})
else error("unknown kind of event: \(.type)")
end
