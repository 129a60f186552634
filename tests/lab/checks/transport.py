"""Mail to and from another server: Postfix as a peer, and Postfix as a relay with a password."""

import email
import email.policy
import json
import re
import time

import dkim

from lab import ALICE, LAB, STATE, Server, arrived, fact, lab, main, message, on, peer_message, postfix_log, run, submit, want, wait_until

RELAY = """
relay:
  default:
    host: mx.peer.test
    port: {port}
    tls: {tls}
    user: mailctl
    password: {{ file: secrets/relay }}
    authority: "@STATE@/ca/{authority}.pem"
""".replace("@STATE@", str(STATE))


def relayed(port, tls, authority="ca"):
    return lambda yaml: yaml + RELAY.format(port=port, tls=tls, authority=authority)


def by_postfix(sender, to, text):
    """The peer's own user sends a message."""
    config = STATE / "peer/etc"
    done = on("peer", "sendmail", "-C", config, "-f", sender, to, input=text)
    want(done.returncode == 0, f"sendmail: {done.stderr}")


def queue(server):
    done = server.mailctl("queue", "list", "--format", "json")
    want(done.returncode == 0, f"queue list: {done.stderr}")
    return done.stdout


def queued(server, address):
    return address in queue(server)


direct = Server("direct")


@fact("the server starts with certificates from files")
def _():
    direct.start()


@fact("its own DNS records can be published as `dns records` prints them")
def _():
    done = direct.mailctl("dns", "records", "--format", "zone")
    want(done.returncode == 0, done.stderr)
    updates = []
    for line in done.stdout.splitlines():
        record = re.match(r"(\S+?)\.?\s+(\d+)\s+(?:IN\s+)?(A|AAAA|MX|TXT)\s+(.+)$", line)
        if record and record[1].endswith("example.test"):
            name, ttl, kind, data = record.groups()
            updates += [f"update delete {name}. {kind}"] if (name, kind) not in {u[:2] for u in map(key, updates)} else []
            updates.append(f"update add {name}. 5 {kind} {data}")
    want(any("_domainkey" in update for update in updates), f"no DKIM record among: {done.stdout}")
    lab("publish", "example.test", input="\n".join(updates) + "\n")
    answer = run("dig", "+short", "TXT", "mailctl-ed25519._domainkey.example.test")
    want("k=ed25519" in answer, f"the resolver says {answer}")
    return f"{len([u for u in updates if ' add ' in u])} records"


def key(update):
    words = update.split()
    return (words[2].rstrip("."), words[-1] if words[1] == "delete" else words[4])


@fact("Postfix delivers to us over STARTTLS, our certificate verified")
def _():
    by_postfix("carol@peer.test", ALICE, message("from Postfix", body="How are you?\n").replace("\r\n", "\n"))
    got = arrived("from Postfix", seconds=20)
    received = " ".join(got.get_all("Received")[0].split())
    want("with ESMTPS" in received and "mx.peer.test" in received, f"our Received field: {received}")
    want(got["Return-Path"] == "<carol@peer.test>", f"Return-Path: {got['Return-Path']}")
    want(re.search(r"Trusted TLS connection established to mx1\.example\.test", postfix_log()), "Postfix's log shows no trusted TLS")


@fact("we deliver to Postfix over STARTTLS, at the MX of its domain")
def _():
    submit("to Postfix", "bob@peer.test")
    raw = peer_message("bob", "to Postfix")
    received = " ".join(email.message_from_bytes(raw).get_all("Received")[0].split())
    want("mx1.example.test" in received and "with ESMTPS" in received, f"Postfix's Received field: {received}")


