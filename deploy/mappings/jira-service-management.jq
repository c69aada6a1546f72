# Webhooks of Jira Service Management (Cloud) to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Jira's priority to a severity of the policy.
def severities: {Highest: "urgent", High: "high", Medium: "normal", Low: "low", Lowest: "low"};
# Names of the workflow's statuses. Those that are not here follow from their category: done is resolved, all else open.
def statuses: {"Waiting for customer": "pending", "Pending": "on_hold", "Resolved": "resolved", "Done": "resolved",
  "Closed": "closed", "Canceled": "closed", "Declined": "closed"};
# The field with the customer's organizations, and what of it is the account.
def account: .customfield_10002 | if type == "array" and length > 0 then .[0].name else null end;
# Account ids of programs that are no apps.
def bots: [];
# The type of link by which an incident names its problem.
def problem_link: "Problem/Incident";
# ----------------------------------------------------------------------------------------------------------------------------

# Kinds that say nothing about promises.
def ignored: ["comment_updated", "comment_deleted", "attachment_created", "attachment_deleted", "worklog_created",
  "worklog_updated", "worklog_deleted", "jira:worklog_updated", "issue_property_set", "issue_property_deleted"];

# "2026-03-10T23:00:00.000-0600" has no colon in its offset.
def time: if . == null then null elif test("[+-][0-9]{4}$") then .[:-2] + ":" + .[-2:] else . end;
# A document of Jira's editor as text: paragraphs become lines.
def text:
  if . == null then null elif type == "string" then .
  else [.. | objects | if .type == "text" then .text elif .type == "paragraph" or .type == "hardBreak" then "\n" else empty end]
    | add // "" | ltrimstr("\n")
  end;
def severity: if . == null then null else severities[.name] // error("a priority without severity: \(.name)") end;
def status: statuses[.name] // (if .statusCategory.key == "done" then "resolved" else "open" end);
def person: if . == null then null else .accountId end;
def actor($reporter):
  if . == null then {kind: "system"}
  else {id: .accountId,
    kind: (.accountId as $id
      | if .accountType == "app" or any(bots[]; . == $id) then "bot"
        elif .accountType == "customer" or $id == $reporter then "customer" else "agent" end)}
  end;

# One item of a changelog.
def change($fields):
  if .field == "status" then {status_changed: {status: ($fields.status | status), reason: $fields.resolution.name}}
  elif .field == "priority" then {severity_changed: {severity: ({name: .toString} | severity)}}
  elif .field == "assignee" then {assigned: {assignee: (.to // "")}}
  elif .field == "labels" then
    (.fromString // "" | split(" ")) as $from | (.toString // "" | split(" ")) as $to
    | {fields_changed: {add_tags: ($to - $from)[:64], remove_tags: ($from - $to)[:64]}}
  elif .field == "summary" then {fields_changed: {subject: .toString[:1024]}}
  else {fields_changed: {fields: [{name: .field[:128], value: (.toString // "")[:4096]}]}}
  end;
# Items that say nothing about promises; long texts and ranks.
def is_noise: .field as $field
  | any(["description", "Rank", "Link", "Attachment", "Comment", "timespent", "timeestimate", "WorklogId", "Workflow", "resolution"][]; . == $field);

. as $message
| .webhookEvent as $type
| (.issue.fields.reporter | person) as $reporter
| (.timestamp / 1000 | todate) as $at
| def event($id; $body): {id: $id, occurred_at: $at, ticket_id: $message.issue.id, actor: ($message.user | actor($reporter))} + $body;
if any(ignored[]; . == $type) then empty
elif $type == "jira:issue_created" then .issue.fields as $fields | event("issue-\(.issue.id)"; {
    occurred_at: ($fields.created | time), actor: ($fields.creator // .user | actor($reporter)),
    opened: {account: ($fields | account), severity: ($fields.priority | severity), subject: $fields.summary[:1024],
      description: ($fields.description | text), requester: $reporter, product: ($fields.components // [])[0].name,
      topic: $fields.issuetype.name, tags: ($fields.labels // [])[:64], assignee: ($fields.assignee | person),
      group: $fields.project.key}})
elif $type == "jira:issue_updated" then
  # Without a changelog it is about a comment, which comes as comment_created.
  .changelog // {items: []} | .id as $id | .items | to_entries[]
  | select(.value | is_noise | not)
  | event("change-\($id).\(.key)"; .value | change($message.issue.fields))
elif $type == "comment_created" then event("comment-\(.comment.id)"; {
    occurred_at: (.comment.created | time), actor: (.comment.author | actor($reporter)),
    message_added: {visibility: (if .comment.jsdPublic == false or .comment.visibility != null then "internal" else "public" end),
      text: (.comment.body | text)}})
elif $type == "jira:issue_deleted" then event("issue-\(.issue.id)-deleted"; {erased: {}})
elif $type == "issuelink_created" or $type == "issuelink_deleted" then .issueLink
  | if .issueLinkType.name != problem_link then empty
    else {id: "\($type)-\(.id)", occurred_at: $at, ticket_id: (.destinationIssueId | tostring), actor: {kind: "system"},
      linked_to: {problem: (if $type == "issuelink_created" then .sourceIssueId | tostring else "" end)}}
    end
else error("unknown kind of event: \($type)")
end
