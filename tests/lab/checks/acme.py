"""Certificates from an authority (Pebble): three challenges, renewal under open sessions, an authority that fails."""

import hashlib
import json
import shutil
import signal
import socket
import ssl
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lab import (
    ADDRESS,
    ALICE,
    ALICE_PASSWORD,
    HOST,
    LAB,
    STATE,
    Line,
    Server,
    deliver,
    end_idle,
    fact,
    imap,
    lab,
    main,
    on,
    run,
    wait_until,
    want,
)
import lab as the_lab

DIRECTORY = "https://acme.test:14000/dir"
SECTION = 'certificates:\n  files:\n    - { chain: "@STATE@/ca/mx1.pem", key: "@STATE@/ca/mx1.key" }\n'


def acme(challenge, directory=DIRECTORY, more=""):
    """An edit of the usual configuration."""
    authority = STATE / "ca/ca.pem"
    section = (
        f"certificates:\n  acme:\n    directory: {directory}\n    authority: {authority}\n"
        f"    contact: admin@peer.test\n    challenge: {challenge}\n{more}"
    )
    publish = (
        "dns:\n  publish:\n    rfc2136: { server: 198.18.0.1, key_name: lab, algorithm: hmac-sha256,"
        f" key: {{ file: {STATE}/dns/secret }} }}\n"
    )

    def edit(yaml):
        files = SECTION.replace("@STATE@", str(STATE))
        want(files in yaml, "the configuration of the lab has no certificate files")
        yaml = yaml.replace(files, section)
        web = "  https: { addresses: [0.0.0.0] }\n" + ("  http: { addresses: [0.0.0.0] }\n" if challenge == "http-01" else "")
        yaml = yaml.replace("listeners:\n", "listeners:\n" + web)
        return yaml + (publish if challenge == "dns-01" else "")

    return edit


def trust(*files):
    context = ssl.create_default_context()
    for file in files or (STATE / "ca/bundle.pem",):
        context.load_verify_locations(str(file))
    return context


def presented(context=None, name=HOST, port=993):
    """The certificate that a new connection is shown; verified if a context is given."""
    if context is None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((ADDRESS, port), 10) as tcp, context.wrap_socket(tcp, server_hostname=name) as tls:
        return x509.load_der_x509_certificate(tls.getpeercert(True))


def spki(certificate):
    der = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def listed(server):
    done = server.mailctl("certificates", "list", "--format", "json")
    want(done.returncode == 0, done.stderr)
    return json.loads(done.stdout)["certificates"]


def issued(server, seconds=60):
    """Waits until the authority has issued what is served; gives the first certificate of the list."""

    def look():
        first = listed(server)[0]
        want(not first["last_error"], f"the order failed: {first['last_error']}")
        return None if first["awaits_first"] else first

    return wait_until(seconds, "nothing is issued", look, 0.3)


def renew(server, *words):
    return server.mailctl("certificates", *(words or ("renew",)), timeout=120)


def idle(context):
    session = the_lab.imaplib.IMAP4_SSL(HOST, 993, ssl_context=context, timeout=20)
    session.login(ALICE, ALICE_PASSWORD)
    session.select("INBOX")
    session.send(b"i1 IDLE\r\n")
    want(session.readline().startswith(b"+"), "IDLE is not taken")
    return session


alpn = Server("acme-alpn", acme("tls-alpn-01"))
first = {}


@fact("tls-alpn-01: issued, served, and with the key that was there before")
def _():
    names = ("autoconfig", "autodiscover")
    lab("publish", "example.test", input="".join(f"update delete {name}.example.test\n" for name in names))
    lab("acme", "stop")
    alpn.start()
    before = wait_until(20, "no certificate is listed", lambda: listed(alpn)[0])
    want(before["awaits_first"] and before["spki_sha256"] == spki(presented()), f"listed {before}")
    wait_until(30, "a dead authority is not reported", lambda: listed(alpn)[0]["last_error"])
    lab("acme", "start")
    done = renew(alpn)
    want(done.returncode == 0, f"renew ended with {done.returncode}: {done.stdout} {done.stderr}")
    after = issued(alpn)
    certificate = presented(trust())
    want(after["spki_sha256"] == spki(certificate) == before["spki_sha256"], "the key has changed")
    want(presented(trust(), port=443).serial_number == certificate.serial_number, "443 presents another one")
    want(after["next_try"] is None and after["last_error"] is None, f"{after}")
    # They follow from the domain, and nobody has published them: they do not spoil the order.
    want(after["left_out"] == ["autoconfig.example.test", "autodiscover.example.test"], f"{after}")
    first["serial"] = certificate.serial_number


