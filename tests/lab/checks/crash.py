"""`kill -9` in the middle of deliveries: what was acknowledged is there exactly once, nothing is there by half."""

import collections
import imaplib
import json
import pathlib
import re
import subprocess

from lab import ALICE, CA, HOST, LOAD_PASSWORD, LOAD_USERS, MAILBENCH, Server, fact, imap, main, messages, run, wait_until, want

# Each round offers MESSAGES and is killed when so many of them are acknowledged: early, in the middle, late. What is
# left by then lasts a tenth of a second on a fast machine, many times what it takes to see the number and to kill.
MESSAGES = 2000
KILLED_AFTER = (150, 1000, 1300)
SENDER = "sender@client.test"
server = Server("crash").start()
acknowledged = []


def load(first, count, log):
    """A load generator in the background."""
    command = [
        MAILBENCH, "smtp", "--address", f"{HOST}:25", "--to", ",".join(LOAD_USERS), "--from", SENDER, "--sessions", "10",
        "--messages", str(count), "--first", str(first), "--pipeline", "--log", str(log),
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def lines(path):
    return path.read_text().split() if path.exists() else []


@fact(f"the server comes back by itself after {len(KILLED_AFTER)} kills under load")
def _():
    for round_, after in enumerate(KILLED_AFTER):
        log = server.folder / f"acknowledged-{round_}"
        client = load(round_ * MESSAGES, MESSAGES, log)
        enough = lambda: len(lines(log)) >= after or client.poll() is not None
        wait_until(60, f"{after} messages are not acknowledged", enough, pause=0.001)
        server.kill()
        out, errors = client.communicate(timeout=60)
        got = lines(log)
        want(after <= len(got) < MESSAGES, f"the kill was not in the middle of the load: {len(got)}; {out} {errors}")
        acknowledged.extend(got)
        server.start("serve")
    return f"{len(acknowledged)} messages acknowledged"


@fact("every acknowledged message is there exactly once, whole")
def _():
    want(acknowledged, "nothing was acknowledged")
    found = collections.Counter()
    for user in LOAD_USERS:
        for got in messages(user, LOAD_PASSWORD):
            id_ = got["Message-ID"].strip("<>")
            found[id_] += 1
            number = id_.split(".")[0]
            sent = subprocess.run([MAILBENCH, "message", "--first", number, "--from", SENDER, "--to", user], capture_output=True).stdout
            want(got.raw.endswith(sent), f"{id_} in {user} is not what was sent ({len(got.raw)} octets, sent {len(sent)})")
    missing = [id_ for id_ in acknowledged if found[id_] == 0]
    double = [id_ for id_, times in found.items() if times > 1]
    want(not missing, f"{len(missing)} acknowledged messages are lost: {missing[:5]}")
    want(not double, f"{len(double)} messages are there more than once: {double[:5]}")
    return f"{len(acknowledged)} acknowledged, {sum(found.values())} stored"


@fact("UIDs are unique and rise after the kills (RFC 9051 §2.3.1.1)")
def _():
    for user in LOAD_USERS:
        with imap(user, LOAD_PASSWORD) as session:
            session.select("INBOX", readonly=True)
            uids = [int(u) for u in session.uid("SEARCH", None, "ALL")[1][0].split()]
            want(uids == sorted(set(uids)) and uids, f"{user}: {uids[:10]}")


@fact("mail still flows")
def _():
    log = server.folder / "after"
    client = load(10_000, 20, log)
    out, errors = client.communicate(timeout=60)
    want(json.loads(out)["accepted"] == 20, f"{out} {errors}")
    server.stop()


main()
