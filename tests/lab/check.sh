#!/bin/bash
# Builds the lab, runs every check in it, takes it down. One line a fact: `ok NAME` or `FAIL NAME: why`.
#
#   tests/lab/check.sh [CHECK...]      all of tests/lab/checks/, or those named: clients, transport, ...
#
# MAILCTL is the program under test, MAILBENCH the load generator; tests/run sets them. With KEEP=1 the lab
# stays up for a look around (`tests/lab/lab.sh status`).
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}
export MAILCTL=${MAILCTL:-$target/release/mailctl} MAILBENCH=${MAILBENCH:-$target/release/examples/mailbench}
export LAB=${LAB:-mailctl} PYTHONDONTWRITEBYTECODE=1
export LAB_STATE=${LAB_STATE:-/run/mailctl-lab-$LAB}
for program in "$MAILCTL" "$MAILBENCH"; do
    [[ -x $program ]] || { echo "FAIL lab: $program is missing; tests/run builds it"; exit 1; }
done
checks=("$@")
((${#checks[@]})) || checks=(idle clients refusals transport ways web reload acme records stages figures firewall crash)

trap '[[ ${KEEP:-} ]] || bash "$here/lab.sh" down' EXIT
bash "$here/lab.sh" up || { echo "FAIL lab: it does not come up"; exit 1; }
failed=0
for check in "${checks[@]}"; do
    printf -- '-- %s\n' "$check"
    # Debian's own Python, whatever else is in PATH: it has Debian's modules.
    log=$LAB_STATE/log/check-$check.log
    timeout 600 bash "$here/lab.sh" exec client /usr/bin/python3 "$here/checks/$check.py" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    if ((status != 0)); then
        failed=1
        grep -q '^FAIL ' "$log" || echo "FAIL $check: the check itself ended with status $status"
    fi
    # A check that died half-way may have left its server behind.
    for process in $(ip netns pids "$LAB-mx1" 2>/dev/null); do kill -9 "$process" 2>/dev/null; done
done
exit $failed
