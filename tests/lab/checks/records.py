"""Records pushed into an empty signed zone, looked at from outside, and faults planted one at a time.

world.test holds nothing but its name servers at first. `dns push` fills it, `dns check` has nothing to say; then each
row of FAULTS breaks one thing, must be found under its code, and is mended again. `also` names what follows from the
same fault; any other code is a false alarm.
"""

import http.server
import json
import ssl
import threading
import time

from lab import ADDRESS, STATE, Server, empty, fact, lab, main, on, run, wait_until, want

ZONE, HOST, ADDRESS6 = "world.test", "mx.world.test", "2001:db8:1::25"
POLICY_HOST, WEB = "mta-sts.world.test", "198.18.3.10"
PRIMARY, SECONDARY = "198.18.0.1", "198.18.0.2"
REVERSE4, REVERSE6 = "18.198.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa"
PTR4 = "25.1.18.198.in-addr.arpa."
PTR6 = "5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
NOTHING = "00" * 32

YAML = f"""
version: 1
profile: lab
host: {{ name: {HOST}, addresses: [{ADDRESS}, "{ADDRESS6}"] }}
listeners:
  smtp: {{ addresses: [0.0.0.0, "::"] }}
  submission: {{ addresses: [0.0.0.0, "::"] }}
  submissions: {{ addresses: [0.0.0.0, "::"] }}
  imap: {{ addresses: [0.0.0.0, "::"] }}
  imaps: {{ addresses: [0.0.0.0, "::"] }}
certificates:
  files: [{{ chain: "{STATE}/ca/world.pem", key: "{STATE}/ca/world.key" }}]
domains:
  {ZONE}:
    dnssec: signed
    tls_rpt: {{}}
    mta_sts: {{ mode: enforce, served_by: external }}
    dmarc: {{ policy: reject }}
    spf: {{ all: softfail }}
accounts:
  alice@{ZONE}: {{ password: {{ file: secrets/alice }} }}
dns:
  publish: {{ rfc2136: {{ server: "{PRIMARY}:53", key_name: lab, key: {{ file: secrets/tsig }} }} }}
  resolver: ["198.18.0.53:53"]
  trust_anchor: "{STATE}/dns/trust-anchor.ds"
  ttl: 5m
  caa: {{ issuers: [acme.test] }}
outbound: {{ authority: "{STATE}/ca/ca.pem" }}
"""


def certificate(file, name, authority="ca"):
    ca = f"{STATE}/ca/{authority}"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", f"/CN={name}", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-addext", f"subjectAltName=DNS:{name}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
        "-keyout", f"{STATE}/ca/{file}.key", "-out", f"{STATE}/ca/{file}.pem")


class Web:
    """The web server that has the policy: what it says and whom it claims to be can be changed."""

    def __init__(self):
        self.text = ""
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                octets = web.text.encode()
                self.send_response(200 if self.path == "/.well-known/mta-sts.txt" else 404)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((WEB, 443), Handler)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.show("policy")
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def show(self, file):
        self.context.load_cert_chain(f"{STATE}/ca/{file}.pem", f"{STATE}/ca/{file}.key")


def dig(server, name, kind):
    return run("dig", "+short", f"@{server}", name, kind).split("\n")[:-1]


def publish(zone, *lines):
    lab("publish", zone, input="\n".join(lines) + "\n")


def settled():
    """Both servers have the same serial."""
    serials = [dig(server, ZONE, "SOA")[0].split()[2] for server in (PRIMARY, SECONDARY)]
    return serials[0] == serials[1]


def flush():
    for zone in (ZONE, REVERSE4, REVERSE6, "bl.test", "test", "elsewhere.test"):
        lab("flush", zone)


def check(*words):
    """The findings of `dns check` as (code, detail) pairs, and the whole answer."""
    flush()
    done = server.mailctl("dns", "check", "--format", "json", "--block-list", "bl.test", *words)
    want(done.stdout.startswith("{"), f"no answer: {done.stderr[-600:]} {done.stdout[-300:]}")
    answer = json.loads(done.stdout)
    findings = answer["findings"]["diagnostics"]
    errors = any(finding["severity"] == "error" for finding in findings)
    want(done.returncode == (1 if errors else 0), f"exit code {done.returncode} with {findings}")
    return [(finding["code"], finding["detail"]) for finding in findings], answer


