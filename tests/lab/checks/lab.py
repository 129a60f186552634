"""What the checks share: facts with names, the server under test, and its surroundings.

Everything here runs on the lab's host `client`; the server is started on `mx1`. A check is a function with
`@fact("name")`: it returns, or raises with the reason. `main()` runs them in order and prints one line each.
"""

import contextlib
import email
import email.policy
import imaplib
import os
import pathlib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import time

STATE = pathlib.Path(os.environ["LAB_STATE"])
LAB = os.environ["LAB"]
MAILCTL = os.environ["MAILCTL"]
MAILBENCH = os.environ["MAILBENCH"]
HERE = pathlib.Path(__file__).resolve().parent
HOST = "mx1.example.test"
ADDRESS = "198.18.1.25"
ALICE, ALICE_PASSWORD = "alice@example.test", "alice-secret"
DAVE, DAVE_PASSWORD = "dave@example.test", "dave-secret"
LOAD_USERS, LOAD_PASSWORD = [f"u{n}@example.test" for n in range(1, 11)], "load-secret"
CA = str(STATE / "ca/ca.pem")
TLS = ssl.create_default_context(cafile=CA)
PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995}

# ── facts ───────────────────────────────────────────────────────────────────────────────────────────

_facts = []


def fact(name):
    def register(function):
        _facts.append((name, function))
        return function

    return register


def main():
    """Runs the facts in the order in which they are written. Exit code 1 if one does not hold."""
    failed = False
    for name, function in _facts:
        try:
            remark = function()
            print(f"ok {name}" + (f" ({remark})" if remark else ""), flush=True)
        except Exception as why:  # any reason is a failed fact, and the next one is tried
            failed = True
            place = why.__traceback__
            while place.tb_next and pathlib.Path(place.tb_next.tb_frame.f_code.co_filename).parent == HERE:
                place = place.tb_next
            text = " ".join(str(why).split())[:600] or type(why).__name__
            file = pathlib.Path(place.tb_frame.f_code.co_filename).name
            print(f"FAIL {name}: {type(why).__name__}: {text} ({file}:{place.tb_lineno})", flush=True)
    if failed:
        for server in Server.all:
            print(f"--- end of {server.log_path}", flush=True)
            print("\n".join(server.log().splitlines()[-15:]), flush=True)
    sys.exit(1 if failed else 0)


def want(condition, otherwise):
    if not condition:
        raise AssertionError(otherwise)


def wait_until(seconds, what, condition, pause=0.05):
    """Asks `condition` every `pause` seconds until it gives something true; gives that back."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds} s: {what}")
        time.sleep(pause)


# ── surroundings ────────────────────────────────────────────────────────────────────────────────────


def on(host, *command, **options):
    """Runs a command on another host of the lab."""
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    return subprocess.run(["ip", "netns", "exec", f"{LAB}-{host}", *map(str, command)], **options)


def run(*command, **options):
    """Runs a command here; an exit code other than 0 is an error with what it printed."""
    options = {"capture_output": True, "text": True, "timeout": 60} | options
    done = subprocess.run([str(word) for word in command], **options)
    want(done.returncode == 0, f"`{command[0]}` ended with {done.returncode}: {done.stdout} {done.stderr}")
    return done.stdout


def lab(*command, **options):
    """A command of lab.sh, run outside this host's namespace."""
    return run("bash", HERE.parent / "lab.sh", *command, **options)


def empty(zone, server="198.18.0.1", second="198.18.0.2"):
    """Takes everything out of a zone but its name servers, and waits until nobody remembers it: the second server may be
    seconds behind, the resolver keeps what it heard for 5 s, and a sender what the resolver says."""
    key = f"hmac-sha256:lab.:{(STATE / 'dns/secret').read_text().strip()}"
    updates = set()
    for line in run("dig", "+noall", "+answer", "-y", key, f"@{server}", zone, "AXFR").splitlines():
        name, _, _, kind = line.split()[:4]
        if kind not in ("SOA", "NS", "RRSIG", "NSEC", "DNSKEY", "CDS", "CDNSKEY"):
            updates.add(f"update delete {name} {kind}")
    if not updates:
        return
    lab("publish", zone, input="\n".join(sorted(updates)) + "\n")
    serial = lambda where: run("dig", "+short", f"@{where}", zone, "SOA")
    wait_until(20, f"{second} does not follow {server}", lambda: serial(second) == serial(server), 0.2)
    time.sleep(6)


def postfix_log():
    return (STATE / "log/postfix.log").read_text(errors="replace")


def peer_mail(user):
    """What Postfix has delivered to that user of peer.test."""
    return sorted((STATE / f"peer/mail/{user}/new").glob("*"), key=lambda path: path.stat().st_mtime)


def peer_message(user, subject, seconds=20):
    """The delivered message with that subject, as bytes."""

    def find():
        for path in peer_mail(user):
            if email.message_from_bytes(path.read_bytes())["Subject"] == subject:
                return path.read_bytes()

    return wait_until(seconds, f"`{subject}` has not arrived at {user}@peer.test", find)


# ── the server under test ───────────────────────────────────────────────────────────────────────────


class Server:
    """mailctl on mx1, in a folder of its own. A context manager: started on entry, stopped on exit."""

    all = []

    def __init__(self, name, edit=lambda yaml: yaml):
        self.folder = STATE / "mx1" / name
        (self.folder / "secrets").mkdir(parents=True)
        for user, password in (("alice", ALICE_PASSWORD), ("dave", DAVE_PASSWORD), ("load", LOAD_PASSWORD)):
            (self.folder / "secrets" / user).write_text(password + "\n")
        (self.folder / "secrets/relay").write_text("relay-secret\n")
        self.config = self.folder / "mailserver.yaml"
        self.state = self.folder / "state"
        self.log_path = self.folder / "log"
        self.process = None
        self.write(edit)
        Server.all.append(self)

    def write(self, edit=lambda yaml: yaml):
        text = (HERE.parent / "conf/mailserver.yaml").read_text().replace("@STATE@", str(STATE))
        self.config.write_text(edit(text))

    def command(self, *words):
        return [MAILCTL, "--config", str(self.config), "--state", str(self.state), *words]

    def mailctl(self, *words, **options):
        return on("mx1", *self.command(*words), **options)

    def start(self, *words):
        """Starts `mailctl run` and waits until it greets."""
        self.spawn(*words)
        try:
            wait_until(20, "the server does not greet", lambda: self.exited() or greets(25))
        finally:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended: {self.log()[-800:]}")
        return self

    def spawn(self, *words):
        log = open(self.log_path, "ab")
        command = ["ip", "netns", "exec", f"{LAB}-mx1", *self.command(*(words or ("run",)))]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def exited(self):
        return self.process.poll() is not None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError("the server did not stop within 15 s of SIGTERM")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def greets(port):
    """Whether somebody on mx1 accepts at that port and, where TLS does not come first, speaks."""
    try:
        with socket.create_connection((ADDRESS, port), 2) as s:
            s.settimeout(2)
            return True if port in (465, 993, 995) else bool(s.recv(10))
    except OSError:
        return False


# ── conversations ───────────────────────────────────────────────────────────────────────────────────


class Line:
    """A connection on which lines are said and heard, in clear or under TLS."""

    def __init__(self, port, tls=False):
        self.socket = socket.create_connection((HOST, port), 10)
        self.buffer = b""
        if tls:
            self.start_tls()

    def start_tls(self):
        self.socket = TLS.wrap_socket(self.socket, server_hostname=HOST)
        self.buffer = b""

    def say(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode() + b"\r\n")

    def hear(self):
        """One line without its end; the empty string when the server has closed."""
        while b"\n" not in self.buffer:
            piece = self.socket.recv(65536)
            if not piece:
                rest, self.buffer = self.buffer, b""
                return rest.decode(errors="replace")
            self.buffer += piece
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").rstrip("\r")

    def reply(self):
        """An SMTP reply, all its lines joined."""
        lines = [self.hear()]
        while lines[-1][3:4] == "-":
            lines.append(self.hear())
        return "\n".join(lines)

    def smtp(self, text, code):
        self.say(text)
        reply = self.reply()
        want(reply.startswith(str(code)), f"`{text}`: wanted {code}, got `{reply}`")
        return reply

    def imap(self, tag, text):
        """Says an IMAP command; gives its untagged lines and its status line."""
        self.say(f"{tag} {text}")
        lines = []
        while True:
            line = self.hear()
            if line == "" or line.startswith(f"{tag} "):
                return lines, line
            lines.append(line)

    def silent(self, seconds=0.5):
        """Whether nothing more comes for that long (a closed connection is silent)."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and self.socket.recv(1000) == b""
        except (TimeoutError, ssl.SSLWantReadError):
            return True
        except OSError:
            return True
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(10)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def imap(user=ALICE, password=ALICE_PASSWORD):
    """A logged-in imaplib session on 993."""
    session = imaplib.IMAP4_SSL(HOST, 993, ssl_context=TLS, timeout=20)
    session.login(user, password)
    return session


def end_idle(session):
    """Ends the IDLE that was begun with the tag i1 (RFC 2177); what else is untagged before the end is read away."""
    session.send(b"DONE\r\n")
    line = session.readline()
    while line.startswith(b"*"):
        line = session.readline()
    want(line.startswith(b"i1 OK"), f"IDLE ended with {line}")


def subjects(user=ALICE, password=ALICE_PASSWORD, mailbox="INBOX"):
    return [message["Subject"] for message in messages(user, password, mailbox)]


def messages(user=ALICE, password=ALICE_PASSWORD, mailbox="INBOX"):
    """Every message of a mailbox, parsed; `raw` is its text."""
    with imap(user, password) as session:
        status, count = session.select(mailbox, readonly=True)
        want(status == "OK", f"SELECT {mailbox}: {count}")
        if count == [b"0"]:
            return []
        status, data = session.fetch("1:*", "(BODY.PEEK[])")
        want(status == "OK", f"FETCH: {data}")
    found = []
    for item in data:
        if isinstance(item, tuple):
            message = email.message_from_bytes(item[1], policy=email.policy.default)
            message.raw = item[1]
            found.append(message)
    return found


def arrived(subject, user=ALICE, password=ALICE_PASSWORD, mailbox="INBOX", seconds=10):
    """Waits for the message with that subject and gives it."""
    return wait_until(
        seconds,
        f"`{subject}` is not in {mailbox} of {user}",
        lambda: next((m for m in messages(user, password, mailbox) if m["Subject"] == subject), None),
    )


def message(subject, to=ALICE, sender="carol@peer.test", body="Good morning.\r\n"):
    return (
        f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nDate: Tue, 24 Nov 2026 08:00:00 +0000\r\n"
        f"Message-ID: <{re.sub('[^a-z0-9]+', '-', subject.lower())}.{time.time_ns()}@client.test>\r\n\r\n{body}"
    )


def submit(subject, to, body="Good morning.\r\n"):
    """Alice sends a message by submission on 465."""
    with smtplib.SMTP_SSL(HOST, 465, context=TLS, timeout=20) as session:
        session.login(ALICE, ALICE_PASSWORD)
        session.sendmail(ALICE, [to], message(subject, to, ALICE, body))


def deliver(subject, to=ALICE):
    """Another server delivers a message on 25, in clear."""
    with smtplib.SMTP(HOST, 25, local_hostname="client.test", timeout=20) as session:
        session.sendmail("carol@peer.test", [to], message(subject, to))
