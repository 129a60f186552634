#!/bin/bash
# The container image, built and run by Docker: one line a fact, `ok NAME` or `FAIL NAME: why`.
#
# The engine is a second one, inside a network namespace, with folders of its own: neither the machine's
# Docker nor its firewall is touched. Needs root, docker.io, iproute2, iptables, nftables; and the dependencies built.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
space=mailctl-docker-$$
work=$(mktemp -d /tmp/mailctl-docker.XXXXXX)
engine=
export DOCKER="docker -H unix://$work/socket" PYTHONDONTWRITEBYTECODE=1

ok() { echo "ok docker: $*"; }
failed=0
fail() { failed=1; echo "FAIL docker: $1: $(tr '\n' ' ' <<<"${2:-}" | cut -c1-600)"; }
# fact NAME COMMAND...: holds if the command succeeds
fact() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then ok "$name"; else fail "$name" "$out"; fi
}
outside() { ip netns exec "$space-x" "$@"; }
cleanup() {
    if [[ $engine ]]; then
        $DOCKER ps -aq | xargs -r $DOCKER rm -f
        kill "$engine"
        wait "$engine"
    fi
    ip netns del "$space-h"
    ip netns del "$space-x"
    findmnt -rno TARGET | grep "^$work/" | sort -r | xargs -r -n1 umount
    rm -rf "$work"
} >/dev/null 2>&1
trap cleanup EXIT

# Two hosts with a wire between them: the engine's, and a client outside.
ip netns add "$space-h" && ip netns add "$space-x" || { fail "network namespaces" "cannot be made"; exit 1; }
ip -n "$space-h" link add wan type veth peer name wan netns "$space-x"
for n in h x; do
    ip -n "$space-$n" link set lo up
    ip -n "$space-$n" link set wan up
done
ip -n "$space-h" addr add 198.19.0.1/24 dev wan
ip -n "$space-x" addr add 198.19.0.2/24 dev wan

# `ip netns exec` would mount a new /sys and hide the control groups from the engine.
nsenter --net="/run/netns/$space-h" dockerd -H "unix://$work/socket" --data-root "$work/data" \
    --exec-root "$work/exec" --pidfile "$work/pid" >"$work/log" 2>&1 &
engine=$!
for _ in {1..150}; do $DOCKER info >/dev/null 2>&1 && break; sleep 0.1; done
version=$($DOCKER version --format '{{.Server.Version}}' 2>&1) || { fail "the engine starts" "$(tail -5 "$work/log")"; exit 1; }
ok "the engine starts ($version)"

if out=$("$root/docker/build.sh" mailctl 2>&1); then ok "the image builds from a static program"
else fail "the image builds" "$out"; exit 1; fi
octets=$($DOCKER image inspect -f '{{.Size}}' mailctl)
if ((octets < 30 * 1000 * 1000)); then ok "the image is under 30 MB ($((octets / 1000000)) MB)"
else fail "the image is under 30 MB" "$octets octets"; fi
user=$($DOCKER image inspect -f '{{.Config.User}}' mailctl)
if [[ $user == 10025:10025 ]]; then ok "it does not run as root"; else fail "it does not run as root" "$user"; fi

tight=(--read-only --cap-drop ALL --security-opt no-new-privileges)
fact "the self-test passes inside, with a read-only root and no capability" \
    timeout 120 $DOCKER run --rm "${tight[@]}" --tmpfs /tmp mailctl quickstart --once

# A configuration as an operator mounts it: read-only, with its secrets.
mkdir -p "$work/etc/secrets"
echo alice-secret >"$work/etc/secrets/alice"
cat >"$work/etc/mailserver.yaml" <<'YAML'
version: 1
profile: lab
host: { name: mx1.example.test, addresses: [198.19.0.1] }
listeners:
  smtp: { addresses: [0.0.0.0] }
  submissions: { addresses: [0.0.0.0] }
  imaps: { addresses: [0.0.0.0] }
certificates: { self_signed: true }
domains: { example.test: {} }
accounts:
  alice@example.test: { password: { file: secrets/alice } }
YAML
chmod -R a+rX "$work/etc"
chmod 711 "$work"
serve() {
    $DOCKER run -d --name "$1" "${tight[@]}" -v "$work/etc:/etc/mailctl:ro" -v mail:/var/lib/mailctl \
        -p 25:25 -p 465:465 -p 993:993 mailctl >/dev/null || return 1
    for _ in {1..100}; do outside python3 -c 'import smtplib; smtplib.SMTP("198.19.0.1", 25, timeout=2)' 2>/dev/null && return 0; sleep 0.1; done
    $DOCKER logs "$1"
    return 1
}
# Delivers a message from outside, then counts the messages over IMAP.
mail_arrives() {
    outside python3 - "$1" <<'PYTHON'
import imaplib, smtplib, ssl, sys
context = ssl._create_unverified_context()
with smtplib.SMTP("198.19.0.1", 25, local_hostname="client.test", timeout=10) as s:
    s.starttls(context=context)
    s.sendmail("carol@peer.test", ["alice@example.test"], "From: <carol@peer.test>\r\nSubject: hello\r\n\r\nHello.\r\n")
i = imaplib.IMAP4_SSL("198.19.0.1", 993, ssl_context=context, timeout=10)
i.login("alice@example.test", "alice-secret")
count = int(i.select("INBOX", readonly=True)[1][0])
assert count == int(sys.argv[1]), f"{count} messages"
PYTHON
}
fact "it serves a mounted configuration on the ports 25, 465 and 993" serve first
fact "mail from outside is delivered and read over IMAP" mail_arrives 1
fact "the applied plan is the configuration's" $DOCKER exec first /mailctl plan --detailed-exitcode
stop() {
    $DOCKER stop -t 30 "$1" >/dev/null
    [[ $($DOCKER inspect -f '{{.State.ExitCode}}' "$1") == 0 ]] || { $DOCKER logs "$1" 2>&1 | tail -3; return 1; }
}
fact "it stops when it is told to" stop first
fact "a new container on the same volume serves" serve second
fact "and has the mail of the one before" mail_arrives 2

mailctl=$work/mailctl
$DOCKER cp second:/mailctl "$mailctl" >/dev/null
source "$root/tests/lab/docker-firewall.sh"
exit $failed