def push(*words):
    done = server.mailctl("dns", "push", "--format", "json", *words)
    want(done.stdout.startswith("{"), f"no answer: {done.stderr[-600:]}")
    return done, json.loads(done.stdout)


def undisturbed(plant, look, mend=None):
    """What `look` gives after `plant`. The server puts its records back once a minute; if it has done so meanwhile, both
    are done once more."""
    for _ in range(3):
        plant()
        serial = dig(PRIMARY, ZONE, "SOA")
        seen = look()
        if dig(PRIMARY, ZONE, "SOA") == serial:
            break
        if mend:
            mend()
    return seen


def changes(answer):
    return [change for zone in answer["zones"] for change in zone["changes"]]


for file, name in (("world", HOST), ("policy", POLICY_HOST), ("other", "www.world.test")):
    certificate(file, name)
certificate("untrusted", POLICY_HOST, "stranger")
server = Server("dns", lambda _: YAML)
(server.folder / "secrets/tsig").write_text((STATE / "dns/secret").read_text())
web = Web()


@fact("the plan is active, and its policy stands on another web server")
def _():
    empty(ZONE)
    # Not served yet: a server that runs publishes by itself.
    done = server.mailctl("apply")
    want(done.returncode == 0, done.stderr)
    plan = json.loads(next((server.state / "plans").glob("*.json")).read_text())
    web.text = plan["domains"][ZONE]["mta_sts"]["text"]
    publish(ZONE, f"update add {POLICY_HOST}. 300 A {WEB}")
    publish(REVERSE4, f"update add {PTR4} 5 PTR {HOST}.")
    publish(REVERSE6, f"update add {PTR6} 5 PTR {HOST}.")


@fact("push shows what it would do and does nothing without --yes")
def _():
    before = dig(PRIMARY, ZONE, "SOA")
    done, answer = push("--detailed-exitcode")
    want(done.returncode == 2 and not answer["pushed"], f"{done.returncode} {done.stderr}")
    want(len(changes(answer)) > 10, changes(answer))
    want(dig(PRIMARY, ZONE, "SOA") == before, "the zone has changed")
    human = server.mailctl("dns", "push")
    want(human.returncode == 0 and "Zone world.test" in human.stdout and "+ world.test" in human.stdout, human.stdout)
    want("nothing was pushed" in human.stderr, human.stderr)


@fact("push fills an empty signed zone, and a second push changes nothing")
def _():
    done, answer = push("--yes")
    want(done.returncode == 0 and answer["pushed"], done.stderr)
    want(dig(PRIMARY, ZONE, "MX") == [f"10 {HOST}."], dig(PRIMARY, ZONE, "MX"))
    want(dig(PRIMARY, f"_25._tcp.{HOST}", "TLSA"), "no TLSA record")
    serial = dig(PRIMARY, ZONE, "SOA")
    done, answer = push("--yes", "--detailed-exitcode")
    want(done.returncode == 0 and not answer["pushed"] and not changes(answer), changes(answer))
    want(dig(PRIMARY, ZONE, "SOA") == serial, "the second push made a new serial")
    return f"{len(dig(PRIMARY, f'_mailctl.{ZONE}', 'TXT'))} sets are marked as ours"


@fact("the check has nothing to say of what was pushed")
def _():
    server.start("serve")
    wait_until(10, "the secondary has the zone", settled)
    findings, answer = check()
    want(findings == [], findings)
    want(answer["zones"][0]["dnssec"] == "secure" and len(answer["zones"][0]["servers"]) == 2, answer["zones"])
    want(all(found["state"] == "right" for found in answer["sets"]), answer["sets"])


@fact("the doctor gives what was pushed a hundred points, and says what a lost one needs")
def _():
    flush()

    def doctor():
        done = server.mailctl("doctor", "--format", "json", "--block-list", "bl.test")
        want(done.stdout.startswith("{"), f"no answer: {done.stderr[-600:]}")
        return done, json.loads(done.stdout)

    done, answer = doctor()
    lost = [c for c in answer["score"]["criteria"] if c["met"] is not True]
    want(answer["score"]["points"] == 100 and not lost, lost)
    bad = [part for part in answer["parts"] if part["state"] == "bad"]
    want(done.returncode == 0 and not bad, bad)

    def spoil():
        publish(ZONE, f"update delete _25._tcp.{HOST}. TLSA", f"update delete _smtp._tls.{ZONE}. TXT")

    def look():
        wait_until(10, "the secondary has the zone", settled)
        flush()
        return doctor()

    done, answer = undisturbed(spoil, look)
    lost = {c["name"]: c["next"] for c in answer["score"]["criteria"] if c["met"] is not True}
    want(answer["score"]["points"] == 85 and set(lost) == {"DANE", "TLS-RPT"} and all(lost.values()), answer["score"])
    want(done.returncode == 1, "a missing TLSA record is an error")
    push("--yes")
    wait_until(10, "the secondary has the zone", settled)
    human = server.mailctl("doctor", "--block-list", "bl.test").stdout
    want("Score 100 of 100" in human, human)