@fact("Postfix's reader sees a DKIM signature that verifies against the published key (RFC 6376)")
def _():
    raw = peer_message("bob", "to Postfix")
    signatures = email.message_from_bytes(raw).get_all("DKIM-Signature") or []
    want(signatures, "there is no DKIM-Signature")

    def txt(name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        return b"".join(part.encode() for part in re.findall(r'"([^"]*)"', run("dig", "+short", "TXT", name)))

    # Maildir files have bare LF; what was signed had CRLF.
    wire = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    verifier = dkim.DKIM(wire)
    algorithms = [re.search(r"\ba=([^;]+)", s)[1].strip() for s in signatures]
    for index, algorithm in enumerate(algorithms):
        want(verifier.verify(idx=index, dnsfunc=txt), f"signature {index} ({algorithm}) does not verify")
    return ", ".join(algorithms)


@fact("an unknown user at the peer comes back as a bounce (RFC 3464) in the sender's INBOX")
def _():
    submit("to nobody", "nobody@peer.test")

    def find():
        from lab import messages

        return next((m for m in messages() if m.get_content_type() == "multipart/report" and "nobody@peer.test" in m.as_string()), None)

    report = wait_until(20, "no bounce has come", find)
    want(report.get_param("report-type") == "delivery-status", report["Content-Type"])
    want(report["Return-Path"] == "<>", f"Return-Path: {report['Return-Path']}")
    want(report["Auto-Submitted"] == "auto-replied", f"Auto-Submitted: {report['Auto-Submitted']}")
    status = next(p for p in report.walk() if p.get_content_type() == "message/delivery-status").as_string()
    for field in ("Reporting-MTA: dns; *mx1.example.test", "Final-Recipient: rfc822; *nobody@peer.test", "Action: failed", r"Status: 5\.1\.1"):
        want(re.search(field, status, re.I), f"no `{field}` in: {status}")
    wait_until(5, "the queue still holds it", lambda: not queued(direct, "nobody@peer.test"))


@fact("mail waits in the queue while the peer is down, and arrives when it is back")
def _():
    lab("peer", "stop")
    try:
        submit("while the peer is down", "bob@peer.test")
        time.sleep(3)
        want(queued(direct, "bob@peer.test"), f"the queue does not show it: {queue(direct)}")
    finally:
        lab("peer", "start")
    peer_message("bob", "while the peer is down", seconds=30)
    wait_until(5, "the queue still holds it", lambda: not queued(direct, "bob@peer.test"))


@fact("what waits in the queue survives a stop")
def _():
    lab("peer", "stop")
    try:
        submit("over a restart", "bob@peer.test")
        direct.stop()
        direct.start("serve")
    finally:
        lab("peer", "start")
    peer_message("bob", "over a restart", seconds=30)
    direct.stop()


def through_relay(port, tls):
    name = f"relayed by {port}"
    with Server(f"relay-{port}", relayed(port, tls)) as server:
        submit(name, "bob@peer.test")
        received = " ".join(email.message_from_bytes(peer_message("bob", name)).get_all("Received")[0].split())
        want("with ESMTPSA" in received, f"Postfix's Received field: {received}")
        log = postfix_log()
        want(re.search(rf"postfix/{port}/smtpd.*sasl_username=mailctl", log), "Postfix's log shows no login on that port")
        want("relay-secret" not in server.log(), "the relay's password stands in our log")


@fact("we relay through Postfix with a password on 465 (implicit TLS)")
def _():
    through_relay(465, "implicit")


@fact("we relay through Postfix with a password on 587 (STARTTLS required)")
def _():
    through_relay(587, "starttls-required")


def kept_from(name, edit, service):
    """The relay is not to be trusted: the mail stays with us, and no password is sent."""
    before = len(postfix_log())
    with Server(name, edit) as server:
        submit(name, "bob@peer.test")
        seen = wait_until(10, "the relay was not even tried", lambda: re.search(rf"{service}/?.*connect from", postfix_log()[before:]))
        time.sleep(3)
        want(seen and queued(server, "bob@peer.test"), f"the queue does not show it: {queue(server)}")
        log = postfix_log()[before:]
        want("sasl_username" not in log, "somebody logged in")
        want(not re.search(r"disconnect from .*\bauth=", log), "AUTH was sent")


@fact("a relay with a certificate from a stranger gets neither the password nor the mail")
def _():
    kept_from("relay-stranger", relayed(465, "implicit", "stranger"), "postfix/465")


@fact("a relay with a stranger's certificate behind STARTTLS gets neither")
def _():
    kept_from("relay-stranger-starttls", relayed(587, "starttls-required", "stranger"), "postfix/587")


@fact("a relay whose STARTTLS was taken away gets neither the password nor the mail")
def _():
    kept_from("relay-stripped", relayed(2587, "starttls-required"), "postfix/stripped")


main()
