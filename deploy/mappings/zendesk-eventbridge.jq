# Zendesk's events connector for Amazon EventBridge to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Zendesk's priority to a severity of the policy. Not set (null): the policy's default.
def severities: {urgent: "urgent", high: "high", normal: "normal", low: "low"};
# Ids of users that are programs: their replies and assignments count as nobody's.
def bots: [];
# The customer's account.
def account: .organization_id;
# ----------------------------------------------------------------------------------------------------------------------------

def statuses: {new: "open", open: "open", pending: "pending", hold: "on_hold", solved: "resolved", closed: "closed"};
# Kinds that say nothing about promises.
def ignored: ["Attachment Linked to Comment", "Attachment Redacted from Comment", "Brand Changed", "Comment Made Private",
  "Comment Redacted", "Description Changed", "Email CCs Changed", "External ID Changed", "Followers Changed", "Form Changed",
  "Requester Changed", "Submitter Changed", "Task Due At Changed", "Ticket Type Changed"];

def text: if . == null or . == "" then null else tostring end;
def severity: if . == null then null else severities[ascii_downcase] // error("a priority without severity: \(.)") end;
def status: statuses[ascii_downcase] // error("unknown status: \(.)");
def seconds: .[0:19] + "Z" | fromdate;
def actor($id; $kind):
  ($id | text) as $id
  | {id: $id, kind: (if $id == null or ($id | startswith("-")) then "system" elif any(bots[]; tostring == $id) then "bot" else $kind end)};
# The first comment is the description, and comes as an event of its own.
def is_description:
  .comment.author.id == .ticket.submitter_id and ((.meta.occurred_at | seconds) - (.ticket.created_at | seconds) | fabs) <= 1;

if (."detail-type" | startswith("Support Ticket: ") | not) then error("no ticket event: \(."detail-type")") else . end
| .detail.ticket_event
| . as $message
| .ticket as $ticket
| (if .meta.actor_id == $ticket.requester_id then "customer" else "agent" end) as $kind
| def event($body): {id: "\($message.meta.sequence.id).\($message.meta.sequence.position)",
    occurred_at: $message.meta.occurred_at, ticket_id: ($ticket.id | tostring), actor: actor($message.meta.actor_id; $kind)} + $body;
if any(ignored[]; . == $message.type) then empty
elif .type == "Ticket Created" then event({
    actor: actor($ticket.submitter_id; if $ticket.submitter_id == $ticket.requester_id then "customer" else "agent" end),
    opened: {account: ($ticket | account | text), severity: ($ticket.priority | severity), subject: ($ticket.subject // null),
      requester: ($ticket.requester_id | text), channel: $ticket.via.channel, tags: ($ticket.tags // [])[:64],
      group: ($ticket.group_id | text), assignee: ($ticket.assignee_id | text),
      fields: [{name: "type", value: $ticket.type} | select(.value != null)]}})
elif .type == "Comment Created" then
  if is_description then empty
  else event({
    actor: actor(.comment.author.id; if .comment.author.is_staff then "agent" else "customer" end),
    message_added: {visibility: (if .comment.is_public then "public" else "internal" end), text: .comment.body}})
  end
elif .type == "Status Changed" then event({status_changed: {status: (.current | status)}})
elif .type == "Priority Changed" then
  if .current == null then empty else event({severity_changed: {severity: (.current | severity)}}) end
elif .type == "Agent Assignment Changed" then event({assigned: {assignee: (.current | text // "")}})
elif .type == "Group Assignment Changed" then event({assigned: {group: (.current | text // "")}})
elif .type == "Tags Changed" then
  event({fields_changed: {add_tags: (.tags_added // [])[:64], remove_tags: (.tags_removed // [])[:64]}})
elif .type == "Subject Changed" then event({fields_changed: {subject: .current[:1024]}})
elif .type == "Custom Field Changed" then
  event({fields_changed: {fields: [{name: (.field.raw_title // .field.title // (.field.id | tostring))[:128],
    value: (.current | if type == "array" then map(tostring) | join(",") elif . == null then "" else tostring end)[:4096]}]}})
elif .type == "Organization Changed" then
  event({fields_changed: {fields: [{name: "organization", value: (.current | text // "")}]}})
elif .type == "Problem Link Changed" then event({linked_to: {problem: (.current | text // "")}})
elif .type == "Ticket Merged" then event({merged: {into: (.target_ticket_id | tostring)}})
elif .type == "Marked as Spam" then event({status_changed: {status: "closed", reason: "spam"}})
elif .type == "Ticket Soft Deleted" then event({status_changed: {status: "closed", reason: "deleted"}})
elif .type == "Ticket Undeleted" then event({status_changed: {status: ($ticket.status | status)}})
elif .type == "Ticket Permanently Deleted" then event({erased: {}})
else error("unknown kind of event: \(.type)")
end
