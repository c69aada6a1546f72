# GitHub's webhooks "issues" and "issue_comment" to events of escalationd. README.md says what to set up there.

# --- To edit ---------------------------------------------------------------------------------------------------------------
# Labels that say a severity of the policy. An issue without one has the policy's default.
def severities: {"severity: critical": "urgent", "severity: high": "high", "severity: normal": "normal", "severity: low": "low"};
# Labels that say that the ticket waits; taken away, it is open.
def waiting: {"waiting for customer": "pending", "on hold": "on_hold"};
# The customer's account.
def account: .repository.owner.login;
# Who is of the team. All others are customers.
def team: ["OWNER", "MEMBER", "COLLABORATOR"];
# ----------------------------------------------------------------------------------------------------------------------------

# What says nothing about promises.
def ignored: {issues: ["demilestoned", "milestoned", "field_added", "field_removed", "locked", "unlocked", "pinned", "unpinned",
    "typed", "untyped"],
  issue_comment: ["edited", "deleted", "pinned", "unpinned"]};

def is_team: . as $association | any(team[]; . == $association);
def actor($association):
  {id: .login, kind: (if .type == "Bot" then "bot" elif $association | is_team then "agent" else "customer" end)};

. as $message
| .issue as $issue
| ($headers["x-github-event"] // error("the header x-github-event is missing")) as $type
| if $type == "ping" then empty
  elif $type != "issues" and $type != "issue_comment" then error("no event about issues: \($type)")
  elif any(ignored[$type][]; . == $message.action) then empty
  else . end
# The same when GitHub, or somebody at its settings, delivers it again.
| ($headers["x-github-delivery"] // "\($issue.id).\($type).\(.action).\(.comment.id // $issue.updated_at)" | gsub("[^A-Za-z0-9._:-]"; "-")) as $id
# What only the team may do was done by the team; the author may be either.
| (if .sender.login == $issue.user.login then $issue.author_association else "MEMBER" end) as $association
| def event($body): {id: $id, occurred_at: $issue.updated_at, ticket_id: ($issue.id | tostring),
    actor: ($message.sender | actor($association))} + $body;
def second($body): event($body) | .id += ".2";
if $type == "issue_comment" then
  if .action == "created" then event({occurred_at: .comment.created_at,
    actor: (.comment.user | actor($message.comment.author_association)),
    message_added: {visibility: "public", text: .comment.body}})
  else error("unknown action of issue_comment: \(.action)") end
elif .action == "opened" then event({occurred_at: $issue.created_at, actor: ($issue.user | actor($issue.author_association)),
    opened: {account: account, severity: (first($issue.labels[].name | severities[.] | values) // null), subject: $issue.title[:1024],
      description: ($issue.body // ""), requester: $issue.user.login, product: .repository.name, channel: "github",
      tags: [$issue.labels[].name][:64], assignee: $issue.assignee.login}})
elif .action == "closed" then event({status_changed: {status: "resolved", reason: $issue.state_reason}})
elif .action == "reopened" then event({status_changed: {status: "open"}})
elif .action == "assigned" then event({assigned: {assignee: .assignee.login}})
elif .action == "unassigned" then event({assigned: {assignee: ($issue.assignee.login // "")}})
elif .action == "labeled" then .label.name as $name
  | event({fields_changed: {add_tags: [$name]}}),
    if severities[$name] then second({severity_changed: {severity: severities[$name]}})
    elif waiting[$name] then second({status_changed: {status: waiting[$name]}}) else empty end
elif .action == "unlabeled" then .label.name as $name
  | event({fields_changed: {remove_tags: [$name]}}),
    if waiting[$name] and $issue.state == "open" then second({status_changed: {status: "open"}}) else empty end
elif .action == "edited" then
  if .changes.title then event({fields_changed: {subject: $issue.title[:1024]}}) else empty end
elif .action == "transferred" then event({merged: {into: (.changes.new_issue.id | tostring)}})
elif .action == "deleted" then event({erased: {}})
else error("unknown action of issues: \(.action)")
end
