# Sourced by docker.sh: the packet filter of the engine's host, with the ports 25, 465 and 993 published by a real engine.
# Wants `fact`, `outside`, $space, $work and $mailctl, the program on the host.

filter() { ip netns exec "$space-h" "$mailctl" --config "$work/filter.yaml" --state "$work/filter" firewall "$@"; }
# load BACKEND: submissions is published and closed
load() {
    cat >"$work/filter.yaml" <<YAML
version: 1
profile: lab
host: { name: mx1.example.test, addresses: [198.19.0.1], runtime: { kind: docker, userland_proxy: false } }
listeners: { smtp: {}, submissions: {}, imaps: {} }
certificates: { self_signed: true }
domains: { example.test: {} }
accounts: { alice@example.test: {} }
firewall: { backend: $1, closed: [submissions] }
YAML
    filter apply --confirm-within 0
}
# reached PORT...: exactly these of the published ports are open
reached() {
    outside python3 - "$@" <<'PYTHON'
import socket, sys
found = []
for port in (25, 465, 993):
    try:
        socket.create_connection(("198.19.0.1", port), 3).close()
        found.append(str(port))
    except OSError:
        pass
assert found == sys.argv[1:], f"open: {found}"
PYTHON
}
# only BACKEND PORT...: loaded once and again, these are open
only() {
    local backend=$1 before
    shift
    load "$backend" && reached "$@" || return 1
    before=$(ip netns exec "$space-h" nft -s list ruleset)
    load "$backend" || return 1
    [[ $before == "$(ip netns exec "$space-h" nft -s list ruleset)" ]] || { echo "loaded again it is something else"; return 1; }
    filter unload && reached 25 465 993
}
fact "the INPUT form leaves a closed listener open that the engine publishes" only iptables 25 465 993
fact "the DOCKER-USER form shuts it, and the others are reached" only docker 25 993
fact "nftables shuts it too" only nftables 25 993
# A container that starts again is published by new rules of the engine's, behind ours.
published_again() {
    load docker && $DOCKER restart -t 30 "$1" >/dev/null || return 1
    for _ in {1..50}; do reached 25 993 && break; sleep 0.2; done
    reached 25 993 && filter unload
}
fact "and keeps it shut when the container is started again" published_again second
