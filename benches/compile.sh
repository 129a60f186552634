#!/bin/bash
# How fast the compiler is: 100,000 accounts in 1,000 domains, and a family's file.
#
#   benches/compile.sh [ACCOUNTS] [DOMAINS]
#
# Measured is the program as a person runs it, `mailctl check`, process start, secret files and digest included, pinned
# to one core. The large file is compiled five times and the median counts, the small one a hundred times. Ends with
# 1 if a bound of docs/benchmarks.md is not kept.
set -euo pipefail
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}
MAILCTL=${MAILCTL:-$target/release/mailctl}
COMPILEBENCH=${COMPILEBENCH:-$target/release/examples/compilebench}
SECONDS_MAX=1.0 KIB_MAX=600000 SMALL_MS_MAX=15
die() { echo "$0: $*" >&2; exit 1; }
for program in "$MAILCTL" "$COMPILEBENCH"; do
    [[ -x $program ]] || die "$program is missing: cargo build --release --bin mailctl --example compilebench"
done
[[ -x /usr/bin/time ]] || die "/usr/bin/time is missing: apt-get install time"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$COMPILEBENCH" write "$work" "$@"
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

for _ in 1 2 3 4 5; do
    /usr/bin/time -f '%e %M %U %S' -o "$work/time" taskset -c 0 "$MAILCTL" check --config "$work/large.yaml" >"$work/report" ||
        { head -20 "$work/report"; die "the large file does not compile"; }
    cat "$work/time" >>"$work/times"
done
seconds=$(cut -d' ' -f1 "$work/times" | median)
cpu=$(awk '{ print $3 + $4 }' "$work/times" | median)
kib=$(cut -d' ' -f2 "$work/times" | sort -n | tail -1)
printf 'large: %d octets, %s s, %s s of processor time (medians of 5), %d MB at most\n' \
    "$(stat -c %s "$work/large.yaml")" "$seconds" "$cpu" $((kib / 1000))

runs=100
taskset -c 0 "$MAILCTL" check --config "$work/small.yaml" >/dev/null || die "the small file does not compile"
begin=$(date +%s%N)
for ((n = 0; n < runs; n++)); do taskset -c 0 "$MAILCTL" check --config "$work/small.yaml" >/dev/null; done
small=$(awk -v ns=$(($(date +%s%N) - begin)) -v runs=$runs 'BEGIN { printf "%.1f", ns / runs / 1e6 }')
printf 'small: %d octets, %s ms (mean of %d, start of taskset and process included)\n' \
    "$(stat -c %s "$work/small.yaml")" "$small" $runs

awk -v s="$seconds" -v k="$kib" -v m="$small" -v S=$SECONDS_MAX -v K=$KIB_MAX -v M=$SMALL_MS_MAX \
    'BEGIN { exit !(s < S && k < K && m < M) }' || die "slower than $SECONDS_MAX s, $KIB_MAX KB or $SMALL_MS_MAX ms"