@fact("a renewal is served to new connections, and open sessions of IMAP and SMTP go on")
def _():
    context = trust()
    session = idle(context)
    with Line(25) as smtp:
        want(smtp.reply().startswith("220"), "no greeting")
        smtp.smtp("EHLO client.test", 250)
        smtp.smtp("STARTTLS", 220)
        smtp.socket, smtp.buffer = context.wrap_socket(smtp.socket, server_hostname=HOST), b""
        smtp.smtp("EHLO client.test", 250)
        smtp.smtp("MAIL FROM:<carol@peer.test>", 250)
        done = renew(alpn)
        want(done.returncode == 0, f"{done.stdout} {done.stderr}")
        certificate = presented(context)
        want(certificate.serial_number != first["serial"], "the old one is presented")
        smtp.smtp(f"RCPT TO:<{ALICE}>", 250)
        smtp.smtp("DATA", 354)
        smtp.smtp("Subject: across the renewal\r\n\r\nhello\r\n.", 250)
    line = session.readline()
    want(b"EXISTS" in line, f"the session in IDLE heard {line}")
    end_idle(session)
    session.logout()
    first["serial"] = certificate.serial_number


@fact("a new key is made when it is asked for, and served at once where no TLSA record is wanted")
def _():
    before = spki(presented())
    done = renew(alpn, "roll", HOST)
    want(done.returncode == 0, f"{done.stdout} {done.stderr}")
    after = presented(trust())
    want(spki(after) != before, "the key is the old one")
    first["serial"] = after.serial_number


@fact("an authority that fails leaves the old certificate, and is reported in log and status")
def _():
    lab("acme", "stop")
    done = renew(alpn)
    want(done.returncode == 1, f"renew ended with {done.returncode}: {done.stdout}")
    want(presented().serial_number == first["serial"], "another certificate is served")
    status = json.loads(alpn.mailctl("status", "--format", "json").stdout)["running"]["certificates"][0]
    want("acme.test" in status["last_error"] and status["next_try"], f"status says {status}")
    text = alpn.mailctl("status").stdout
    want("acme.test" in text and "next try" in text, text)
    want("no certificate was issued" in alpn.log(), "the log does not say it")


@fact("a restart keeps certificate, key and pause")
def _():
    alpn.stop()
    alpn.start()
    want(presented().serial_number == first["serial"], "another certificate is served")
    standing = listed(alpn)[0]
    want(standing["next_try"] and standing["last_error"], f"{standing}")
    orders = alpn.log().count("a certificate is ordered")
    wait_until(5, "no look", lambda: listed(alpn)[0]["next_try"])
    want(alpn.log().count("a certificate is ordered") == orders, "the authority was asked again at once")


@fact("an authority that has forgotten the account is registered with again")
def _():
    lab("acme", "start")  # with nothing of its memory left
    done = renew(alpn)
    want(done.returncode == 0, f"{done.stdout} {done.stderr}")
    want(presented(trust()).serial_number != first["serial"], "the old one is served")
    want(listed(alpn)[0]["last_error"] is None, "the error stays")
    alpn.stop()


@fact("http-01: issued")
def _():
    with Server("acme-http", acme("http-01")) as server:
        issued(server)
        presented(trust())
        done = run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://{HOST}/.well-known/acme-challenge/x")
        want(done == "404", f"an unknown token is answered with {done}")


