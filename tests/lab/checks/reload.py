"""Editing the YAML: `plan` shows exactly what changes, `apply` does it under open sessions, or goes back."""

import json
import os
import re
import time

from lab import ALICE, HERE, LAB, Line, Server, arrived, end_idle, fact, greets, imap, main, message, on, subprocess, want, wait_until

SUBMISSION = "  submission: { addresses: [0.0.0.0] }\n"
IMAP = "  imap: { addresses: [0.0.0.0] }\n"
POP3 = "  pop3: { addresses: [0.0.0.0] }\n"
POP3S = "  pop3s: { addresses: [0.0.0.0] }\n"


def without(*lines):
    def edit(yaml):
        for line in lines:
            want(line in yaml, f"the configuration has no line `{line}`")
            yaml = yaml.replace(line, "")
        return yaml

    return edit


before = without(SUBMISSION, POP3, POP3S)
after = without(IMAP, POP3, POP3S)
server = Server("reload", before).start()


@fact("nothing edited: `plan --detailed-exitcode` says 0")
def _():
    done = server.mailctl("plan", "--detailed-exitcode")
    want(done.returncode == 0, f"{done.returncode}: {done.stdout} {done.stderr}")


@fact("closing 143 and opening 587: `plan` shows exactly that")
def _():
    server.write(after)
    done = server.mailctl("plan", "--detailed-exitcode")
    want(done.returncode == 2, f"exit code {done.returncode}: {done.stdout} {done.stderr}")
    golden = HERE.parent / "golden/close-143-open-587.txt"
    # Digests follow from the lab's own certificates, which are new each time.
    shown = re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", done.stdout)
    if os.environ.get("MAILCTL_BLESS"):
        golden.write_text(shown)
    want(shown == golden.read_text(), f"the plan reads:\n{shown}")


@fact("a reviewed plan file is applied under an open IDLE and an open DATA")
def _():
    proposal = server.folder / "plan.json"
    done = server.mailctl("plan", "--out", proposal)
    want(done.returncode == 0, done.stderr)
    with imap() as idle, Line(25) as data:
        idle.select("INBOX", readonly=True)
        idle.send(b"i1 IDLE\r\n")
        want(idle.readline().startswith(b"+"), "IDLE was not taken")
        data.reply()
        data.smtp("EHLO client.test", 250)
        data.smtp("MAIL FROM:<carol@peer.test>", 250)
        data.smtp(f"RCPT TO:<{ALICE}>", 250)
        data.smtp("DATA", 354)
        head, tail = message("across the apply").encode().split(b"\r\n\r\n")
        data.say(head + b"\r\n\r\nThe first half.\r\n")
        start = time.monotonic()
        done = server.mailctl("apply", proposal)
        took = time.monotonic() - start
        want(done.returncode == 0, f"apply: {done.stdout} {done.stderr}")
        data.say(b"The second half.\r\n.\r\n")
        reply = data.reply()
        want(reply.startswith("250"), f"the DATA that was open got `{reply}`")
        idle.sock.settimeout(10)
        want(b"EXISTS" in idle.readline(), "the IDLE that was open does not hear of the mail")
        end_idle(idle)
        want(idle.noop()[0] == "OK", "its session does not go on")
    got = arrived("across the apply")
    want("The first half." in got.get_content() and "The second half." in got.get_content(), got.get_content())
    return f"{took * 1000:.0f} ms"


@fact("after it 143 is closed, 587 is open, the rest as before")
def _():
    want(not greets(143), "143 still answers")
    want(greets(587), "587 does not answer")
    want(all(greets(port) for port in (25, 465, 993)), "a listener that did not change is gone")
    done = server.mailctl("plan", "--detailed-exitcode")
    want(done.returncode == 0, f"`plan` still sees differences: {done.stdout}")


@fact("a plan made before another was applied is refused")
def _():
    proposal = server.folder / "stale.json"
    server.write(without(POP3, POP3S))
    server.mailctl("plan", "--out", proposal)
    done = server.mailctl("apply")
    want(done.returncode == 0, f"apply: {done.stderr}")
    done = server.mailctl("apply", proposal)
    want(done.returncode == 1 and greets(143) and greets(587), f"exit code {done.returncode}: {done.stdout} {done.stderr}")


def holding(port):
    """Somebody else on mx1 who has the port. In a process of its own."""
    code = f"import socket,time; s=socket.create_server(('0.0.0.0',{port})); print('held',flush=True); time.sleep(60)"
    command = ["ip", "netns", "exec", f"{LAB}-mx1", "python3", "-c", code]
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    want(holder.stdout.readline().strip() == "held", "the port could not be taken")
    return holder


@fact("an apply whose new listener cannot bind goes back and says why")
def _():
    holder = holding(995)
    try:
        with imap() as session:
            session.select("INBOX", readonly=True)
            digest = json.loads(server.mailctl("status", "--format", "json").stdout)["running"]["digest"]
            server.write(without(IMAP, POP3))
            done = server.mailctl("apply")
            said = done.stdout + done.stderr
            want(done.returncode == 1, f"exit code {done.returncode}: {said}")
            want("0.0.0.0:995 cannot be bound: another program listens there" in done.stderr, f"it says: {done.stderr}")
            want(greets(143) and greets(587) and greets(993), "a listener of the old plan is gone")
            want(session.noop()[0] == "OK", "the open session was dropped")
            status = json.loads(server.mailctl("status", "--format", "json").stdout)
            want(status["running"]["digest"] == digest == status["active"]["digest"], f"the old plan is not the active one: {status}")
    finally:
        holder.kill()
        holder.wait()


@fact("the same apply succeeds when the port is free, and `rollback` undoes it")
def _():
    done = server.mailctl("apply")
    want(done.returncode == 0 and greets(995) and not greets(143), f"apply: {done.stdout} {done.stderr}")
    done = server.mailctl("rollback")
    want(done.returncode == 0 and greets(143) and not greets(995), f"rollback: {done.stdout} {done.stderr}")


@fact("a configuration with an error changes nothing")
def _():
    server.write(lambda yaml: yaml.replace("smtp: { addresses", "smtp: { port: 465, addresses", 1))
    done = server.mailctl("apply")
    want(done.returncode == 1 and "mailserver.yaml:" in done.stderr, f"{done.returncode}: {done.stderr}")
    want(greets(25) and greets(143), "a listener is gone")
    server.stop()


main()
