"""Roll-overs while mail comes in all the time: nobody may be refused, and nothing may come unverified.

world.test is filled by the server itself and has a second name server. Postfix on `peer` sends under DANE, Postfix on
`sts` under MTA-STS, several messages a second, through a new key, a policy that becomes enforced, and new selectors;
what leaves is verified with the keys that DNS has at that moment. TTLs are 5 s, `max_age` is 20 s, so that each takes
seconds.
"""

import json
import re
import ssl
import socket
import threading
import time

import dkim
from lab import ADDRESS, CA, STATE, Server, empty, fact, main, message, on, peer_message, run, smtplib, wait_until, want

ZONE, HOST, ADDRESS6 = "world.test", "mx.world.test", "2001:db8:1::25"
PRIMARY, SECONDARY = "198.18.0.1", "198.18.0.2"
ALICE = f"alice@{ZONE}"
TLSA = f"_25._tcp.{HOST}"

POLICY = "    mta_sts: { mode: enforce, max_age: 20s }"

YAML = f"""
version: 1
profile: lab
host: {{ name: {HOST}, addresses: [{ADDRESS}, "{ADDRESS6}"] }}
listeners:
  smtp: {{ addresses: [0.0.0.0, "::"] }}
  submissions: {{ addresses: [0.0.0.0, "::"] }}
  imaps: {{ addresses: [0.0.0.0, "::"] }}
  https: {{ addresses: [0.0.0.0, "::"] }}
certificates:
  files: [{{ chain: "{STATE}/ca/roll.pem", key: "{STATE}/ca/roll.key" }}]
domains:
  {ZONE}:
    dnssec: signed
    tls_rpt: {{}}
{POLICY}
    dkim: {{ s1: {{}} }}
accounts:
  {ALICE}: {{ password: {{ file: secrets/alice }} }}
dns:
  publish: {{ rfc2136: {{ server: "{PRIMARY}:53", key_name: lab, key: {{ file: secrets/tsig }} }} }}
  resolver: ["198.18.0.53:53"]
  trust_anchor: "{STATE}/dns/trust-anchor.ds"
  ttl: 5s
outbound: {{ authority: "{STATE}/ca/ca.pem", lifetime: 20s, retry: [2s] }}
limits: {{ connections_per_source_max: 500, drain: 2s }}
"""


def certificate():
    """A new key, and a certificate for it, in the server's files."""
    ca = f"{STATE}/ca/ca"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
        "-subj", f"/CN={HOST}", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key",
        "-addext", f"subjectAltName=DNS:{HOST},DNS:mta-sts.{ZONE}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
        "-keyout", f"{STATE}/ca/roll.new.key", "-out", f"{STATE}/ca/roll.new.pem")
    for kind in ("key", "pem"):
        (STATE / f"ca/roll.new.{kind}").rename(STATE / f"ca/roll.{kind}")


def spki(pem):
    der = run("openssl", "pkey", "-pubin", "-outform", "DER",
              input=run("openssl", "x509", "-pubkey", "-noout", input=pem).encode(), text=False)
    return run("sha256sum", input=der, text=False).decode().split()[0]


def served():
    context = ssl.create_default_context(cafile=CA)
    with socket.create_connection((ADDRESS, 465), 5) as raw, context.wrap_socket(raw, server_hostname=HOST) as tls:
        return spki(ssl.DER_cert_to_PEM_cert(tls.getpeercert(True)))


def dig(where, name, kind):
    return run("dig", "+short", f"@{where}", name, kind).split("\n")[:-1]


def announced(where):
    return {"".join(line.split()[3:]).lower() for line in dig(where, TLSA, "TLSA")}


def status():
    done = server.mailctl("status", "--format", "json")
    want(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)


def stages():
    return {stage["stage"]: stage for stage in status()["stages"]}


def until(seconds, otherwise, condition):
    """As `wait_until`; what does not come says what the server waits for."""
    try:
        return wait_until(seconds, otherwise, condition, 0.3)
    except AssertionError as why:
        seen = status()
        waits = {stage["stage"]: stage["waits_for"] for stage in seen["stages"]}
        raise AssertionError(f"{why}: {waits} {(seen['running'] or {}).get('stages_problem')} {announced(PRIMARY)} {announced(SECONDARY)}") from None


def at_rest(seconds):
    until(seconds, "something is still under way", lambda: not stages())


def policy():
    return run("curl", "-sS", "--max-time", "5", f"https://mta-sts.{ZONE}/.well-known/mta-sts.txt")


