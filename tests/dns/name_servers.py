"""Zone files and update scripts, judged by the programs of name servers."""

import os
import signal
import socket
import subprocess
import tempfile
import time

import dns.message
import dns.query
import dns.rdatatype
import dns.zone
import sets
from sets import Sets

HEAD = "{zone}. 3600 IN SOA ns.{zone}. hostmaster.{zone}. 1 7200 900 1209600 300\n{zone}. 3600 IN NS ns.invalid.\n"


def of_zone(text_or_zone, zone):
    parsed = text_or_zone
    if isinstance(parsed, str):
        parsed = dns.zone.from_text(parsed, origin=zone + ".", relativize=False)
    found = Sets()
    for name, ttl, data in parsed.iterate_rdatas():
        kind = dns.rdatatype.to_text(data.rdtype)
        if kind not in ("SOA", "NS", "DNSKEY", "RRSIG", "NSEC", "CDS", "CDNSKEY"):
            found.add(name.to_text(), kind, ttl, data)
    return found


def run(*command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[0]}: {done.stdout} {done.stderr}"
    return done.stdout + done.stderr


def bind(zone, text, work):
    """named-compilezone reads the file and writes what it has understood."""
    source, out = os.path.join(work, "bind.zone"), os.path.join(work, "bind.out")
    open(source, "w").write(HEAD.format(zone=zone) + text)
    said = run("named-compilezone", "-k", "fail", "-n", "fail", "-m", "fail", "-r", "fail", "-i", "local", "-o", out, zone, source)
    assert "TTL" not in said, said
    return of_zone(open(out).read(), zone)


def knot(zone, text, work):
    """kzonecheck says whether knot would load the file."""
    source = os.path.join(work, f"{zone}.zone")
    open(source, "w").write(HEAD.format(zone=zone) + text)
    run("kzonecheck", "-o", zone + ".", source)
    return of_zone(open(source).read(), zone)


class Primary:
    """A knotd on loopback with empty zones that takes updates from there."""

    def __init__(self, zones, work):
        self.folder = tempfile.mkdtemp(dir=work)
        os.makedirs(os.path.join(self.folder, "db"))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        for zone in zones:
            foreign = f"{zone}. 3600 IN TXT \"somebody else's\"\n{zone}. 60 IN A 192.0.2.250\n"
            if zone == "example.org":
                foreign += "mail.example.org. 3600 IN A 192.0.2.200\n"
            open(os.path.join(self.folder, zone + ".zone"), "w").write(HEAD.format(zone=zone) + foreign)
        blocks = "".join(f"  - domain: {zone}\n    file: {zone}.zone\n    acl: all\n" for zone in zones)
        config = os.path.join(self.folder, "knot.conf")
        open(config, "w").write(
            f"server:\n    listen: 127.0.0.1@{self.port}\n    rundir: {self.folder}\n"
            f"database:\n    storage: {self.folder}/db\n"
            "acl:\n  - id: all\n    address: 127.0.0.1\n    action: [update, transfer]\n"
            f"template:\n  - id: default\n    storage: {self.folder}\nzone:\n{blocks}"
        )
        self.log = open(os.path.join(self.folder, "log"), "w")
        self.process = subprocess.Popen(["knotd", "-c", config], stdout=self.log, stderr=self.log)
        for _ in range(100):
            try:
                for zone in zones:
                    dns.query.tcp(dns.message.make_query(zone, "SOA"), "127.0.0.1", port=self.port, timeout=1)
                return
            except OSError:
                assert self.process.poll() is None, open(self.log.name).read()
                time.sleep(0.1)
        raise AssertionError("knotd does not answer: " + open(self.log.name).read())

    def transfer(self, zone):
        messages = dns.query.xfr("127.0.0.1", zone + ".", port=self.port, relativize=False, timeout=10, lifetime=20)
        return of_zone(dns.zone.from_xfr(messages, relativize=False), zone)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def updated(program, script, zones, work):
    """What a primary has after the script was run twice, without what it had before and keeps."""
    primary = Primary(zones, work)
    try:
        for _ in range(2):
            try:
                run(program, text=f"server 127.0.0.1 {primary.port}\n{script}")
            except AssertionError as error:
                raise AssertionError(f"{error}; knotd: {open(primary.log.name).read()[-600:]}") from None
        found = Sets()
        for zone in zones:
            there = primary.transfer(zone)
            for kind, data in (("TXT", sets.txt("somebody else's")), ("A", sets.rdata("A", "192.0.2.250"))):
                key = (zone + ".", kind)
                assert sets.wire(data) in there.sets.get(key, (0, []))[1], f"a foreign {kind} record of {zone} is gone"
                there.sets[key][1].remove(sets.wire(data))
                if not there.sets[key][1]:
                    del there.sets[key]
            found.sets |= there.sets
        return found
    finally:
        primary.stop()