@fact("foreign strings beside ours stay, a foreign MX is refused, and goes when told to")
def _():
    publish(ZONE, f'update add {ZONE}. 300 TXT "site-verification=1"', f"update add {ZONE}. 300 MX 5 mx.elsewhere.test.")
    done, answer = push("--yes")
    want(done.returncode == 1 and not answer["pushed"] and "nothing was pushed" in done.stderr, done.stderr)
    want([c["foreign"] for c in answer["zones"][0]["conflicts"]] == ["5 mx.elsewhere.test"], answer)
    want(len(dig(PRIMARY, ZONE, "MX")) == 2, "the foreign MX has gone")
    done, answer = push("--yes", "--replace-foreign")
    want(done.returncode == 0 and answer["pushed"], done.stderr)
    want(dig(PRIMARY, ZONE, "MX") == [f"10 {HOST}."], dig(PRIMARY, ZONE, "MX"))
    want('"site-verification=1"' in dig(PRIMARY, ZONE, "TXT"), dig(PRIMARY, ZONE, "TXT"))
    publish(ZONE, f'update delete {ZONE}. TXT "site-verification=1"')


@fact("a wrong key, a wrong name and a wrong server are told apart")
def _():
    secret = (STATE / "dns/secret").read_text()
    for edit, words in (
        (lambda y: (y, "c29tZXRoaW5nIGVsc2U="), "BADSIG"),
        (lambda y: (y.replace("key_name: lab", "key_name: nobody"), secret), "BADKEY"),
        (lambda y: (y.replace(f"{PRIMARY}:53", f"{SECONDARY}:53"), secret), ""),
    ):
        yaml, key = edit(YAML.replace("ttl: 5m", "ttl: 6m"))
        server.config.write_text(yaml)
        (server.folder / "secrets/tsig").write_text(key)
        done = server.mailctl("dns", "push", "--yes")
        want(done.returncode == 1 and words in done.stderr, f"{words}: {done.returncode} {done.stderr}")
    server.config.write_text(YAML)
    (server.folder / "secrets/tsig").write_text(secret)


# ── faults ──────────────────────────────────────────────────────────────────────────────────────────
# name, how it is planted, the code it must be found under, what may be found with it, how it is mended besides a push

SPF_MANY = " ".join(f"a:n{n}.world.test" for n in range(11))


def zone(*lines):
    return lambda: publish(ZONE, *lines)


def names(above, here):
    def plant():
        publish("test", above)
        publish(ZONE, here)

    return plant


def dkim_texts(change):
    def plant():
        name = next(iter(DKIM))
        publish(ZONE, f"update delete {name}. TXT", f'update add {name}. 300 TXT {change(DKIM[name])}')

    return plant


def quoted(text):
    return " ".join(f'"{text[at:at + 250]}"' for at in range(0, len(text), 250))


DKIM = {}


def remember_dkim():
    done = server.mailctl("dns", "records", "--format", "zone").stdout
    for line in done.splitlines():
        if "_domainkey" in line and "k=rsa" in line:
            name = line.split()[0].rstrip(".")
            DKIM[name] = "".join(line.split('"')[1::2])
    want(DKIM, done)


def freeze():
    on("dns", "knotc", "-c", STATE / "dns/knot-secondary.conf", "zone-freeze", ZONE)
    publish(ZONE, f"update add serial.{ZONE}. 5 TXT x")


def thaw():
    on("dns", "knotc", "-c", STATE / "dns/knot-secondary.conf", "zone-thaw", ZONE)
    on("dns", "knotc", "-c", STATE / "dns/knot-secondary.conf", "zone-refresh", ZONE)
    publish(ZONE, f"update delete serial.{ZONE}. TXT")


BRIEF = """  - id: brief
    manual: on
    single-type-signing: on
    algorithm: ecdsap256sha256
    rrsig-lifetime: 5s
    rrsig-refresh: 2s
    rrsig-pre-refresh: 0
    zone-max-ttl: 1
    propagation-delay: 0
"""


