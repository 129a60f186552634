"""Figures for Prometheus, read by its own parser: certificates, roll-overs, and drift that comes and goes."""

import datetime
import http.client
import json
import socket
import time

from prometheus_client.parser import text_string_to_metric_families

from lab import ADDRESS, STATE, Server, empty, fact, lab, main, run, wait_until, want

ZONE, HOST, PORT = "world.test", "mx.world.test", 9090
TLSA = f"_25._tcp.{HOST}"
AREAS = {"dns", "firewall", "listener", "server"}

YAML = f"""
version: 1
profile: lab
host: {{ name: {HOST}, addresses: [{ADDRESS}] }}
listeners:
  smtp: {{ addresses: [0.0.0.0] }}
  submissions: {{ addresses: [0.0.0.0] }}
  imaps: {{ addresses: [0.0.0.0] }}
certificates:
  files: [{{ chain: "{STATE}/ca/figures.pem", key: "{STATE}/ca/figures.key" }}]
domains: {{ {ZONE}: {{ dnssec: signed }} }}
accounts: {{ alice@{ZONE}: {{ password: {{ file: secrets/alice }} }} }}
dns:
  publish: {{ rfc2136: {{ server: "198.18.0.1:53", key_name: lab, key: {{ file: secrets/tsig }} }} }}
  resolver: ["198.18.0.53:53"]
  trust_anchor: "{STATE}/dns/trust-anchor.ds"
  ttl: 5s
outbound: {{ authority: "{STATE}/ca/ca.pem" }}
limits: {{ drain: 2s }}
metrics: {{ address: "{ADDRESS}:{PORT}" }}
"""

ca = f"{STATE}/ca/ca"
run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
    "-subj", f"/CN={HOST}", "-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-addext", f"subjectAltName=DNS:{HOST}",
    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
    "-keyout", f"{STATE}/ca/figures.key", "-out", f"{STATE}/ca/figures.pem")
server = Server("figures", lambda _: YAML)
(server.folder / "secrets/tsig").write_text((STATE / "dns/secret").read_text())


def ask(method="GET", path="/metrics", port=PORT, headers={}):
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=15)
    try:
        connection.request(method, path, headers=headers)
        reply = connection.getresponse()
        return reply.status, reply.headers, reply.read().decode()
    finally:
        connection.close()


def figures(port=PORT):
    """Values by name; by name and label where there is one."""
    status, headers, text = ask(port=port)
    want(status == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), (status, headers))
    found = {}
    for family in text_string_to_metric_families(text):
        want(family.type == "gauge" and family.documentation, family)
        for sample in family.samples:
            found[(sample.name, *sample.labels.values())] = sample.value
    return found


def push():
    done = server.mailctl("dns", "push", "--yes", "--active")
    want(done.returncode == 0, done.stdout[-600:] + done.stderr[-600:])


def drift():
    return {name[1]: value for name, value in figures().items() if name[0] == "mailctl_drift"}


@fact("the figures say what runs, until when its certificate is good, and that nothing drifts")
def _():
    empty(ZONE)
    server.start()
    wait_until(20, "an empty zone is no drift", lambda: drift().get("dns"), 0.5)
    push()
    wait_until(60, "it drifts, or nobody looks", lambda: set(drift()) == AREAS and not any(drift().values()), 1)
    seen = figures()
    end = run("openssl", "x509", "-enddate", "-noout", "-in", f"{STATE}/ca/figures.pem").strip().partition("=")[2]
    end = datetime.datetime.strptime(end, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=datetime.timezone.utc).timestamp()
    status = json.loads(server.mailctl("status", "--format", "json").stdout)
    digest, certificate = status["active"]["digest"], status["running"]["certificates"][0]["certificate"]
    want(seen[("mailctl_certificate_not_after_seconds", certificate)] == end, (seen, end))
    want(seen[("mailctl_certificate_failing", certificate)] == 0, seen)
    want(any(name[0] == "mailctl_info" and digest in name for name in seen), seen)
    want(abs(time.time() - seen[("mailctl_start_time_seconds",)]) < 120, seen)
    want(abs(time.time() - seen[("mailctl_drift_looked_seconds",)]) < 30, seen)
    want(seen[("mailctl_drift_unknown",)] == 0 and seen[("mailctl_queue_messages",)] == 0, seen)
    with socket.create_connection((ADDRESS, 25), 5):
        wait_until(5, "the connection is not counted", lambda: figures()[("mailctl_connections",)] >= 1)
    return f"{len(seen)} figures"


