# Intercom's webhook topics about conversations to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Intercom knows two priorities only. A custom attribute of the conversation says more, where there is one.
def severity:
  .custom_attributes.Severity // {priority: "high", not_priority: "normal"}[.priority // "not_priority"] | ascii_downcase;
# The customer's account: Intercom's company is not part of a conversation, so a custom attribute says it.
def account: .custom_attributes.Account // null;
# ----------------------------------------------------------------------------------------------------------------------------

# Topics that say nothing about promises.
def ignored: ["ping", "conversation.read", "conversation.rating.added", "conversation_part.redacted", "conversation.contact.attached",
  "conversation.contact.detached", "conversation_part.tag.created"];

def id: if . == null then null else tostring end;
def time: todate;
# Bodies are HTML.
def text:
  if . == null then ""
  else gsub("<(br|/p|/li|/div)[^>]*>"; "\n") | gsub("<[^>]*>"; "") | gsub("&nbsp;"; " ") | gsub("&lt;"; "<") | gsub("&gt;"; ">")
    | gsub("&quot;"; "\"") | gsub("&#39;"; "'") | gsub("&amp;"; "&") | rtrimstr("\n")
  end;
def actor:
  {id: (.id | id), kind: (if .type == "admin" then "agent" elif .type == "bot" then "bot" elif .type == null then "system" else "customer" end)};

. as $message
| if .type != "notification_event" then error("no notification of Intercom: \(.type)") else . end
| if any(ignored[]; . == $message.topic) then empty else .data.item end
| . as $conversation
| (.conversation_parts.conversation_parts // [] | last) as $part
| def event($body): {id: $message.id, occurred_at: ($part.created_at // $message.created_at | time),
    ticket_id: ($conversation.id | tostring), actor: ($part.author | actor)} + $body;
def opened: event({occurred_at: (.created_at | time), actor: (.source.author | actor),
    opened: {account: account, severity: severity,
      subject: ((.title // .source.subject // "" | text) as $subject | if $subject != "" then $subject else .source.body | text end)[:200],
      description: (.source.body | text), requester: (.contacts.contacts[0].id // .source.author.id), channel: .source.type,
      tags: [.tags.tags[]?.name][:64], assignee: (.admin_assignee_id | id), group: (.team_assignee_id | id)}});
def message($visibility): event({message_added: {visibility: $visibility, text: ($part.body | text)}});
$message.topic as $topic
| if $topic == "conversation.user.created" or $topic == "conversation.admin.single.created" then opened
  elif $topic == "conversation.user.replied" or $topic == "conversation.admin.replied" or $topic == "conversation.operator.replied" then
    message("public")
  elif $topic == "conversation.admin.noted" then message("internal")
  elif $topic == "conversation.admin.assigned" then
    event({assigned: {assignee: (.admin_assignee_id | id // ""), group: (.team_assignee_id | id // "")}})
  elif $topic == "conversation.admin.closed" then
    # With a last word, or without.
    (if ($part.body // "") != "" then message("public") | .id += ".reply" else empty end), event({status_changed: {status: "resolved"}})
  elif $topic == "conversation.admin.opened" or $topic == "conversation.admin.unsnoozed" then event({status_changed: {status: "open"}})
  elif $topic == "conversation.admin.snoozed" then event({status_changed: {status: "pending", reason: "snoozed"}})
  elif $topic == "conversation.priority.updated" then event({severity_changed: {severity: severity}})
  elif $topic == "conversation.deleted" then event({actor: {kind: "system"}, erased: {}})
  else error("unknown topic: \($topic)")
  end
