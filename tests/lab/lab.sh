#!/bin/bash
# A private Internet for mail tests, made of network namespaces.
#
#   lab.sh up             build it; an older one of the same name is removed
#   lab.sh down           stop everything, leave no trace
#   lab.sh exec HOST CMD  run CMD on HOST: dns, mx1, peer or client
#   lab.sh peer start|stop|reload       the third-party mail server
#   lab.sh acme start|stop              the certificate authority
#   lab.sh publish ZONE   replace records: nsupdate commands on stdin
#   lab.sh flush ZONE     have the resolver forget a zone
#   lab.sh status         hosts, addresses, processes
#
#   host    address       what runs there
#   dns     198.18.0.53   Unbound, validating; Knot on 198.18.0.1: a signed root, test., the zones below it,
#                         and reverse zones; Knot on 198.18.0.2: secondary of world.test
#   mx1     198.18.1.25   nothing: the server under test (mx1.example.test, domain example.test)
#   peer    198.18.2.25   Postfix: takes mail for peer.test on 25, relays for its users on 465 and 587; sends under
#                         DANE where there is any, and has OpenDKIM look at what it receives
#   client  198.18.3.10   nothing: the checks run here
#   acme    198.18.4.14   Pebble, https://acme.test:14000/dir
#   sts     198.18.5.25   Postfix that sends under MTA-STS (postfix-mta-sts-resolver), without DANE
#
# world.test is signed and holds nothing but its name servers: a server under test publishes all of it by itself.
#
# LAB names the lab (several can run side by side), LAB_STATE its folder. Needs root and the packages that
# tests/run lists. Outside the namespaces only /etc/netns/NAME-* is written; `down` removes it.
set -eEuo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB=${LAB:-mailctl}
STATE=${LAB_STATE:-/run/mailctl-lab-$LAB}
NET=198.18 NET6=2001:db8
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

HOSTS=(dns mx1 peer client acme sts)
declare -A ADDRESSES=([dns]="0.53 0.1 0.2" [mx1]="1.25" [peer]="2.25" [client]="3.10" [acme]="4.14" [sts]="5.25")
declare -A ADDRESSES6=([dns]="0:53 0:1 0:2" [mx1]="1:25" [peer]="2:25" [client]="3:10" [acme]="4:14" [sts]="5:25")
ZONES=(example.test peer.test world.test) # signed, delegated from test.
REVERSE=("18.${NET%%.*}.in-addr.arpa" 8.b.d.0.1.0.0.2.ip6.arpa)
SECONDARY=(world.test)

die() { echo "lab: $*" >&2; exit 1; }
space() { echo "$LAB-$1"; }
exists() { [[ -e /run/netns/$(space "$1") ]]; }

# become HOST CMD...: turn into CMD on that host, so that our process number is its.
become() {
    local host=$1
    shift
    exec ip netns exec "$(space "$host")" env LAB="$LAB" LAB_STATE="$STATE" LAB_HOST="$host" \
        SSL_CERT_FILE="$STATE/ca/bundle.pem" CURL_CA_BUNDLE="$STATE/ca/bundle.pem" "$@"
}
on() { (become "$@"); }
background() { # HOST NAME CMD...: a daemon, its output in log/NAME.log
    local host=$1 name=$2
    shift 2
    become "$host" setsid "$@" >"$STATE/log/$name.log" 2>&1 </dev/null &
    disown
}
wait_for() { # SECONDS WHAT CMD...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < end)) || die "$what did not come up; see $STATE/log"
        sleep 0.05
    done
}
fill() { sed -e "s|@NET@|$NET|g" -e "s|@NET6@|$NET6|g" -e "s|@STATE@|$STATE|g" "$1"; }