def resign(edit):
    """Has the primary sign the zone anew under an edited configuration."""
    conf = STATE / "dns/knot.conf"
    saved.setdefault("knot", conf.read_text())
    conf.write_text(edit(saved["knot"]))
    for command in (("reload",), ("-b", "zone-sign", ZONE)):
        done = on("dns", "knotc", "-c", conf, *command)
        want(done.returncode == 0, done.stderr)


def expire():
    """Signatures of a few seconds, and nobody who renews them."""
    head, tail = f'  - domain: "{ZONE}"\n', "    dnssec-policy: brief\n"
    resign(lambda text: text.replace("template:\n", BRIEF + "template:\n", 1).replace(head, head + tail))
    on("dns", "knotc", "-c", STATE / "dns/knot.conf", "zone-freeze", ZONE)
    time.sleep(7)


def unexpire():
    on("dns", "knotc", "-c", STATE / "dns/knot.conf", "zone-thaw", ZONE)
    resign(lambda text: text)


def reject(add):
    for tool in ("iptables", "ip6tables"):
        on("mx1", tool, "-I" if add else "-D", "INPUT", "-p", "tcp", "--dport", "465", "-j", "REJECT")


def policy(change):
    def plant():
        web.original = web.text
        web.text = change(web.text)

    return plant


def policy_back():
    web.text = web.original


def ds(change):
    def plant():
        saved["ds"] = dig(PRIMARY, ZONE, "DS")
        publish("test", f"update delete {ZONE}. DS", *change(saved["ds"]))

    return plant


def ds_back():
    publish("test", f"update delete {ZONE}. DS", *(f"update add {ZONE}. 5 DS {line}" for line in saved["ds"]))


