#!/usr/bin/env bash
# What README promises of ops/demo: pages arrive with their arithmetic, are closed when somebody answers, and nothing is left.
#
#   demo_test.sh BUILD_DIR
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

TMPDIR=$folder ops/demo --exit --bin "$1" > "$folder/out.txt" 2> "$folder/err.txt" || {
  cat "$folder/out.txt" "$folder/err.txt" >&2
  exit 1
}

expect() {
  grep -Eq -- "$1" "$folder/out.txt" || { echo "missing: $1" >&2; cat "$folder/out.txt" >&2; exit 1; }
}
expect '^19 events accepted, durable before the answer$'
expect 'CRITICAL  victorops support  default/D-5/wake_up/1/1$'
expect 'Target    first_response first_reply_urgent within 15m$'
expect 'Used      11m15s of 15m, 3m45s left$'
expect 'CRITICAL  victorops support  default/D-6/wake_up/1/1$'
expect 'RECOVERY  victorops support  default/D-6/wake_up/1/1$'
expect 'escalationctl explain D-5'

# Somebody answered D-2 long before the daemon knew of it: nobody is woken for what is over.
if grep -q 'CRITICAL .*/D-2/' "$folder/out.txt"; then
  echo "a page that had opened and closed before it could be sent was sent" >&2
  cat "$folder/out.txt" >&2
  exit 1
fi
if compgen -G "$folder/escalation-demo.*" > /dev/null; then
  echo "left behind: $(ls -d "$folder"/escalation-demo.*)" >&2
  exit 1
fi