# ── network ─────────────────────────────────────────────────────────────────────────────────────────
network_up() {
    local host a name
    ip netns add "$(space net)"
    ip -n "$(space net)" link add br0 type bridge forward_delay 0
    ip -n "$(space net)" link set br0 up
    for host in "${HOSTS[@]}"; do
        name=$(space "$host")
        ip netns add "$name"
        ip -n "$name" link add eth0 type veth peer name "$host" netns "$(space net)"
        ip -n "$(space net)" link set "$host" master br0 up
        ip -n "$name" link set lo up
        ip -n "$name" link set eth0 up
        for a in ${ADDRESSES[$host]}; do ip -n "$name" addr add "$NET.$a/16" dev eth0; done
        for a in ${ADDRESSES6[$host]}; do ip -n "$name" addr add "$NET6:${a/:/::}/32" dev eth0 nodad; done
        # `ip netns exec` lays these files over /etc for the command that it runs.
        mkdir -p "/etc/netns/$name"
        printf 'nameserver %s.0.53\noptions trust-ad timeout:2 attempts:2\n' "$NET" >"/etc/netns/$name/resolv.conf"
        printf '127.0.0.1 localhost\n::1 localhost\n127.0.0.1 %s\n' "$(hostname)" >"/etc/netns/$name/hosts"
    done
}

# ── certificates ────────────────────────────────────────────────────────────────────────────────────
authority() { # NAME: a certificate authority
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=Lab authority $1" \
        -keyout "$STATE/ca/$1.key" -out "$STATE/ca/$1.pem" 2>/dev/null
}
certificate() { # FILE NAME: one for NAME, vouched for by the lab's authority
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
        -CA "$STATE/ca/ca.pem" -CAkey "$STATE/ca/ca.key" -addext "subjectAltName=DNS:$2" \
        -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth \
        -keyout "$STATE/ca/$1.key" -out "$STATE/ca/$1.pem" 2>/dev/null
}
certificates_up() {
    install -d -m 755 "$STATE/ca"
    authority ca
    authority stranger # vouches for nobody here
    certificate mx1 mx1.example.test
    certificate peer mx.peer.test
    certificate acme acme.test
    cp "$STATE/ca/ca.pem" "$STATE/ca/bundle.pem" # and the root of the certificate authority, once it has one
}

# ── names ───────────────────────────────────────────────────────────────────────────────────────────
answers() { on dns dig +short +time=1 +tries=1 "@$NET.$1" "$2" "$3" | grep -q .; }
zone_key() {
    keymgr -c "$STATE/dns/knot.conf" "$1" generate ksk=yes zsk=yes algorithm=ECDSAP256SHA256 >>"$STATE/log/keymgr.log" 2>&1
}
delegation() { # ZONE: its DS records with digest SHA-256
    keymgr -c "$STATE/dns/knot.conf" "$1" ds 2>/dev/null | awk '$5 == 2 || $4 == 2'
}
names_up() {
    local d=$STATE/dns zone
    install -d "$d/zones" "$d/db" "$d/unbound"
    openssl rand -base64 32 >"$d/secret"
    printf 'key "lab." {\n algorithm hmac-sha256;\n secret "%s";\n};\n' "$(cat "$d/secret")" >"$d/tsig.key"
    {
        fill "$here/conf/knot.conf" | sed "s|@SECRET@|$(cat "$d/secret")|"
        for zone in . test "${ZONES[@]}"; do
            printf '  - domain: "%s"\n    file: "%s.zone"\n' "$zone" "${zone/#./root}"
            [[ " ${SECONDARY[*]} " != *" $zone "* ]] || echo '    notify: second'
        done
        for zone in "${REVERSE[@]}" bl.test; do printf '  - domain: "%s"\n    file: "%s.zone"\n    template: plain\n' "$zone" "$zone"; done
    } >"$d/knot.conf"
    {
        fill "$here/conf/knot-secondary.conf" | sed "s|@SECRET@|$(cat "$d/secret")|"
        for zone in "${SECONDARY[@]}"; do printf '  - domain: "%s"\n' "$zone"; done
    } >"$d/knot-secondary.conf"
    for zone in root test "${ZONES[@]}" bl.test; do fill "$here/zones/$zone.zone" >"$d/zones/$zone.zone"; done
    for zone in "${REVERSE[@]}"; do fill "$here/zones/reverse.zone" | sed "s|@ZONE@|$zone|" >"$d/zones/$zone.zone"; done
    install -d "$d/db2"
    for zone in . test "${ZONES[@]}"; do zone_key "$zone"; done
    # Each parent publishes its children from the first second on.
    for zone in "${ZONES[@]}"; do { delegation "$zone"; echo "$zone. NS ns.test."; } >>"$d/zones/test.zone"; done
    echo "bl.test. NS ns.test." >>"$d/zones/test.zone"
    for zone in "${SECONDARY[@]}"; do echo "$zone. NS ns2.test."; done >>"$d/zones/test.zone"
    { delegation test; for zone in test "${REVERSE[@]}"; do echo "$zone. NS ns.test."; done; } >>"$d/zones/root.zone"
    delegation . >"$d/trust-anchor.ds"
    fill "$here/conf/unbound.conf" >"$d/unbound/unbound.conf"
    printf '. NS a.root.\na.root. A %s.0.1\n' "$NET" >"$d/unbound/root.hints"
    background dns knot knotd -c "$d/knot.conf"
    wait_for 10 "the name server" answers 0.1 peer.test MX
    background dns knot-secondary knotd -c "$d/knot-secondary.conf"
    wait_for 10 "the secondary name server" answers 0.2 world.test SOA
    background dns unbound unbound -d -c "$d/unbound/unbound.conf"
    wait_for 10 "the resolver" answers 0.53 mx1.example.test A
}