saved = {}
A, B = f"update delete {ZONE}.", f"update add {ZONE}. 300"
FAULTS = [
    ("MX missing", zone(f"{A} MX"), "DNS-027", [], None),
    ("MX leads elsewhere", zone(f"{A} MX", f"{B} MX 10 mx.elsewhere.test."), "DNS-003", ["STS-002"], None),
    ("MX is an alias", zone(f"update add alias.{ZONE}. 300 CNAME {HOST}.", f"{A} MX", f"{B} MX 10 alias.{ZONE}."),
     "DNS-002", ["STS-002"], zone(f"update delete alias.{ZONE}. CNAME")),
    ("null MX beside MX", zone(f"{B} MX 0 ."), "DNS-004", [], None),
    ("second SPF record", zone(f'{B} TXT "v=spf1 include:elsewhere.test -all"'), "DNS-008", [], None),
    ("SPF needs too many look-ups", zone(f"{A} TXT", f'{B} TXT "v=spf1 {SPF_MANY} mx -all"'), "DNS-009", ["DNS-027"], None),
    ("SPF without our address", zone(f"{A} TXT", f'{B} TXT "v=spf1 ip4:203.0.113.1 -all"'), "DNS-041", ["DNS-027"], None),
    ("DKIM key cut off", dkim_texts(lambda text: quoted(text[:255])), "DKIM-009", [], None),
    ("DKIM key of somebody else", dkim_texts(lambda text: quoted(text[:60] + "AAAA" + text[64:])), "DKIM-009", [], None),
    ("DKIM key missing", lambda: publish(ZONE, f"update delete {next(iter(DKIM))}. TXT"), "DKIM-009", [], None),
    ("DMARC with a typing error", zone(f"update delete _dmarc.{ZONE}. TXT", f'update add _dmarc.{ZONE}. 300 TXT "v=DMARC1; p=rejct"'),
     "DNS-042", [], None),
    ("DMARC reports to somebody who did not agree",
     zone(f"update delete _dmarc.{ZONE}. TXT", f'update add _dmarc.{ZONE}. 300 TXT "v=DMARC1; p=reject; rua=mailto:x@peer.test"'),
     "DNS-018", ["DNS-027"], None),
    ("TLSA of another key", zone(f"update delete _25._tcp.{HOST}. TLSA", f"update add _25._tcp.{HOST}. 300 TLSA 3 1 1 {NOTHING}"),
     "DANE-005", ["DNS-027"], None),
    ("TLSA missing", zone(f"update delete _25._tcp.{HOST}. TLSA"), "DNS-027", [], None),
    ("A missing", zone(f"update delete {HOST}. A"), "ID-005", ["DNS-006", "DNS-041"], None),
    ("AAAA of somebody else", zone(f"update delete {HOST}. AAAA", f"update add {HOST}. 300 AAAA 2001:db8:9::9"),
     "ID-005", ["DNS-006", "DNS-041"], None),
    ("the host's name does not lead back", zone(f"update delete {HOST}. A", f"update add {HOST}. 300 A 203.0.113.7"), "DNS-006",
     ["ID-005", "DNS-041"], None),
    ("PTR missing", lambda: publish(REVERSE4, f"update delete {PTR4} PTR"), "DNS-006", [],
     lambda: publish(REVERSE4, f"update add {PTR4} 5 PTR {HOST}.")),
    ("PTR is another name", lambda: publish(REVERSE4, f"update delete {PTR4} PTR", f"update add {PTR4} 5 PTR host25.isp.test."),
     "DNS-006", [], lambda: publish(REVERSE4, f"update delete {PTR4} PTR", f"update add {PTR4} 5 PTR {HOST}.")),
    ("PTR of IPv6 missing", lambda: publish(REVERSE6, f"update delete {PTR6} PTR"), "DNS-006", [],
     lambda: publish(REVERSE6, f"update add {PTR6} 5 PTR {HOST}.")),
    ("MTA-STS id of another policy", zone(f"update delete _mta-sts.{ZONE}. TXT", f'update add _mta-sts.{ZONE}. 300 TXT "v=STSv1; id=1"'),
     "STS-006", [], None),
    ("MTA-STS policy without our MX", policy(lambda text: text.replace(HOST, "mx2.world.test")), "STS-002", ["STS-015"], policy_back),
    ("MTA-STS policy weaker than planned", policy(lambda text: text.replace("enforce", "testing")), "STS-015", [], policy_back),
    ("policy host with a certificate for another name", lambda: web.show("other"), "STS-014", [], lambda: web.show("policy")),
    ("policy host with a certificate of a stranger", lambda: web.show("untrusted"), "STS-014", [], lambda: web.show("policy")),
    ("policy host without an address", zone(f"update delete {POLICY_HOST}. A"), "STS-014", [], zone(f"update add {POLICY_HOST}. 300 A {WEB}")),
    ("TLS-RPT missing", zone(f"update delete _smtp._tls.{ZONE}. TXT"), "STS-011", [], None),
    ("CAA forbids our authority", zone(f"update delete {HOST}. CAA", f'update add {HOST}. 300 CAA 0 issue "other.test"'), "DNS-024", [],
     zone(f'update delete {HOST}. CAA 0 issue "other.test"')),
    ("on a block list", lambda: publish("bl.test", "update add 25.1.18.198.bl.test. 5 A 127.0.0.2"), "DNS-040", [],
     lambda: publish("bl.test", "update delete 25.1.18.198.bl.test. A")),
    ("a block list that refuses us", lambda: publish("bl.test", "update add 25.1.18.198.bl.test. 5 A 127.255.255.254"), None, [],
     lambda: publish("bl.test", "update delete 25.1.18.198.bl.test. A")),
    ("a secondary that is out of date", freeze, "DNS-045", [], thaw),
    ("a name server that serves nothing", names("update add nowhere.test. 5 A 198.18.0.53", f"update add {ZONE}. 5 NS nowhere.test."),
     "DNS-046", [], names("update delete nowhere.test. A", f"update delete {ZONE}. NS nowhere.test.")),
    ("a name server without an address", zone(f"update add {ZONE}. 5 NS gone.test."),
     "DNS-046", [], zone(f"update delete {ZONE}. NS gone.test.")),
    ("host is an alias", zone(f"update delete {HOST}.", f"update add {HOST}. 300 CNAME client.test."),
     "DNS-032", ["ID-005", "DNS-006", "DNS-041", "DNS-002", "DNS-021", "DNS-027", "DANE-005"], None),
    ("a wildcard", zone(f"update add *.{ZONE}. 300 A 203.0.113.9"), "DNS-047", [], zone(f"update delete *.{ZONE}. A")),
    ("a TTL longer than planned", zone(f"{A} MX", f"update add {ZONE}. 86400 MX 10 {HOST}."), "DNS-026", [], None),
    ("a port that is shut", lambda: reject(True), "PORT-030", [], lambda: reject(False)),
    ("SRV to somebody else", zone(f"update add _pop3s._tcp.{ZONE}. 300 SRV 0 1 995 other.test."), "DNS-048", [],
     zone(f"update delete _pop3s._tcp.{ZONE}. SRV")),
    ("SRV to a port where nothing listens", zone(f"update add _pop3s._tcp.{ZONE}. 300 SRV 0 1 995 {HOST}."), "DNS-022", [],
     zone(f"update delete _pop3s._tcp.{ZONE}. SRV")),
    ("DS of another key", ds(lambda old: [f"update add {ZONE}. 5 DS 12345 13 2 {NOTHING}"]), "DNS-043", ["DNS-041", "STS-014"], ds_back),
    ("signatures that have ended", expire, "DNS-043", ["DNS-041", "STS-014"], unexpire),
    ("DS missing", ds(lambda old: []), "DNS-044", ["DANE-001"], ds_back),
]


