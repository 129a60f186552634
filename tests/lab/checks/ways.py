"""The ways of mail: routes and fallbacks through relays, a backup MX, forwarding with SRS, clients behind HAProxy."""

import email
import re
import subprocess

from lab import ALICE, ALICE_PASSWORD, DAVE, DAVE_PASSWORD, HOST, STATE, TLS, Server, arrived, deliver, fact, main, message, on, peer_mail, peer_message, want, wait_until

import smtplib

PROXY_PORT, BALANCER = 10025, "198.18.3.10"
EXTRA = """
relay:
  hosts:
    postfix:
      host: mx.peer.test
      port: 465
      user: mailctl
      password: { file: secrets/relay }
      authority: "@STATE@/ca/ca.pem"
    gone:
      host: mx.peer.test
      port: 4650
      auth: address
      authority: "@STATE@/ca/ca.pem"
  routes:
    - { senders: [alice@example.test], via: postfix }
    - { senders: [dave@example.test], via: gone, fallback: direct, fallback_after: 1 }
aliases:
  club@example.test: [alice@example.test, bob@peer.test]
  lost@example.test: nobody@peer.test
  event-*@example.test: alice@example.test
  postmaster@example.test: alice@example.test
  abuse@example.test: alice@example.test
"""

# A backup domain's own server comes before every route, so this one has none.
BACKUP = """
relay:
  backup_for:
    peer.test: { next_hop: mx.peer.test, recipients: [bob@peer.test, carol@peer.test] }
"""


def edit(yaml):
    yaml = yaml.replace("addresses: [198.18.1.25] }", "addresses: [198.18.1.25], proxy_protocol: { trusted: [%s] } }" % BALANCER)
    listener = "  smtp: { addresses: [0.0.0.0] }\n"
    yaml = yaml.replace(listener, listener + "  balanced: { protocol: smtp, port: %d, addresses: [0.0.0.0], proxy_protocol: true }\n" % PROXY_PORT)
    yaml = yaml.replace("  lifetime: 10m\n", "  lifetime: 10m\n  forwarding: { srs: true }\n")
    return yaml + EXTRA.replace("@STATE@", str(STATE))


server = Server("ways", edit)


def hop(raw):
    """Postfix's own Received field."""
    return " ".join(email.message_from_bytes(raw).get_all("Received")[0].split())


@fact("the server starts with routes, a backup domain, SRS and a listener behind a proxy")
def _():
    server.start()


def sends(user, password, subject):
    with smtplib.SMTP_SSL(HOST, 465, context=TLS, timeout=20) as session:
        session.login(user, password)
        session.sendmail(user, ["bob@peer.test"], message(subject, "bob@peer.test", user))


@fact("a route by sender leaves through its relay, with a password")
def _():
    sends(ALICE, ALICE_PASSWORD, "by the route of Alice")
    received = hop(peer_message("bob", "by the route of Alice"))
    want("with ESMTPSA" in received, f"Postfix's Received field: {received}")


@fact("when a route's relay fails, the fallback takes over")
def _():
    sends(DAVE, DAVE_PASSWORD, "by the fallback of Dave")
    received = hop(peer_message("bob", "by the fallback of Dave", seconds=30))
    want("with ESMTPS " in received, f"Postfix's Received field: {received}")


@fact("forwarded mail reaches Postfix with a rewritten sender (SRS), and stays here too")
def _():
    deliver("for the club", "club@example.test")
    arrived("for the club")
    raw = peer_message("bob", "for the club")
    path = email.message_from_bytes(raw)["Return-Path"]
    want(re.fullmatch(r"<SRS0=[^=]+=[^=]+=peer\.test=carol@example\.test>", path), f"Return-Path: {path}")
    return path


@fact("a bounce of forwarded mail finds its way back to the first sender")
def _():
    before = len(peer_mail("carol"))
    deliver("for nobody", "lost@example.test")
    bounced = wait_until(30, "no bounce in carol's mailbox", lambda: peer_mail("carol")[before:])
    text = bounced[-1].read_text(errors="replace")
    want("for nobody" in text and "nobody@peer.test" in text, text[:500])


@fact("a forged SRS address is refused")
def _():
    with smtplib.SMTP(HOST, 25, local_hostname="client.test", timeout=20) as session:
        session.ehlo()
        session.mail("")
        code, text = session.rcpt("SRS0=AAAA=AA=peer.test=carol@example.test")
        want(code == 550, f"{code} {text}")


@fact("an alias pattern takes what it matches")
def _():
    deliver("to a pattern", "event-2027@example.test")
    arrived("to a pattern")


@fact("behind HAProxy (PROXY protocol 2) the client's own address is what counts")
def _():
    config = server.folder / "haproxy.cfg"
    config.write_text(
        "global\n    log stderr format raw local0\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 30s\n    timeout server 30s\n"
        f"listen smtp\n    bind {BALANCER}:2525\n    server mx1 198.18.1.25:{PROXY_PORT} send-proxy-v2\n"
    )
    balancer = subprocess.Popen(["haproxy", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        script = (
            "import smtplib, sys\n"
            f"with smtplib.SMTP('{BALANCER}', 2525, local_hostname='peer.test', timeout=20) as s:\n"
            "    s.sendmail('carol@peer.test', ['alice@example.test'], sys.stdin.read())\n"
        )
        send = lambda: on("peer", "/usr/bin/python3", "-c", script, input=message("by HAProxy")).returncode == 0
        wait_until(10, "nobody takes mail behind HAProxy", send)
    finally:
        balancer.terminate()
        balancer.wait(10)
    received = " ".join(arrived("by HAProxy").get_all("Received")[0].split())
    peer = on("peer", "hostname", "-I").stdout.split()
    want(any(address in received for address in peer), f"our Received field: {received}; the peer is {peer}")


@fact("who is no trusted proxy is turned away there")
def _():
    script = (
        "import socket\n"
        f"s = socket.create_connection(('198.18.1.25', {PROXY_PORT}), 10)\n"
        "s.sendall(b'PROXY TCP4 198.18.1.25 198.18.1.25 1 25\\r\\n')\n"
        "s.settimeout(10)\nprint(s.recv(200))\n"
    )
    done = on("peer", "/usr/bin/python3", "-c", script)
    want("b''" in done.stdout or "reset" in done.stderr, f"{done.stdout} {done.stderr[-200:]}")


backup = Server("backup", lambda yaml: yaml + BACKUP)


@fact("the server stops on SIGTERM, and another one starts as a backup MX")
def _():
    server.stop()
    backup.start()


@fact("a backup MX takes mail for addresses that exist, and hands it to the domain's own server")
def _():
    deliver("by the backup MX", "bob@peer.test")
    peer_message("bob", "by the backup MX")


@fact("a backup MX refuses addresses that do not exist (550 5.1.1), and other domains (550 5.7.1)")
def _():
    for recipient, code in (("nobody@peer.test", "5.1.1"), ("bob@elsewhere.test", "5.7.1")):
        try:
            deliver("not taken", recipient)
        except smtplib.SMTPRecipientsRefused as refused:
            want(code in str(refused.recipients), f"{recipient}: {refused.recipients}")
        else:
            want(False, f"mail for {recipient} was taken")


@fact("the backup MX stops on SIGTERM")
def _():
    backup.stop()


main()