# ── peer ────────────────────────────────────────────────────────────────────────────────────────────
listening() { on peer bash -c "exec 3<>/dev/tcp/127.0.0.1/$1"; }
peer_up() {
    local p=$STATE/peer
    install -d -m 755 "$p" "$p/etc" "$p/queue" "$p/mail" "$p/sasl"
    install -d -m 700 -o postfix "$p/data"
    chown nobody "$p/mail"
    for file in main.cf master.cf mailboxes; do fill "$here/conf/peer/$file" >"$p/etc/$file"; done
    fill "$here/conf/peer/sasl.conf" >"$p/sasl.conf"
    printf 'mailctl:{PLAIN}relay-secret\n' >"$p/sasl-users"
    background peer sasl dovecot -F -c "$p/sasl.conf"
    wait_for 10 "the peer's password check" test -S "$p/sasl/auth"
    fill "$here/conf/peer/opendkim.conf" >"$p/opendkim.conf"
    fill "$here/conf/peer/opendkim-resolver.conf" >"$p/opendkim-resolver.conf"
    background peer opendkim opendkim -f -x "$p/opendkim.conf"
    peer start
}

# ── a sender under MTA-STS ──────────────────────────────────────────────────────────────────────────
sts_up() {
    local p=$STATE/sts
    install -d -m 755 "$p" "$p/etc" "$p/queue"
    install -d -m 700 -o postfix "$p/data"
    fill "$here/conf/sts/main.cf" >"$p/etc/main.cf"
    grep -v '^\(465\|587\|2587\|  -o\)' "$here/conf/peer/master.cf" >"$p/etc/master.cf"
    fill "$here/conf/sts/mta-sts.yml" >"$p/mta-sts.yml"
    background sts mta-sts-resolver mta-sts-daemon -c "$p/mta-sts.yml"
    on sts postfix -c "$p/etc" start >>"$STATE/log/sts-start.log" 2>&1
}

