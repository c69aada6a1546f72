# Incidents of ServiceNow to events of escalationd. ServiceNow has no webhooks of its own: the business rule of README.md sends
# {event, at, record, previous, user, journal}, where a record is that of its Table API.

# A reference is {"value", "link"}, or empty.
def reference: if type == "object" then .value elif . == "" then null else . end;

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Priority to a severity of the policy.
def severities: {"1": "critical", "2": "high", "3": "moderate", "4": "low", "5": "planning"};
# State; while on hold the reason tells whether it is the caller's turn.
def status:
  if .state == "3" then (if .hold_reason == "1" then "pending" else "on_hold" end)
  else {"1": "open", "2": "open", "6": "resolved", "7": "closed", "8": "closed"}[.state] // error("unknown state: \(.state)") end;
# The customer's account.
def account: .company | reference;
# Users with one of these roles are agents; of these programs.
def agent_roles: ["itil", "itil_admin", "sn_incident_write"];
def bots: ["system", "guest", "mid.server"];
# Fields that policies match.
def fields: ["category", "subcategory", "impact", "urgency", "u_product"];
# ----------------------------------------------------------------------------------------------------------------------------

# "2026-03-10 23:00:00" is UTC.
def time: .[0:10] + "T" + .[11:19] + "Z";
def severity: if . == null or . == "" then null else severities[.] // error("a priority without severity: \(.)") end;
def actor($record):
  . as $user
  | {id: .user_name, kind: (
      if any(bots[]; . == $user.user_name) then "bot"
      elif .sys_id == ($record.caller_id | reference) then "customer"
      elif any(.roles[]; . as $role | any(agent_roles[]; . == $role)) then "agent"
      else "customer" end)};

. as $message
| .record as $record
| def event($index; $body):
    # sys_mod_count rises with each update, so the same update has the same id when it is sent again.
    {id: "\($record.sys_id).\($record.sys_mod_count).\($index)", occurred_at: ($message.at | time), ticket_id: $record.sys_id,
      actor: ($message.user | actor($record))} + $body;
def changed($field): $record[$field] != null and ($record[$field] | reference) != ($message.previous[$field] | reference);
if .event == "inserted" then event("opened"; {
    opened: {account: ($record | account), severity: ($record.priority | severity), subject: $record.short_description[:1024],
      description: $record.description, requester: ($record.caller_id | reference), channel: $record.contact_type,
      topic: $record.category, group: ($record.assignment_group | reference), assignee: ($record.assigned_to | reference),
      fields: [fields[] as $name | {name: $name, value: $record[$name]} | select(.value != null and .value != "")]}})
elif .event == "updated" then
  (if changed("priority") then event("priority"; {severity_changed: {severity: ($record.priority | severity)}}) else empty end),
  (if changed("assigned_to") or changed("assignment_group") then
    event("assigned"; {assigned: {assignee: ($record.assigned_to | reference // ""), group: ($record.assignment_group | reference // "")}})
   else empty end),
  (if changed("problem_id") then event("problem"; {linked_to: {problem: ($record.problem_id | reference // "")}}) else empty end),
  ([fields[] as $name | select(changed($name)) | {name: $name, value: $record[$name]}] as $changed
   | (if changed("short_description") then $record.short_description[:1024] else null end) as $subject
   | if $subject != null or ($changed | length) > 0 then event("fields"; {fields_changed: {fields: $changed, subject: $subject}}) else empty end),
  (if changed("state") or changed("hold_reason") then
    event("state"; {status_changed: {status: ($record | status), reason: ($record.close_code // null)}}) else empty end)
elif .event == "journal" then .journal | {id: "journal-\(.sys_id)", occurred_at: ($message.at | time), ticket_id: $record.sys_id,
    actor: ($message.user | actor($record)),
    message_added: {visibility: (if .element == "comments" then "public" elif .element == "work_notes" then "internal"
        else error("unknown journal: \(.element)") end), text: .value}}
elif .event == "deleted" then event("deleted"; {erased: {}})
else error("unknown kind of event: \(.event)")
end