@fact("dns-01: issued for a wildcard, with records on two servers that are gone afterwards")
def _():
    names = '    names: ["*.world.test", world.test]\n'
    with Server("acme-dns", acme("dns-01", more=names)) as server:
        issued(server, 90)
        presented(trust())
        presented(trust(), name="any.world.test")
        for owner in ("_acme-challenge.world.test", f"_acme-challenge.{HOST}"):
            left = on("dns", "dig", "+short", "@198.18.0.1", owner, "TXT").stdout
            want(left.strip() == "", f"{owner} still has {left}")


@fact("a renewed file is served without a restart, and a broken one is reported and not served")
def _():
    own = {f"{STATE}/ca/mx1.pem": "tls/chain.pem", f"{STATE}/ca/mx1.key": "tls/key.pem"}

    def edit(yaml):
        for old, new in own.items():
            yaml = yaml.replace(old, new)
        return yaml

    server = Server("acme-files", edit)
    chain, key = server.folder / "tls/chain.pem", server.folder / "tls/key.pem"
    chain.parent.mkdir()
    shutil.copy(STATE / "ca/mx1.pem", chain)
    shutil.copy(STATE / "ca/mx1.key", key)
    with server:
        before = presented(trust(STATE / "ca/ca.pem"))
        run(
            *("openssl req -x509 -days 20 -subj".split()), f"/CN={HOST}", "-key", key, "-out", chain,
            "-CA", STATE / "ca/ca.pem", "-CAkey", STATE / "ca/ca.key", "-addext", f"subjectAltName=DNS:{HOST}",
            "-addext", "basicConstraints=critical,CA:FALSE",
        )
        done = renew(server)
        want(done.returncode == 0, f"{done.stdout} {done.stderr}")
        after = presented(trust(STATE / "ca/ca.pem"))
        want(after.serial_number != before.serial_number and spki(after) == spki(before), "the old one is served")
        shutil.copy(STATE / "ca/peer.key", key)
        done = renew(server)
        want(done.returncode == 1 and "key.pem" in done.stderr, f"a foreign key: {done.stdout} {done.stderr}")
        want(presented().serial_number == after.serial_number, "another certificate is served")
        want(listed(server)[0]["last_error"], "nothing is reported")


def second_authority():
    """Pebble that wants an external account, beside the lab's own."""
    config = json.loads((STATE / "pebble.json").read_text())
    config["pebble"] |= {
        "listenAddress": "0.0.0.0:14001",
        "managementListenAddress": "0.0.0.0:15001",
        "externalAccountBindingRequired": True,
        "externalAccountMACKeys": {"kid-1": "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"},
    }
    path = STATE / "pebble-external.json"
    path.write_text(json.dumps(config))
    log = open(STATE / "log/pebble-external.log", "wb")
    command = ["ip", "netns", "exec", f"{LAB}-acme", "env", "PEBBLE_VA_NOSLEEP=1", "pebble", "-config", path]
    return subprocess.Popen([*command, "-dnsserver", "198.18.0.53:53"], stdout=log, stderr=log)


@fact("an external account is bound, and without one nothing is issued")
def _():
    authority = second_authority()
    try:
        root = "https://acme.test:15001/roots/0"
        wait_until(10, "no second authority", lambda: on("acme", "curl", "-sfk", root).returncode == 0)
        pem = STATE / "ca/external.pem"
        pem.write_text(run("curl", "-sfk", root))
        directory = "https://acme.test:14001/dir"
        with Server("acme-unbound", acme("tls-alpn-01", directory)) as server:
            error = wait_until(30, "nothing is reported", lambda: listed(server)[0]["last_error"])
            want("xternal" in error, f"the error is {error}")
        bound = "    external_account: { id: kid-1, key: { file: secrets/eab } }\n"
        server = Server("acme-bound", acme("tls-alpn-01", directory, bound))
        (server.folder / "secrets/eab").write_text(
            "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W\n"
        )
        with server:
            issued(server)
            presented(trust(pem))
    finally:
        authority.send_signal(signal.SIGTERM)
        authority.wait(10)


main()
