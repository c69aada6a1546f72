# Sourced by ops/demo: the pager, the daemon, and what is shown of them. Uses $state, $pages and $once of ops/demo.

wait_seconds_max=60
shown_bytes=0
sent=0

say() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
tell() { fold -s -w 110 <<< "$*" | sed 's/ *$//'; }

fail() {
  show_pages
  echo "ops/demo: $*" >&2
  [[ ! -s "$state/daemon.log" ]] || { echo "The daemon's last words:"; tail -n 5 "$state/daemon.log"; } >&2
  exit 1
}

# Ends what was started, in order, and removes the state. The daemon must end well.
finish() {
  local status=$?
  trap - EXIT
  trap '' INT TERM
  [[ -z "$follower_pid" ]] || kill "$follower_pid" 2> /dev/null || true
  if [[ -n "$daemon_pid" ]]; then
    kill -TERM "$daemon_pid" 2> /dev/null || true
    wait "$daemon_pid" || { echo "ops/demo: escalationd ended with exit code $?" >&2; status=1; }
  fi
  if [[ -n "$pager_pid" ]]; then
    kill -TERM "$pager_pid" 2> /dev/null || true
    wait "$pager_pid" || true
  fi
  rm -rf "$state"
  exit "$status"
}

# wait_until WHAT COMMAND...: shows pages that arrive meanwhile.
wait_until() {
  local what=$1 deadline=$((SECONDS + wait_seconds_max))
  shift
  until "$@" > /dev/null 2>&1; do
    show_pages
    ((SECONDS < deadline)) || fail "$what: nothing after $wait_seconds_max seconds"
    sleep 0.1
  done
  show_pages
}

start_pager() {
  escalationctl receiver --listen 127.0.0.1:0 --port-file "$state/pager.port" > "$pages" 2> "$state/pager.log" &
  pager_pid=$!
  wait_until "the pager's start" test -s "$state/pager.port"
  pager=http://127.0.0.1:$(< "$state/pager.port")
}

daemon_is_ready_or_gone() { grep -q '"ready"' "$state/daemon.log" || ! kill -0 "$daemon_pid"; }

# start_daemon_on ADDRESS: false if it ended.
start_daemon_on() {
  ESCALATION_STATE_DIR="$state/data" ESCALATION_LISTEN="$1" ESCALATION_PAGER="$pager" \
    escalationd --config deploy/demo/escalationd.yaml > "$state/daemon.log" 2>&1 &
  daemon_pid=$!
  wait_until "the daemon's start" daemon_is_ready_or_gone
  grep -q '"ready"' "$state/daemon.log"
}

# On its usual port, where the command line looks for it; on any free one if that is taken.
start_daemon() {
  start_daemon_on 127.0.0.1:8320 || start_daemon_on 127.0.0.1:0 || fail "escalationd does not start"
  url=http://$(jq -r 'select(.message == "ready") | .address' "$state/daemon.log")
  wait_until "the daemon is ready" curl -fsS "$url/-/ready"
}

# Reads events with "minutes" from now, numbers and dates them, and posts them as one request.
send() {
  local reply
  jq -c --argjson sent "$sent" '{id: "demo-\($sent + input_line_number)",
    occurred_at: (now + .minutes * 60 | todate)} + del(.minutes)' > "$state/request.jsonl"
  cat "$state/request.jsonl" >> "$state/history.jsonl"
  sent=$((sent + $(wc -l < "$state/request.jsonl")))
  reply=$(curl -sS -H 'Content-Type: application/x-ndjson' --data-binary "@$state/request.jsonl" "$url/v1/events")
  jq -er '"Accepted and durable: \(.accepted)."' <<< "$reply" 2> /dev/null ||
    fail "the events were refused: $reply"
}

# came OPERATION KEY: whether the pager got it.
came() { grep -q -- "  $1  .*  $2\$" "$pages"; }

wait_for_page() { wait_until "$1 of $2" came "$1" "$2"; }

never_came() { ! came "$1" "$2" || fail "$1 of $2 should not have come"; }

never_paged() { ! grep -q -- "  CRITICAL  .*/$1/" "$pages" || fail "$1 should not have paged anybody"; }

show_pages() {
  [[ -f "$pages" ]] || return 0
  local bytes
  bytes=$(stat -c %s "$pages")
  ((bytes > shown_bytes)) || return 0
  echo
  tail -c +$((shown_bytes + 1)) "$pages" | head -c $((bytes - shown_bytes)) | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}'
  shown_bytes=$bytes
}

follow_pages() {
  tail -c +$((shown_bytes + 1)) -f "$pages" &
  follower_pid=$!
}

# metric NAME [LABEL]: the sum of a metric's values.
metric() {
  curl -fsS "$url/metrics" | awk -v name="$1" -v label="${2:-}" \
    '$1 ~ "^" name "({|$)" && index($1, label) { sum += $2 } END { print sum + 0 }'
}

nothing_waits() { [[ $(metric escalationd_deliveries_waiting) == 0 && $(metric escalationd_pages_held) == 0 ]]; }

summary() {
  local decided delivered
  wait_until "the last deliveries" nothing_waits
  decided=$(metric escalationd_decisions_total 'kind="page_requested"')
  delivered=$(grep -Ec '  (CRITICAL|page_requested)  ' "$pages")
  escalationctl tickets --url "$url"
  echo
  echo "events sent        $sent"
  echo "promises broken    $(metric escalationd_decisions_total 'kind="clock_breached"')"
  echo "  kept after all   $(metric escalationd_decisions_total 'kind="breach_retracted"')"
  echo "pages decided      $decided"
  echo "  sent             $delivered"
  echo "  not sent         $((decided - delivered)), for a ticket was answered meanwhile, or its later page says more"
}

try_next() {
  local at_url=""
  [[ "$url" == http://127.0.0.1:8320 ]] || at_url=" --url $url"
  cat << NEXT
  cd $PWD && PATH=$bin_dir/ops:\$PATH
  escalationctl explain L-2$at_url
  escalationctl explain D-6$at_url
  escalationctl tickets --at-risk$at_url
  escalationctl timers$at_url
  escalationctl pages$at_url
  curl -s $url/metrics
  tail $state/daemon.log
  escalationctl simulate --policy deploy/demo/policy.yaml -o table $state/history.jsonl
  escalationctl replay --log embedded:$state/data/log --verify
  escalationctl calendar show denver --in-file deploy/demo/policy.yaml
NEXT
}
