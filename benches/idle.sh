#!/bin/bash
# How soon a started server answers, and how much memory it holds when nobody uses it.
#
#   benches/idle.sh [SERVER]                     default: mailctl
#
# The time runs from the start of the command to the first greeting on 25 and 993; memory is proportional set
# size (shared pages counted once) and resident size, summed over the server's processes.
. "$(dirname "$0")/bench.sh"
server=${1:-mailctl}
begin
fresh "$server"
server_stop "$server"
for round in 1 2 3; do
    start=$(date +%s%N)
    server_start "$server"
    printf 'start %d: answers after %d ms\n' "$round" $((($(date +%s%N) - start) / 1000000))
    ((round == 3)) || server_stop "$server"
done
sleep 3
for process in $(processes "$server"); do cat "/proc/$process/smaps_rollup"; done |
    awk '/^Pss:/ { p += $2 } /^Rss:/ { r += $2 } END { printf "idle: %.1f MB proportional, %.1f MB resident\n", p / 1024, r / 1024 }'
server_stop "$server"