# ── the certificate authority ───────────────────────────────────────────────────────────────────────
acme() {
    case $1 in
    start)
        fill "$here/conf/pebble.json" >"$STATE/pebble.json"
        background acme pebble env PEBBLE_VA_NOSLEEP=1 pebble -config "$STATE/pebble.json" -dnsserver "$NET.0.53:53"
        wait_for 10 "the certificate authority" on acme curl -sf https://acme.test:15000/roots/0
        # Each start makes a new root.
        { cat "$STATE/ca/ca.pem"; on acme curl -sf https://acme.test:15000/roots/0; } >"$STATE/ca/bundle.new"
        mv "$STATE/ca/bundle.new" "$STATE/ca/bundle.pem" ;;
    stop) for process in $(processes acme); do kill "$process" 2>/dev/null || :; done ;;
    *) die "acme start or stop" ;;
    esac
}
peer() {
    case $1 in
    start) on peer postfix -c "$STATE/peer/etc" start >>"$STATE/log/peer-start.log" 2>&1; wait_for 10 Postfix listening 25 ;;
    stop) on peer postfix -c "$STATE/peer/etc" stop >>"$STATE/log/peer-start.log" 2>&1 ;;
    reload) on peer postfix -c "$STATE/peer/etc" reload >>"$STATE/log/peer-start.log" 2>&1 ;;
    *) die "peer start, stop or reload" ;;
    esac
}

# ── commands ────────────────────────────────────────────────────────────────────────────────────────
processes() { exists "$1" && ip netns pids "$(space "$1")"; }
down() {
    local host pids end
    for host in "${HOSTS[@]}"; do # only what lives in this lab's own namespaces is ever signalled
        pids=$(processes "$host") || continue
        [[ -z $pids ]] || kill $pids 2>/dev/null || :
    done
    for host in "${HOSTS[@]}"; do
        end=$((SECONDS + 3))
        while pids=$(processes "$host") && [[ -n $pids ]]; do
            ((SECONDS < end)) || kill -9 $pids 2>/dev/null || :
            sleep 0.05
        done
    done
    for host in "${HOSTS[@]}" net; do
        ! exists "$host" || ip netns del "$(space "$host")"
        rm -rf "/etc/netns/$(space "$host")"
    done
    rmdir /etc/netns 2>/dev/null || :
    [[ ! -e $STATE || -e $STATE/.lab ]] || die "$STATE is no lab's folder; left alone"
    rm -rf "$STATE"
}
up() {
    local program
    [[ $(id -u) == 0 ]] || die "needs root"
    for program in ip openssl knotd keymgr unbound dig nsupdate postfix dovecot opendkim pebble mta-sts-daemon curl; do
        command -v "$program" >/dev/null || die "$program is missing; tests/run installs it"
    done
    down
    trap 'echo "lab: up failed at line $LINENO; logs are in $STATE/log" >&2' ERR
    install -d -m 755 "$STATE" "$STATE/log"
    touch "$STATE/.lab"
    certificates_up
    network_up
    names_up
    acme start
    peer_up
    sts_up
    echo "lab $LAB is up: state $STATE"
}
status() {
    local host p
    for host in "${HOSTS[@]}"; do
        exists "$host" || { echo "$host: down"; continue; }
        printf '%-7s %s\n' "$host" "$(ip -n "$(space "$host")" -br addr show eth0 | awk '{$1 = $2 = ""; print}')"
        for p in $(processes "$host"); do printf '        %s %s\n' "$p" "$(tr '\0' ' ' <"/proc/$p/cmdline" | cut -c1-100)"; done
    done
}
publish() {
    { echo "server $NET.0.1"; echo "zone $1"; cat; echo send; } | on dns nsupdate -k "$STATE/dns/tsig.key"
    flush "$1"
}
flush() { on dns unbound-control -q -c "$STATE/dns/unbound/unbound.conf" flush_zone "$1"; }

command=${1:-help}
shift || :
case $command in
up | down | status) "$command" ;;
exec) exists "${1:?host}" || die "no host $1; is the lab up?"; become "$@" ;;
peer | publish | flush | acme) "$command" "$@" ;;
*) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac
