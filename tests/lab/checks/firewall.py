"""The packet filter for real: loaded into mx1's kernel, and tried from the client's two addresses.

mx1 also has services that no file names (decoys): they are open until the filter shuts them, so that a filter that does
nothing fails here.
"""

import asyncio
import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import time

from lab import ADDRESS, ALICE, HERE, LAB, STATE, TLS, Server, fact, main, on, run, wait_until, want

STRANGER, OPERATOR = "198.18.3.10", "198.18.3.11"
ADDRESS6 = "2001:db8:1::25"
MAIL = {25, 110, 143, 465, 587, 993, 995}
# Nobody of the plan listens on them: SSH, ManageSieve, a database, a web server, and two for nothing.
DECOYS = [22, 3306, 4190, 8080, 9999, 61000]
ALL = range(1, 65536)


def yaml(section, more=""):
    """The lab's configuration on both families, with a section `firewall`."""

    def edit(text):
        text = text.replace("addresses: [198.18.1.25] }", f'addresses: [198.18.1.25, "{ADDRESS6}"] }}')
        text = text.replace("{ addresses: [0.0.0.0] }", "{}")
        text = text.replace("limits: { ", "limits: { " + more)
        return f"{text}firewall: {section}\n"

    return edit


GUARDED = "{{ backend: {0}, open: [8080], admin: [" + OPERATOR + ', "2001:db8:77::/48"] }}'
server = Server("firewall", yaml(GUARDED.format("nftables"))).start()
run("ip", "addr", "add", f"{OPERATOR}/16", "dev", "eth0")

DECOY = """
import socket, sys, threading
def serve(port):
    s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=100)
    while True:
        s.accept()[0].close()
for port in map(int, sys.argv[1:]):
    threading.Thread(target=serve, args=(port,)).start()
print("up", flush=True)
"""


@contextlib.contextmanager
def listening(host, ports):
    command = ["ip", "netns", "exec", f"{LAB}-{host}", "/usr/bin/python3", "-c", DECOY, *map(str, ports)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        want(process.stdout.readline() == b"up\n", "the decoys do not listen")
        yield
    finally:
        process.kill()
        process.wait()


decoys = contextlib.ExitStack()
decoys.enter_context(listening("mx1", DECOYS))


async def knock(to, port, source, patience):
    family = socket.AF_INET6 if ":" in to else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.setblocking(False)
        if source:
            s.bind((source, 0))
        try:
            await asyncio.wait_for(asyncio.get_running_loop().sock_connect(s, (to, port)), patience)
            return "open"
        except TimeoutError:
            return "silent"
        except asyncio.TimeoutError:
            return "silent"
        except OSError:
            return "refused"


def knocks(ports, source=STRANGER, to=ADDRESS, patience=4.0):
    """What each port answers."""

    async def all_of_them():
        gate = asyncio.Semaphore(400)

        async def one(port):
            async with gate:
                return port, await knock(to, port, source, patience)

        return dict(await asyncio.gather(*(one(port) for port in ports)))

    return asyncio.run(all_of_them())


def open_ports(ports=ALL, **how):
    return {port for port, seen in knocks(ports, **how).items() if seen == "open"}


def seen(port, source=STRANGER, to=ADDRESS, patience=1.5):
    return knocks([port], source, to, patience)[port]


def mailctl(*words, code=0, **options):
    done = server.mailctl(*words, **options)
    want(done.returncode == code, f"`{' '.join(words)}` ended with {done.returncode}: {done.stdout} {done.stderr}")
    return done.stdout


def load(section, more=""):
    """Loads what a section says, without a return."""
    server.write(yaml(section, more))
    return mailctl("firewall", "apply", "--confirm-within", "0")


def unload():
    mailctl("firewall", "unload")


def kernel():
    """Everything in mx1's kernel, without counters."""
    listed = on("mx1", "nft", "-s", "-t", "list", "ruleset")
    want(listed.returncode == 0, listed.stderr)
    return listed.stdout


def shut_but_what_is_listed(backend):
    load(GUARDED.format(backend))
    found = open_ports()
    want(found == MAIL | {8080}, f"open to a stranger: {sorted(found)}")
    found = open_ports(DECOYS + sorted(MAIL), source=OPERATOR)
    want(found == MAIL | {8080, 22}, f"open to an operator: {sorted(found)}")
    found = open_ports(DECOYS + sorted(MAIL), source=None, to=ADDRESS6)
    want(found == MAIL | {8080}, f"open over IPv6: {sorted(found)}")
    before = kernel()
    mailctl("firewall", "apply", "--confirm-within", "0")
    want(kernel() == before, "loaded again it is something else")
    report = json.loads(mailctl("firewall", "check", "--from-netns", f"{LAB}-client", "--format", "json", "--port", "9999"))
    want(report["as_planned"] and report["from_outside"] and not report["differences"], report)
    ports = {entry["socket"] for entry in report["probed"]}
    want(f"{ADDRESS}:25" in ports and f"[{ADDRESS6}]:993" in ports and f"{ADDRESS}:9999" in ports, ports)
    return "65535 ports tried"


@fact("without a filter the decoys are open")
def _():
    found = open_ports()
    want(found == MAIL | set(DECOYS), f"open: {sorted(found)}")


@fact("nftables: every listed port is reached, every other is refused; again changes nothing")
def _():
    return shut_but_what_is_listed("nftables")


@fact("`firewall check` shows what somebody changed in the kernel, and a port that was opened")
def _():
    done = on("mx1", "nft", "insert", "rule", "inet", "mailctl", "mail", "tcp", "dport", "3306", "accept")
    want(done.returncode == 0, done.stderr)
    text = mailctl("firewall", "check", "--from-netns", f"{LAB}-client", "--port", "3306", code=2)
    want("- tcp dport 3306 accept" in text, text)
    want(re.search(r"198\.18\.1\.25:3306 +planned shut +seen open +<- differs", text), text)
    mailctl("firewall", "apply", "--confirm-within", "0")
    text = mailctl("firewall", "check")
    want("The kernel has the plan's rules." in text and "this machine itself" in text, text)


@fact("without `open` mail ports and ours are filtered, and others left alone")
def _():
    load("{ closed: [imap, pop3] }")
    want(open_ports(DECOYS + sorted(MAIL)) == MAIL - {143, 110} | set(DECOYS) - {4190}, "other ports are open")


@fact("`ipv6: false` leaves IPv6 as it was")
def _():
    load("{ open: [], admin: [10.0.0.0/8], ipv6: false }")
    want(open_ports(DECOYS) == set(), "open over IPv4")
    want(open_ports(DECOYS, source=None, to=ADDRESS6) == set(DECOYS), "shut over IPv6")


def bounded(backend):
    load(f"{{ backend: {backend}, connections_per_minute_max: 60 }}")
    answers = [seen(465, patience=1.0) for _ in range(66)]
    want(answers[:60] == ["open"] * 60, f"{answers}")
    want("silent" in answers[60:], f"nothing was dropped: {answers[60:]}")
    want(seen(465, OPERATOR) == "open", "another address is dropped too")


@fact("nftables: a source has its bound of new connections, and others theirs")
def _():
    bounded("nftables")
    unload()


def guess(source):
    """One wrong password from there."""
    with socket.create_connection((ADDRESS, 993), 10, (source, 0)) as raw:
        with TLS.wrap_socket(raw, server_hostname="mx1.example.test") as line:
            line.recv(1000)
            line.sendall(f'a LOGIN "{ALICE}" "wrong"\r\n'.encode())
            return line.recv(1000)


@fact("the abuse set drops who guesses passwords, lets others in, and forgets")
def _():
    more = "login_failures_max: 3, login_window: 12s, "
    server.write(yaml("{ abuse_set: true }", more))
    mailctl("apply", "--firewall", "--confirm-within", "0")
    for _ in range(3):
        guess(OPERATOR)
    listed = wait_until(5, "the server tells nobody", lambda: json.loads(mailctl("abuse", "list", "--format", "json")))
    want([ban["source"] for ban in listed] == [OPERATOR], listed)
    want(seen(993, OPERATOR) == "silent" and seen(25, OPERATOR) == "silent", "it still gets in")
    want(seen(22, OPERATOR) == "open", "it is about mail alone")
    want(seen(993, STRANGER) == "open", "another address is kept off")
    # A new ruleset keeps who was in the old one.
    mailctl("firewall", "apply", "--confirm-within", "0")
    want(seen(993, OPERATOR) == "silent", "a load forgets whom the set held")
    wait_until(20, "it is never forgotten", lambda: seen(993, OPERATOR) == "open", 0.5)
    mailctl("abuse", "ban", OPERATOR, "--seconds", "600")
    mailctl("abuse", "ban", "2001:db8:77::7", "--seconds", "600")
    want(seen(25, OPERATOR) == "silent", "banned by hand, and gets in")
    want("2001:db8:77::  " in mailctl("abuse", "list"), "of IPv6 a /64 is kept off")
    mailctl("abuse", "unban", OPERATOR)
    want(seen(25, OPERATOR) == "open", "let in again, and kept off")


@fact("a kernel without the set is told of once in the log, and logins go on")
def _():
    unload()
    done = server.mailctl("abuse", "ban", OPERATOR)
    want(done.returncode == 1 and "has no abuse set" in done.stderr, done)
    for _ in range(6):
        guess(OPERATOR)
        time.sleep(0.2)
    wait_until(5, "no word in the log", lambda: "packet filter was not told" in server.log())
    want(server.log().count("packet filter was not told") == 1, "more than once")
    want(guess(STRANGER).startswith(b"a NO"), "another source cannot even try")


@fact("the former rules come back by themselves, though the terminal is gone")
def _():
    load("{ closed: [imap] }")
    before = kernel()
    server.write(yaml("{ open: [], admin: [10.0.0.0/8] }"))
    words = server.command("firewall", "apply", "--confirm-within", "4")
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        ["ip", "netns", "exec", f"{LAB}-mx1", "sh", "-c", '"$@"; kill -STOP $$', "sh", *words],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )
    os.close(terminal)
    wait_until(10, "nothing was loaded", lambda: seen(25) == "open" and seen(8080) == "refused")
    os.killpg(process.pid, signal.SIGHUP)
    os.killpg(process.pid, signal.SIGKILL)
    os.close(leader)
    process.wait()
    refused = server.mailctl("firewall", "apply")
    want(refused.returncode == 1 and "still waits" in refused.stderr, refused)
    wait_until(10, "the former rules do not come back", lambda: seen(8080) == "open", 0.2)
    want(kernel() == before, "what came back is not what was")
    done = server.mailctl("firewall", "confirm")
    want(done.returncode == 1 and "have gone back" in done.stderr, done)


@fact("what is confirmed stays, and what cannot be loaded changes nothing")
def _():
    before = kernel()
    mailctl("firewall", "apply", "--confirm-within", "3")
    mailctl("firewall", "confirm")
    want(kernel() != before and seen(8080) == "refused", "nothing was loaded")
    loaded = kernel()
    time.sleep(4)
    want(kernel() == loaded, "it went back though it was confirmed")
    server.write(yaml("{ outgoing: { user: nobody-of-that-name } }"))
    done = server.mailctl("firewall", "apply")
    want(done.returncode == 1 and "refuses" in done.stderr and kernel() == loaded, done)
    want(not (server.state / "firewall/pending.json").exists(), "and waits to be confirmed")
    server.write(yaml("{ open: [], admin: [10.0.0.0/8] }"))
    without = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
    done = on("mx1", *without, *server.command("firewall", "apply", "--confirm-within", "0"))
    want(done.returncode == 1 and "CAP_NET_ADMIN" in done.stderr and kernel() == loaded, f"without rights: {done}")
    unload()


@fact("only the server's user sends to port 25 of others, and only listed ports are reached")
def _():
    probe = "import socket; socket.create_connection((\"198.18.2.25\", 25), 3)"
    nobody = ["setpriv", "--reuid", "65534", "--clear-groups", "/usr/bin/python3", "-c", probe]
    for backend in ("nftables", "iptables"):
        want(on("mx1", *nobody).returncode == 0, "refused before anything is loaded")
        load(f'{{ backend: {backend}, outgoing: {{ user: "0", ports: [25, 53, 443] }} }}')
        want("Connection refused" in on("mx1", *nobody).stderr, f"{backend}: somebody else sends mail")
        want(on("mx1", "/usr/bin/python3", "-c", probe).returncode == 0, f"{backend}: the server cannot send")
        other = on("mx1", "/usr/bin/python3", "-c", probe.replace("25)", "587)"))
        want("Connection refused" in other.stderr, f"{backend}: {other.stderr}")
        unload()


@fact("iptables: every listed port is reached, every other is refused; again changes nothing")
def _():
    return shut_but_what_is_listed("iptables")


@fact("iptables: a bound of new connections; the former rules come back; unloaded nothing is left")
def _():
    bounded("iptables")
    before = kernel()
    server.write(yaml(GUARDED.format("iptables")))
    mailctl("firewall", "apply", "--confirm-within", "2")
    want(kernel() != before, "nothing was loaded")
    wait_until(10, "the former rules do not come back", lambda: kernel() == before, 0.2)
    unload()
    want("MAILCTL" not in kernel(), kernel())


@contextlib.contextmanager
def container():
    """A container behind mx1 with ports published as Docker does it: translated before routing, forwarded by a chain
    that is asked after DOCKER-USER."""
    name = f"{LAB}-fw-box"
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    run("ip", "netns", "add", name)
    mx1 = lambda *words: run("ip", "netns", "exec", f"{LAB}-mx1", *words)
    try:
        mx1("ip", "link", "add", "docker0", "type", "veth", "peer", "name", "eth0", "netns", name)
        mx1("ip", "addr", "add", "172.20.0.1/16", "dev", "docker0")
        mx1("ip", "link", "set", "docker0", "up")
        for words in ("addr add 172.20.0.2/16 dev eth0", "link set eth0 up", "link set lo up", "route add default via 172.20.0.1"):
            run("ip", "-n", name, *words.split())
        mx1("sysctl", "-qw", "net.ipv4.ip_forward=1")
        for chain in ("DOCKER-USER", "DOCKER"):
            mx1("iptables", "-N", chain)
        for rule in ("DOCKER-USER -j RETURN", "FORWARD -j DOCKER-USER", "FORWARD -o docker0 -j DOCKER"):
            mx1("iptables", "-A", *rule.split())
        for published, port in ((26, 2525), (144, 1143)):
            mx1("iptables", "-t", "nat", "-A", "PREROUTING", "-p", "tcp", "--dport", published, "-m", "addrtype", "--dst-type", "LOCAL",
                "-j", "DNAT", "--to-destination", f"172.20.0.2:{port}")
            mx1("iptables", "-A", "DOCKER", "-p", "tcp", "-d", "172.20.0.2", "--dport", port, "-j", "ACCEPT")
        with listening("fw-box", [2525, 1143]):
            yield
    finally:
        on("mx1", "iptables", "-F")
        on("mx1", "iptables", "-X")
        on("mx1", "iptables", "-t", "nat", "-F")
        on("mx1", "ip", "link", "del", "docker0")
        run("ip", "netns", "del", name)


def in_a_container(backend):
    """Two listeners published as 26 and 144 (the server of this check has 25 and 143), the second one closed."""

    def edit(text):
        text = text.replace("addresses: [198.18.1.25] }", "addresses: [198.18.1.25], runtime: { kind: docker, userland_proxy: false } }")
        text = re.sub(r"listeners:\n(  .*\n)+", "listeners:\n  smtp: { port: 2525, published: 26 }\n  imap: { port: 1143, published: 144 }\n", text)
        return f"{text}firewall: {{ backend: {backend}, closed: [imap] }}\n"

    return edit


@fact("Docker: what the INPUT form leaves open, the DOCKER-USER form and nftables shut")
def _():
    with container():
        wait_until(15, "the container is not reached at all", lambda: open_ports([26, 144]) == {26, 144})
        for backend, expected in (("iptables", {26, 144}), ("docker", {26}), ("nftables", {26})):
            server.write(in_a_container(backend))
            mailctl("firewall", "apply", "--confirm-within", "0")
            found = open_ports([26, 144])
            want(found == expected, f"{backend}: {sorted(found)} are open, not {sorted(expected)}")
            before = kernel()
            mailctl("firewall", "apply", "--confirm-within", "0")
            want(kernel() == before, f"{backend}: loaded again it is something else")
            unload()
    return "closed listener on a published port"


@fact("ufw takes its rules, keeps them when they come again, and drops those of an older plan")
def _():
    private = f"/etc/netns/{LAB}-mx1"
    run("cp", "-r", "/etc/ufw", f"{private}/ufw")
    try:
        run("ip", "netns", "exec", f"{LAB}-mx1", "ufw", "--force", "enable")
        server.write(yaml(GUARDED.format("ufw")))
        script = mailctl("firewall", "render")
        for _ in range(2):
            done = on("mx1", "sh", "-s", input=script, timeout=120)
            want(done.returncode == 0, done.stdout + done.stderr)
        want("Skipping adding existing rule" in done.stdout and "Rule added" not in done.stdout, done.stdout)
        found = open_ports(DECOYS + sorted(MAIL))
        want(found == MAIL | {8080}, f"open to a stranger: {sorted(found)}")
        want(open_ports([22, 3306], source=OPERATOR) == {22}, "an operator")
        server.write(yaml("{ backend: ufw, open: [22], closed: [imap] }"))
        done = on("mx1", "sh", "-s", input=mailctl("firewall", "render"), timeout=120)
        want(done.returncode == 0, done.stdout + done.stderr)
        want(open_ports(DECOYS + sorted(MAIL)) == MAIL - {143} | {22}, "rules of the older plan are left")
        refused = server.mailctl("firewall", "apply")
        want(refused.returncode == 1 and "run it with sh" in refused.stderr, refused)
    finally:
        on("mx1", "ufw", "--force", "disable")
        run("rm", "-rf", f"{private}/ufw")


@fact("firewalld takes the service and the zone")
def _():
    folder = STATE / "mx1/firewalld"
    server.write(yaml(GUARDED.format("firewalld")))
    script = mailctl("firewall", "render")
    run("sh", "-s", input=script, env=os.environ | {"FIREWALLD_CONFIG": str(folder)})
    offline = ("firewall-offline-cmd", f"--system-config={folder}")
    run(*offline, "--check-config")
    service = run(*offline, "--info-service=mailctl")
    want(all(f"{port}/tcp" in service for port in MAIL), service)
    zone = run(*offline, "--zone=mailctl", "--list-all")
    want("8080/tcp" in zone and f'source address="{OPERATOR}' in zone and " ssh" not in zone, zone)


try:
    main()
finally:
    decoys.close()
    server.stop()
    on("mx1", "nft", "flush", "ruleset")
