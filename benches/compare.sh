#!/bin/bash
# Delivers the same mail to mailctl and to Postfix with Dovecot, in turns, and prints the ratio.
#
#   benches/compare.sh [ROUNDS] [MESSAGES]       default: 3 rounds of 5000
#
# Messages of 10 KB of text over 10 sessions into 10 mailboxes. `accepted` counts until the last 250,
# `in mailbox` until IMAP's STATUS names every message; for mailctl they are nearly the same, because its 250
# comes after the message is in the mailbox. Processor time is that of all processes of the server.
. "$(dirname "$0")/bench.sh"
rounds=${1:-3} messages=${2:-5000}
begin

# measure SERVER: one line of JSON
measure() {
    local load status start cpu
    fresh "$1"
    # A few messages first, so that nobody pays for a first page fault.
    inside "$MAILBENCH" smtp --address 127.0.0.1:25 --to "$USERS" --messages 50 --first 900000 --sessions 5 >/dev/null
    inside "$MAILBENCH" status --address 127.0.0.1:993 --tls --users "$USERS" --password "$PASSWORD" --wait 50 >/dev/null
    cpu=$(cpu_ms "$1")
    start=$(date +%s%N)
    load=$(inside "$MAILBENCH" smtp --address 127.0.0.1:25 --to "$USERS" --messages "$messages" --sessions 10 \
        --octets 10240 --pipeline) || die "$1 did not take all messages: $load"
    status=$(inside "$MAILBENCH" status --address 127.0.0.1:993 --tls --users "$USERS" --password "$PASSWORD" \
        --wait $((messages + 50)) --seconds 300) || die "$1 lost mail: $status"
    local seconds=$((($(date +%s%N) - start) / 1000000))
    cpu=$(($(cpu_ms "$1") - cpu))
    server_stop "$1"
    jq -nc --arg server "$1" --argjson load "$load" --argjson ms "$seconds" --argjson cpu "$cpu" --argjson n "$messages" \
        '{server: $server, accepted_per_s: ($load.accepted_per_second | round), in_mailbox_per_s: ($n * 1000 / $ms | round),
          reply_ms_median: ($load.reply_ms_median * 10 | round / 10), reply_ms_99: ($load.reply_ms_99 * 10 | round / 10),
          cpu_ms_per_message: ($cpu / $n * 1000 | round / 1000)}'
}

printf '%-16s %10s %12s %12s %10s %12s\n' server accepted/s in-mailbox/s 'reply ms p50' 'p99' 'CPU ms/msg'
results=$(mktemp)
for ((round = 1; round <= rounds; round++)); do
    for server in postfix-dovecot mailctl; do
        line=$(measure "$server")
        echo "$line" >>"$results"
        jq -r '[.server, .accepted_per_s, .in_mailbox_per_s, .reply_ms_median, .reply_ms_99, .cpu_ms_per_message] | @tsv' <<<"$line" |
            awk '{ printf "%-16s %10s %12s %12s %10s %12s\n", $1, $2, $3, $4, $5, $6 }'
    done
done
jq -rs 'def mean(s; f): map(select(.server == s) | f) | add / length;
    "mailctl delivers \(mean("mailctl"; .in_mailbox_per_s) / mean("postfix-dovecot"; .in_mailbox_per_s) * 10 | round / 10) times as many messages a second, " +
    "with \(mean("mailctl"; .cpu_ms_per_message) / mean("postfix-dovecot"; .cpu_ms_per_message) * 1000 | round / 10) % of the processor time a message"' "$results"
rm -f "$results"
