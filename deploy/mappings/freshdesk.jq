# Product events of Freshdesk, as a small app forwards them, to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Freshdesk's priority to a severity of the policy.
def severities: {"4": "urgent", "3": "high", "2": "normal", "1": "low"};
# Freshdesk's status. Own statuses begin at 8 or so: add them here.
def statuses: {"2": "open", "3": "pending", "4": "resolved", "5": "closed", "6": "pending", "7": "on_hold"};
# Ids of agents that are programs: their replies and assignments count as nobody's.
def bots: [];
# The customer's account.
def account: .company_id;
# Custom fields that policies match.
def fields: [];
# ----------------------------------------------------------------------------------------------------------------------------

def ignored: ["onTicketDelete", "onConversationUpdate", "onConversationDelete", "onContactCreate", "onContactUpdate", "onAgentCreate",
  "onAgentUpdate"];
def sources: {"1": "email", "2": "portal", "3": "phone", "7": "chat", "9": "widget", "10": "outbound email"};

def text: if . == null or . == "" then null else tostring end;
def severity: severities[tostring] // error("a priority without severity: \(.)");
def status: statuses[tostring] // error("unknown status: \(.)");
def kind($requester):
  . as $id
  | if . == null then "system" elif any(bots[]; tostring == ($id | tostring)) then "bot"
    elif . == $requester then "customer" else "agent" end;

. as $message
| .data.actor as $actor
| (.data.ticket.requester_id // .data.requester.id) as $requester
| def event($name; $ticket; $body): {id: "\($ticket).\($message.timestamp).\($name)", occurred_at: ($message.timestamp | floor | todate),
    ticket_id: ($ticket | tostring), actor: {id: ($actor.id | text), kind: ($actor.id | kind($requester))}} + $body;
if any(ignored[]; . == $message.event) then empty
elif .event == "onTicketCreate" then .data.ticket | . as $ticket | event("opened"; .id; {
    occurred_at: .created_at,
    opened: {account: (account | text), severity: (.priority | severity), subject: .subject[:1024],
      description: (.description_text // .description // ""), requester: ($requester | text), channel: (sources[.source | tostring] // null),
      topic: .type, tags: (.tags // [])[:64], group: (.group_id | text), assignee: (.responder_id | text),
      fields: [fields[] as $name | {name: $name, value: ($ticket.custom_fields[$name] | text)} | select(.value != null)]}})
elif .event == "onTicketUpdate" then .data.ticket
  # Each change is [before, after].
  | (.changes // {} | with_entries(select(.value | type == "array" and length == 2) | .value |= .[1])) as $after
  | (if $after | has("priority") then event("priority"; .id; {severity_changed: {severity: ($after.priority | severity)}}) else empty end),
    (if $after | has("responder_id") then event("assignee"; .id; {assigned: {assignee: ($after.responder_id | text // "")}}) else empty end),
    (if $after | has("group_id") then event("group"; .id; {assigned: {group: ($after.group_id | text // "")}}) else empty end),
    (if $after | has("subject") then event("subject"; .id; {fields_changed: {subject: $after.subject[:1024]}}) else empty end),
    (if $after | has("status") then event("status"; .id; {status_changed: {status: ($after.status | status)}}) else empty end),
    (if $after.spam == true then event("spam"; .id; {status_changed: {status: "closed", reason: "spam"}})
     elif $after.deleted == true then event("deleted"; .id; {status_changed: {status: "closed", reason: "deleted"}})
     elif $after.deleted == false or $after.spam == false then event("restored"; .id; {status_changed: {status: (.status | status)}})
     else empty end)
elif .event == "onConversationCreate" then .data.conversation | {
    id: "conversation-\(.id)", occurred_at: .created_at, ticket_id: (.ticket_id | tostring),
    actor: {id: (.user_id | text), kind: (if .incoming then "customer" else .user_id | kind($requester) end)},
    message_added: {visibility: (if .private then "internal" else "public" end), text: (.body_text // .body // "")}}
else error("unknown event: \(.event)")
end