@fact("a record that somebody takes away is drift, in the figures and in the log, until it is back")
def _():
    lab("publish", ZONE, input=f"update delete {TLSA} TLSA\n")
    wait_until(60, "nobody sees that the record is gone", lambda: drift()["dns"] > 0, 0.5)
    wait_until(10, "the log does not say so", lambda: f"drift area=\"dns\" problem=\"{TLSA}" in server.log(), 0.5)
    push()
    wait_until(30, "it is not seen that it is back", lambda: not any(drift().values()), 0.5)
    want('as the plan has it again area="dns"' in server.log(), server.log()[-500:])


@fact("a certificate that cannot be loaded is a figure, and the old one is served on")
def _():
    key, chain = STATE / "ca/figures.key", STATE / "ca/figures.pem"
    good, before = key.read_text(), figures()
    key.write_text("no key\n")
    server.mailctl("certificates", "renew")
    failing = lambda: [v for name, v in figures().items() if name[0] == "mailctl_certificate_failing"]
    wait_until(30, "no figure says so", lambda: failing() == [1], 0.5)
    expiry = {name: v for name, v in figures().items() if name[0] == "mailctl_certificate_not_after_seconds"}
    want(expiry and all(before[name] == v for name, v in expiry.items()), expiry)
    key.write_text(good)
    server.mailctl("certificates", "renew")
    wait_until(30, "it still fails", lambda: failing() == [0], 0.5)


@fact("nothing else is served there, and not to too many at once")
def _():
    want(ask(path="/")[0] == 404 and ask(path="/healthz")[0] == 404, "another path is served")
    status, headers, _ = ask(method="POST")
    want(status == 405 and headers["Allow"] == "GET, HEAD", status)
    status, headers, body = ask(method="HEAD")
    want(status == 200 and body == "" and int(headers["Content-Length"]) > 500, headers)
    want(ask(headers={"X": "a" * 20000})[0] == 431, "a long field is taken")
    silent = [socket.create_connection((ADDRESS, PORT), 5) for _ in range(8)]
    time.sleep(0.5)
    try:
        ask()
        raise AssertionError("a ninth is served")
    except (http.client.RemoteDisconnected, ConnectionResetError):
        pass
    started = time.monotonic()
    def served():
        try:
            return ask()[0] == 200
        except OSError:
            return False
    wait_until(15, "silent ones keep the door shut", served, 0.5)
    for connection in silent:
        connection.close()
    return f"after {time.monotonic() - started:.0f} s of silence"


@fact("another address is applied to the running server, and one that a listener has is refused")
def _():
    server.write(lambda _: YAML.replace(f":{PORT}\"", f":{PORT + 1}\""))
    done = server.mailctl("apply")
    want(done.returncode == 0 and "metrics" in done.stdout, done.stdout + done.stderr)
    want(figures(PORT + 1), "nothing is served at the new address")
    try:
        ask()
        raise AssertionError("the old address is still served")
    except ConnectionRefusedError:
        pass
    server.write(lambda _: YAML.replace(f":{PORT}\"", ":25\""))
    done = server.mailctl("check")
    want(done.returncode == 1 and "PORT-001" in done.stdout, done.stdout + done.stderr)
    server.write(lambda _: YAML.replace(f"metrics: {{ address: \"{ADDRESS}:{PORT}\" }}\n", ""))
    done = server.mailctl("apply")
    want(done.returncode == 0, done.stdout + done.stderr)
    try:
        ask(port=PORT + 1)
        raise AssertionError("it is served without being configured")
    except ConnectionRefusedError:
        pass


@fact("a look for drift that nobody answers does not hold up a stop")
def _():
    server.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("198.18.3.10", 5353))
        silent.settimeout(30)
        server.write(lambda _: YAML.replace('"198.18.0.53:53"', '"198.18.3.10:5353"'))
        server.start()
        silent.recv(512)
        started = time.monotonic()
        server.stop()
    took = time.monotonic() - started
    want(took < 5, f"the stop took {took:.1f} s, and its drain is 2 s")


main()
