# Sourced by the benchmark scripts: where they work, how a server is started, what its work costs.
#
# Each server runs in one network namespace (loopback only, so that nothing else is measured or disturbed) and
# in a control group of its own, which counts its processor time, that of its short-lived children included.
set -euo pipefail
benches=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}
export MAILCTL=${MAILCTL:-$target/release/mailctl}
MAILBENCH=${MAILBENCH:-$target/release/examples/mailbench}
# On a disk, not in memory: what is measured is mail on stable storage.
WORK=${WORK:-/var/tmp/mailctl-bench}
SPACE=mailctl-bench
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

USERS=$(for n in {1..10}; do printf 'u%d@example.test,' "$n"; done)
USERS=${USERS%,}
PASSWORD=secret

die() { echo "$0: $*" >&2; exit 1; }
[[ $(id -u) == 0 ]] || die "needs root, for the namespace and the control groups"
for program in "$MAILCTL" "$MAILBENCH"; do
    [[ -x $program ]] || die "$program is missing: cargo build --release --bin mailctl --example mailbench"
done
case $(stat -f -c %T "$(dirname "$WORK")") in tmpfs | ramfs) die "$WORK is in memory; set WORK to a folder on a disk" ;; esac

# Control groups of version 1 (cpuacct) or 2, whichever the machine has.
if [[ -d /sys/fs/cgroup/cpuacct ]]; then groups=/sys/fs/cgroup/cpuacct; else groups=/sys/fs/cgroup; fi
group() { echo "$groups/mailctl-bench-$1"; }
cpu_ms() { # SERVER: processor time so far, in milliseconds
    local g
    g=$(group "$1")
    if [[ -e $g/cpuacct.usage ]]; then echo $(($(cat "$g/cpuacct.usage") / 1000000))
    else awk '$1 == "usage_usec" { print int($2 / 1000) }' "$g/cpu.stat"; fi
}
processes() { cat "$(group "$1")/cgroup.procs" 2>/dev/null || :; }

inside() { ip netns exec "$SPACE" "$@"; }
# contained SERVER CMD...: runs CMD inside the namespace and the server's control group
contained() {
    local g
    g=$(group "$1")
    shift
    mkdir -p "$g"
    sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec ip netns exec "$@"' sh "$g" "$SPACE" "$@"
}
listens() { inside bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }
wait_listening() {
    local port end=$((SECONDS + 20))
    for port in 25 993; do
        until listens "$port"; do
            ((SECONDS < end)) || die "nothing listens on port $port; see $WORK"
            sleep 0.002
        done
    done
}

begin() {
    ip netns del "$SPACE" 2>/dev/null || :
    ip netns add "$SPACE"
    inside ip link set lo up
    mkdir -p "$WORK"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=mail.example.test \
        -addext subjectAltName=DNS:mail.example.test -keyout "$WORK/tls.key" -out "$WORK/tls.pem" 2>/dev/null
    trap finish EXIT
}
finish() {
    local server process
    for server in mailctl postfix-dovecot; do
        for process in $(processes "$server"); do kill -9 "$process" 2>/dev/null || :; done
        sleep 0.2
        rmdir "$(group "$server")" 2>/dev/null || :
    done
    ip netns del "$SPACE" 2>/dev/null || :
}
# fresh SERVER: an empty server, running
fresh() {
    rm -rf "${WORK:?}/$1"
    mkdir -p "$WORK/$1"
    bash "$benches/servers/$1.sh" prepare "$WORK/$1"
    server_start "$1"
}
server_start() {
    export -f contained group inside
    export groups SPACE MAILCTL
    bash "$benches/servers/$1.sh" start "$WORK/$1"
    wait_listening
}
server_stop() {
    local process end=$((SECONDS + 20))
    bash "$benches/servers/$1.sh" stop "$WORK/$1" || :
    while process=$(processes "$1") && [[ $process ]]; do
        ((SECONDS < end)) || { kill -9 $process 2>/dev/null || :; }
        sleep 0.05
    done
}