class Senders:
    """Two servers that send to us all the time, until they are stopped."""

    LOGS = {"peer": STATE / "log/postfix.log", "sts": STATE / "log/postfix-sts.log"}

    def __enter__(self):
        self.from_ = {host: path.stat().st_size if path.exists() else 0 for host, path in self.LOGS.items()}
        self.ended, self.sent = threading.Event(), {host: 0 for host in self.LOGS}
        self.threads = [threading.Thread(target=self.send, args=(host,)) for host in self.LOGS]
        for thread in self.threads:
            thread.start()
        return self

    def send(self, host):
        while not self.ended.wait(0.4):
            text = message(f"rolling {host} {self.sent[host]}", ALICE, f"carol@{host}.test")
            on(host, "sendmail", "-C", STATE / f"{host}/etc", "-f", f"carol@{host}.test", ALICE, input=text)
            self.sent[host] += 1

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()

    def judge(self, verified=("peer", "sts")):
        """All were delivered at once, over connections that were verified if they are from one of those."""
        remarks = []
        for host, path in self.LOGS.items():
            def log():
                with open(path, errors="replace") as file:
                    file.seek(self.from_[host])
                    return file.read()
            sent = self.sent[host]
            def outcomes():
                return re.findall(rf"to=<{re.escape(ALICE)}>.*status=(\w+)", log())
            wait_until(30, f"{host} still has mail", lambda: len(outcomes()) >= sent, 0.3)
            found = outcomes()
            bad = [line for line in log().splitlines() if ALICE in line and "status=" in line and "status=sent" not in line]
            want(not bad, f"{host}: {len(bad)} of {len(found)} were not delivered at once: {bad[:2]}")
            connections = re.findall(rf"(\w+) TLS connection established to {re.escape(HOST)}", log())
            good = {"Verified"} if host in verified else {"Verified", "Trusted"}
            want(connections and set(connections) <= good, f"{host}: {set(connections)} TLS connections")
            count = connections.count("Verified")
            remarks.append(f"{len(found)} from {host} on {len(connections)} connections, {count} of them verified")
        return ", ".join(remarks)


certificate()
server = Server("stages", lambda _: YAML)
(server.folder / "secrets/tsig").write_text((STATE / "dns/secret").read_text())


@fact("the first plan waits for nothing but the test of its policy, which becomes enforced under mail that never stops")
def _():
    empty(ZONE)
    server.start()
    until(30, "the server does not publish", lambda: announced(PRIMARY))
    # What the server does by itself is all there is to do.
    done = server.mailctl("dns", "push", "--yes", "--active")
    want(done.returncode == 0, done.stdout[-600:] + done.stderr[-600:])
    # The resolver has heard of both names when it gives an address behind the alias.
    wait_until(20, "the policy's host has no address", lambda: ADDRESS in dig("198.18.0.53", f"mta-sts.{ZONE}", "A"), 0.3)
    wait_until(20, "the policy's host has no address", lambda: ADDRESS6 in dig("198.18.0.53", f"mta-sts.{ZONE}", "AAAA"), 0.3)
    wait_until(20, "the MX is not known", lambda: dig("198.18.0.53", ZONE, "MX"), 0.3)
    want("mode: testing" in policy(), policy())
    begun = time.monotonic()
    with Senders() as senders:
        wait_until(90, "the policy is not enforced", lambda: "mode: enforce" in policy(), 0.5)
        took = time.monotonic() - begun
        # What `sts` has remembered of the policy in test ends.
        time.sleep(22)
    want(took >= 15, f"enforced after {took:.0f} s, and its max_age is 20 s")
    at_rest(90)
    want(announced(PRIMARY) == announced(SECONDARY) == {served()}, f"{announced(PRIMARY)} {served()}")
    return f"enforced after {took:.0f} s; {senders.judge(verified=['peer'])}"


@fact("a new key rolls over under two senders that verify, and nobody is refused")
def _():
    old = served()
    with Senders() as senders:
        time.sleep(3)
        certificate()
        new = spki((STATE / "ca/roll.pem").read_text())
        server.mailctl("certificates", "renew")
        wait_until(90, "the new key is not announced", lambda: {old, new} <= announced(PRIMARY) & announced(SECONDARY), 0.2)
        seen = time.monotonic()
        want(served() == old, "the new key is served before anybody can know it")
        wait_until(60, "the new key is not served", lambda: served() == new, 0.2)
        waited = time.monotonic() - seen
        want(waited >= 9.5, f"served {waited:.1f} s after it was seen, and two TTLs are 10 s")
        want(old in announced(PRIMARY), "the old record went with the key")
        until(60, "the old record stays", lambda: announced(PRIMARY) == announced(SECONDARY) == {new})
        time.sleep(7)
    at_rest(60)
    return f"served {waited:.1f} s after both servers had it; {senders.judge()}"