@fact("each planted fault is found with its code, and no other")
def _():
    remember_dkim()
    missed = []
    for name, plant, code, also, mend in FAULTS:

        def look():
            if plant is not freeze:
                wait_until(10, f"{name}: the secondary has the zone", settled)
            return check()[0]

        found = undisturbed(plant, look, mend)
        codes = {c for c, _ in found}
        if (code and code not in codes) or codes - {code} - set(also):
            missed.append(f"{name}: wanted {code}, found {found}")
        if mend:
            mend()
        push("--yes", "--replace-foreign")
    want(not missed, f"{len(missed)} of {len(FAULTS)}: " + " || ".join(missed))
    return f"{len(FAULTS)} faults"


@fact("what was mended is clean again")
def _():
    wait_until(10, "the secondary has the zone", settled)
    findings, _ = check()
    want(findings == [], findings)


@fact("another machine tells what it cannot reach")
def _():
    report = STATE / "probe.json"
    report.write_text(run(server.command()[0], "probe", f"{ADDRESS}:25", f"{ADDRESS}:26"))
    findings, _ = check("--probe-result", str(report))
    want([code for code, _ in findings] == ["PORT-030"] and f"{ADDRESS}:26" in findings[0][1], findings)


@fact("the server stops")
def _():
    server.stop()


BACKUP = f"""
version: 1
profile: lab
host: {{ name: mx2.{ZONE}, addresses: [198.18.1.26], role: backup-mx }}
listeners: {{ smtp: {{}} }}
certificates: {{ self_signed: true }}
domains: {{ mx2.{ZONE}: {{ dkim: none }} }}
accounts: {{ alice@mx2.{ZONE}: {{ password: {{ file: secrets/alice }} }} }}
relay: {{ backup_for: {{ {ZONE}: {{ next_hop: {HOST}, recipients: [alice@{ZONE}] }} }} }}
dns:
  publish: {{ rfc2136: {{ server: "{PRIMARY}:53", key_name: lab, key: {{ file: secrets/tsig }} }} }}
"""


@fact("a backup MX pushes into the same zone, and neither host takes away what the other wants")
def _():
    backup = Server("second-mx", lambda _: BACKUP)
    (backup.folder / "secrets/tsig").write_text((STATE / "dns/secret").read_text())

    def pushed(host):
        done = host.mailctl("dns", "push", "--format", "json", "--yes")
        want(done.returncode == 0, f"{host.folder.name}: {done.stdout} {done.stderr}")
        return changes(json.loads(done.stdout))

    def marks():
        return {line.split()[1] for line in dig(PRIMARY, f"_mailctl.{ZONE}", "TXT")}

    push("--yes")
    before = dig(PRIMARY, ZONE, "MX"), dig(PRIMARY, ZONE, "TXT"), dig(PRIMARY, HOST, "A")
    want(pushed(backup) and dig(PRIMARY, f"mx2.{ZONE}", "A") == ["198.18.1.26"], "the backup has pushed nothing")
    want(marks() == {HOST, f"mx2.{ZONE}"}, marks())
    for host in (server, backup, server):
        want(not pushed(host), f"{host.folder.name} changes something again")
    backup.config.write_text(BACKUP.replace("198.18.1.26", "198.18.1.27"))
    want(pushed(backup) and dig(PRIMARY, f"mx2.{ZONE}", "A") == ["198.18.1.27"], "its own record is not changed")
    want((dig(PRIMARY, ZONE, "MX"), dig(PRIMARY, ZONE, "TXT"), dig(PRIMARY, HOST, "A")) == before, "the first host's records")
    want(not pushed(server), "the first host takes it back")


main()
