#!/bin/bash
# Counts how often a server syncs to disk for each message it takes (strace; the time of this run means nothing).
#
#   benches/syncs.sh [SERVER] [MESSAGES]         default: mailctl 500
. "$(dirname "$0")/bench.sh"
server=${1:-mailctl} messages=${2:-500}
command -v strace >/dev/null || die "strace is missing"
begin
printf '%-16s %8s %10s %10s %12s\n' server sessions syncs messages syncs/msg
for sessions in 1 10 50; do
    fresh "$server"
    inside "$MAILBENCH" smtp --address 127.0.0.1:25 --to "$USERS" --messages 50 --first 900000 --sessions 5 >/dev/null
    inside "$MAILBENCH" status --address 127.0.0.1:993 --tls --users "$USERS" --password "$PASSWORD" --wait 50 >/dev/null
    trace=$(mktemp)
    strace -f -qq -e trace=fsync,fdatasync,msync,sync_file_range,syncfs -o "$trace" \
        $(processes "$server" | sed 's/^/-p /') 2>/dev/null &
    tracer=$!
    sleep 1
    inside "$MAILBENCH" smtp --address 127.0.0.1:25 --to "$USERS" --messages "$messages" --sessions "$sessions" --pipeline >/dev/null
    inside "$MAILBENCH" status --address 127.0.0.1:993 --tls --users "$USERS" --password "$PASSWORD" \
        --wait $((messages + 50)) --seconds 300 >/dev/null
    kill -INT "$tracer"
    wait "$tracer" 2>/dev/null || :
    syncs=$(grep -cE '(fsync|fdatasync|msync|sync_file_range|syncfs)\(' "$trace" || :)
    rm -f "$trace"
    server_stop "$server"
    awk -v s="$server" -v n="$sessions" -v c="$syncs" -v m="$messages" 'BEGIN { printf "%-16s %8d %10d %10d %12.3f\n", s, n, c, m, c / m }'
done