def verified(subject):
    """What Alice sends verifies with the key that DNS has now; by which selectors."""
    with smtplib.SMTP_SSL(HOST, 465, context=ssl.create_default_context(cafile=CA), timeout=20) as session:
        session.login(ALICE, "alice-secret")
        session.sendmail(ALICE, ["bob@peer.test"], message(subject, "bob@peer.test", ALICE))
    text = peer_message("bob", subject)
    signed = set(re.findall(rb"\bs=([\w-]+);", text))
    def key(name, timeout=5):
        texts = dig("198.18.0.53", name.decode().rstrip("."), "TXT")
        return "".join(re.findall(r'"([^"]*)"', texts[0])).encode() if texts else None
    # OpenDKIM at the receiver, when the message came.
    results = re.findall(rb"(?im)^authentication-results: mx\.peer\.test;\s*dkim=(\w+)", text)
    want(results and set(results) == {b"pass"}, f"OpenDKIM says {results}")
    want(signed and dkim.verify(text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), dnsfunc=key), f"{signed} does not verify")
    return signed


@fact("a selector follows another, and all mail verifies")
def _():
    want(verified("with the first") == {b"s1"}, "another selector signs")
    server.write(lambda _: YAML.replace("dkim: { s1: {} }", "dkim: { s2: {} }"))
    done = server.mailctl("apply")
    want(done.returncode == 0 and f"dkim/{ZONE}/s2" in done.stdout, done.stdout + done.stderr)
    want(verified("just after") == {b"s1"}, "the new selector signs at once")
    count = 0
    def turned():
        nonlocal count
        count += 1
        return verified(f"meanwhile {count}") == {b"s2"}
    wait_until(60, "the new selector never signs", turned, 1)
    want(dig(PRIMARY, f"s1._domainkey.{ZONE}", "TXT"), "the old key went while mail was on its way")
    wait_until(90, "the old key stays", lambda: not dig(PRIMARY, f"s1._domainkey.{ZONE}", "TXT"), 1)
    at_rest(60)
    return f"{count + 2} messages"


@fact("a policy is withdrawn under mail that never stops: mode none first, its records when nobody remembers it")
def _():
    with Senders() as senders:
        time.sleep(2)
        server.write(lambda _: YAML.replace("dkim: { s1: {} }", "dkim: { s2: {} }").replace(POLICY, ""))
        done = server.mailctl("apply")
        want(done.returncode == 0, done.stdout + done.stderr)
        begun = time.monotonic()
        want("mode: enforce" not in policy(), policy())
        until(90, "the policy's record stays", lambda: not dig(PRIMARY, f"_mta-sts.{ZONE}", "TXT"))
        took = time.monotonic() - begun
        time.sleep(3)
    want(took >= 18, f"the record went after {took:.0f} s, and senders remember the policy for 20 s")
    at_rest(90)
    return f"its record went after {took:.0f} s; {senders.judge(verified=['peer'])}"


@fact("stages survive a server that is killed")
def _():
    server.write(lambda _: YAML.replace("dkim: { s1: {} }", "dkim: { s3: {} }").replace(POLICY, ""))
    done = server.mailctl("apply")
    want(done.returncode == 0, done.stdout + done.stderr)
    before = stages()
    server.kill()
    want(set(stages()) == set(before), "what was under way is forgotten")
    server.start("serve")
    wait_until(60, "the new selector never signs", lambda: verified(f"after the kill {time.time_ns()}") == {b"s3"}, 1)


@fact("drift is none, and what is broken is found")
def _():
    at_rest(90)
    done = server.mailctl("status", "--drift", "--format", "json")
    want(done.returncode == 0, done.stdout + done.stderr)
    from lab import lab
    # A server that runs would mend it at once.
    server.stop()
    lab("publish", ZONE, input=f"update delete {TLSA} TLSA\n")
    wait_until(10, "the second server has it still", lambda: not announced(SECONDARY), 0.2)
    done = server.mailctl("status", "--drift", "--format", "json")
    drift = json.loads(done.stdout)["drift"]
    names = [d["problem"] for d in drift if d["area"] == "dns"]
    want(done.returncode == 2 and len(names) == 2 and all(TLSA in name for name in names), drift)
    want(any(d["area"] != "dns" for d in drift), f"nobody listens, and no drift but {drift}")




main()
