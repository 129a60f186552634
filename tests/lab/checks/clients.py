"""Programs that people use read and write mail, with implicit TLS and with STARTTLS."""

import imaplib
import os
import pathlib
import poplib
import smtplib
import subprocess
import tempfile
import time

from lab import (
    ALICE, ALICE_PASSWORD, CA, DAVE, DAVE_PASSWORD, HOST, TLS, Server, arrived, deliver, end_idle, fact, imap, main, message,
    messages, run, want, wait_until,
)

server = Server("clients").start()
LOGIN = f"{ALICE}:{ALICE_PASSWORD}"
folder = pathlib.Path(tempfile.mkdtemp(dir=server.folder))


def curl(url, *options):
    return run("curl", "-sS", "--cacert", CA, "--user", LOGIN, *options, url)


def curl_sends(url, subject, *options):
    file = folder / "curl-message"
    file.write_text(message(subject, ALICE, ALICE))
    curl(url, "--mail-from", ALICE, "--mail-rcpt", ALICE, "--upload-file", file, *options)
    arrived(subject)


@fact("curl submits on 465 (implicit TLS)")
def _():
    curl_sends(f"smtps://{HOST}:465/client.test", "curl on 465")


@fact("curl submits on 587 (STARTTLS)")
def _():
    curl_sends(f"smtp://{HOST}:587/client.test", "curl on 587", "--ssl-reqd")


@fact("curl reads by IMAP on 993 (implicit TLS)")
def _():
    want("curl on 465" in curl(f"imaps://{HOST}/INBOX;MAILINDEX=1"), "the first message is another")


@fact("curl reads by IMAP on 143 (STARTTLS)")
def _():
    want("curl on 587" in curl(f"imap://{HOST}/INBOX;MAILINDEX=2", "--ssl-reqd"), "the second message is another")


@fact("curl appends to a mailbox by IMAP")
def _():
    file = folder / "draft"
    file.write_text(message("a draft by curl", ALICE, ALICE))
    curl(f"imaps://{HOST}/Drafts", "--upload-file", file)
    arrived("a draft by curl", mailbox="Drafts")


@fact("curl reads by POP3 on 995 (implicit TLS)")
def _():
    want("curl on 465" in curl(f"pop3s://{HOST}/1"), "the first message is another")


@fact("curl reads by POP3 on 110 (STLS)")
def _():
    want("curl on 587" in curl(f"pop3://{HOST}/2", "--ssl-reqd"), "the second message is another")


def python_reads_and_writes(session, marker):
    session.login(ALICE, ALICE_PASSWORD)
    status, data = session.append("INBOX", r"(\Flagged)", None, message(marker, ALICE, ALICE).encode())
    want(status == "OK", data)
    session.select("INBOX")
    status, data = session.uid("SEARCH", None, "SUBJECT", f'"{marker}"', "FLAGGED")
    want(status == "OK" and len(data[0].split()) == 1, f"SEARCH: {data}")
    uid = data[0].decode()
    want(session.uid("STORE", uid, "+FLAGS", r"(\Answered)")[0] == "OK", "STORE")
    want(session.uid("MOVE", uid, "Archive")[0] == "OK", "MOVE")
    session.select("Archive")
    status, data = session.fetch("*", "(FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)")
    want(rb"\Answered" in data[0] and marker.encode() in data[0], f"FETCH: {data}")
    session.store("*", "+FLAGS", r"(\Deleted)")
    want(session.expunge()[0] == "OK", "EXPUNGE")
    session.logout()


@fact("Python's imaplib reads and writes on 993 (implicit TLS)")
def _():
    python_reads_and_writes(imaplib.IMAP4_SSL(HOST, 993, ssl_context=TLS, timeout=20), "imaplib on 993")


@fact("Python's imaplib reads and writes on 143 (STARTTLS)")
def _():
    session = imaplib.IMAP4(HOST, 143, timeout=20)
    session.starttls(TLS)
    python_reads_and_writes(session, "imaplib on 143")


def python_pops(session, subject):
    session.user(DAVE)
    session.pass_(DAVE_PASSWORD)
    count, octets = session.stat()
    want(count >= 1 and octets > 0, f"STAT: {count} {octets}")
    want(len(session.uidl()[1]) == count, "UIDL and STAT differ")
    lines = session.retr(count)[1]
    want(any(subject.encode() in line for line in lines), "RETR gives another message")
    want(sum(map(len, lines)) + 2 * len(lines) == int(session.list(count).split()[2]), "LIST names another size")
    want(len(session.top(count, 0)[1]) < len(lines), "TOP 0 gives the body too")
    session.dele(count)
    session.quit()
    wait_until(5, "the deleted message is still there", lambda: subject not in [m["Subject"] for m in messages(DAVE, DAVE_PASSWORD)])


@fact("Python's poplib reads and deletes on 995 (implicit TLS)")
def _():
    deliver("poplib on 995", DAVE)
    python_pops(poplib.POP3_SSL(HOST, 995, context=TLS, timeout=20), "poplib on 995")


@fact("Python's poplib reads and deletes on 110 (STLS)")
def _():
    deliver("poplib on 110", DAVE)
    session = poplib.POP3(HOST, 110, timeout=20)
    session.stls(TLS)
    python_pops(session, "poplib on 110")


@fact("Python's smtplib submits on 587 (STARTTLS)")
def _():
    with smtplib.SMTP(HOST, 587, timeout=20) as session:
        session.starttls(context=TLS)
        session.login(ALICE, ALICE_PASSWORD)
        session.sendmail(ALICE, [ALICE], message("smtplib on 587", ALICE, ALICE))
    arrived("smtplib on 587")


@fact("a wrong password is refused by SMTP, IMAP and POP3")
def _():
    def refused(attempt, *errors):
        try:
            attempt()
        except errors:
            return
        raise AssertionError("somebody was let in")

    with smtplib.SMTP_SSL(HOST, 465, context=TLS, timeout=20) as session:
        refused(lambda: session.login(ALICE, "wrong"), smtplib.SMTPAuthenticationError)
    refused(lambda: imap(ALICE, "wrong"), imaplib.IMAP4.error)
    pop = poplib.POP3_SSL(HOST, 995, context=TLS, timeout=20)
    pop.user(ALICE)
    refused(lambda: pop.pass_("wrong"), poplib.error_proto)


def mbsync(name, security):
    """A Maildir kept equal with the server: pull, push a flag, push a message."""
    local = folder / f"mbsync-{name}"
    local.mkdir()
    config = folder / f"mbsyncrc-{name}"
    config.write_text(
        f"""IMAPAccount mx1
Host {HOST}
User {DAVE}
Pass {DAVE_PASSWORD}
SSLType {security}
CertificateFile {CA}

IMAPStore far
Account mx1

MaildirStore near
Path {local}/
Inbox {local}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Create Both
Expunge Both
SyncState *
"""
    )
    sync = lambda: run("mbsync", "-c", config, "-a")
    subject = f"for mbsync by {security}"
    deliver(subject, DAVE)
    sync()
    pulled = [path for path in (local / "INBOX").glob("*/*") if subject in path.read_text()]
    want(len(pulled) == 1, f"{len(pulled)} copies pulled")
    want((local / "Archive").is_dir(), "the mailbox Archive was not made")
    pulled[0].rename(local / "INBOX/cur" / (pulled[0].name.split(":")[0] + ":2,S"))
    written = f"written by mbsync, {security}"
    (local / "Archive/new/1.local").write_bytes(message(written, DAVE, DAVE).replace("\r\n", "\n").encode())
    sync()
    arrived(written, DAVE, DAVE_PASSWORD, "Archive")
    with imap(DAVE, DAVE_PASSWORD) as session:
        session.select("INBOX", readonly=True)
        found = session.search(None, "SEEN", "SUBJECT", f'"{subject}"')[1][0]
        want(len(found.split()) == 1, "the flag \\Seen was not pushed")


@fact("mbsync keeps a Maildir equal over 993 (implicit TLS)")
def _():
    mbsync("imaps", "IMAPS")


@fact("mbsync keeps a Maildir equal over 143 (STARTTLS)")
def _():
    mbsync("starttls", "STARTTLS")


def fetchmail(name, server_options, user_options):
    out, config = folder / f"fetchmail-{name}", folder / f"fetchmailrc-{name}"
    subject = f"for fetchmail by {name}"
    deliver(subject, DAVE)
    config.write_text(
        f'poll {HOST} {server_options} user "{DAVE}" password "{DAVE_PASSWORD}" {user_options} sslcertck '
        f'sslcertfile "{CA}" fetchall nokeep mda "cat >> {out}"\n'
    )
    config.chmod(0o600)
    environment = os.environ | {"FETCHMAILHOME": str(folder)}
    run("fetchmail", "--nodetach", "--nosyslog", "-f", config, env=environment)
    want(out.exists() and subject in out.read_text(), "fetchmail did not fetch it")
    want(subject not in [m["Subject"] for m in messages(DAVE, DAVE_PASSWORD)], "it is still on the server")


@fact("fetchmail fetches by IMAP on 993 (implicit TLS)")
def _():
    fetchmail("imaps", "protocol imap port 993", "ssl")


@fact("fetchmail fetches by IMAP on 143 (STARTTLS)")
def _():
    fetchmail("imap", "protocol imap port 143", 'sslproto "TLS1.2+"')


@fact("fetchmail fetches by POP3 on 995 (implicit TLS)")
def _():
    fetchmail("pop3s", "protocol pop3 port 995", "ssl")


@fact("fetchmail fetches by POP3 on 110 (STLS)")
def _():
    fetchmail("pop3", "protocol pop3 port 110", 'sslproto "TLS1.2+"')


def neomutt(name, imap_url, smtp_url):
    config, out = folder / f"neomuttrc-{name}", folder / f"neomutt-{name}"
    user = ALICE.replace("@", "%40")
    config.write_text(
        f"""set certificate_file={CA}
set ssl_force_tls=yes ssl_starttls=yes
set imap_user="{ALICE}" imap_pass="{ALICE_PASSWORD}" smtp_pass="{ALICE_PASSWORD}"
set from="{ALICE}" use_from=yes hostname=client.test
set smtp_url="{smtp_url.format(user=user)}"
# Left to itself, Debian 12's neomutt picks SCRAM-SHA-256-PLUS and then has no channel binding to give.
set smtp_authenticators="plain" imap_authenticators="plain"
# A folder of its own: it asks before it makes the one that is missing in a new home.
set folder={folder} copy=no header_cache="" message_cachedir=""
set wait_key=no quit=yes confirm_append=no confirm_create=no sort=mailbox-order
"""
    )
    subject = f"by neomutt over {name}"
    run("neomutt", "-n", "-F", config, "-s", subject, ALICE, input="Sent by a mail reader.\n")
    arrived(subject)
    # Then the way a person does: open the mailbox, go to the last message, look at it, copy it, leave.
    pager = folder / f"pager-{name}"
    pager.write_text(f'#!/bin/sh\ncp "$1" {out}\n')
    pager.chmod(0o755)
    with open(config, "a") as file:
        file.write(f"set pager={pager} prompt_after=no\n")
        # From a hook, because keys pushed before the mailbox is open can be lost.
        keys = f"<last-entry><display-message><copy-message><kill-line>{imap_url}/Archive<enter><quit>"
        file.write(f"startup-hook 'push \"{keys}\"'\n")
    environment = os.environ | {"TERM": "xterm"}
    run("script", "-qec", f"neomutt -n -F {config} -f {imap_url}/INBOX", "/dev/null", env=environment, timeout=30)
    want(out.exists() and subject in out.read_text(), "neomutt did not show the message")
    arrived(subject, mailbox="Archive")


@fact("neomutt sends, files and reads over 465 and 993 (implicit TLS)")
def _():
    neomutt("tls", f"imaps://{HOST}", f"smtps://{{user}}@{HOST}:465")


@fact("neomutt sends, files and reads over 587 and 143 (STARTTLS)")
def _():
    neomutt("starttls", f"imap://{HOST}", f"smtp://{{user}}@{HOST}:587")


def gsasl(protocol, port, mechanism, *options, password=ALICE_PASSWORD):
    """GNU SASL logs in after STARTTLS; it verifies the certificate and, in SCRAM, that the server knows the password."""
    words = [f"--{protocol}", "--starttls", "-m", mechanism, "-a", ALICE, "-p", password, f"--x509-ca-file={CA}"]
    together = {"capture_output": False, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return run("gsasl", *words, *options, HOST, port, input="", **together)


@fact("gsasl logs in with SCRAM-SHA-256 by IMAP and by submission (RFC 7677)")
def _():
    for protocol, port in (("imap", "143"), ("smtp", "587")):
        said = gsasl(protocol, port, "SCRAM-SHA-256", "--no-cb")
        want("server trusted" in said, f"{protocol}: {said}")


@fact("gsasl logs in with SCRAM-SHA-256-PLUS, bound to the TLS channel (RFC 9266)")
def _():
    want("server trusted" in gsasl("imap", "143", "SCRAM-SHA-256-PLUS"), "the server did not prove itself")


@fact("gsasl with a wrong password is refused in SCRAM")
def _():
    try:
        gsasl("imap", "143", "SCRAM-SHA-256-PLUS", password="guessed")
    except Exception as refused:
        want("AUTHENTICATIONFAILED" in str(refused), f"refused with {refused}")
    else:
        want(False, "it was let in")


@fact("an IMAP client in IDLE hears of new mail")
def _():
    with imap() as session:
        session.select("INBOX", readonly=True)
        session.send(b"i1 IDLE\r\n")
        want(session.readline().startswith(b"+"), "IDLE was not taken")
        start = time.monotonic()
        deliver("news for IDLE")
        session.sock.settimeout(10)
        line = session.readline()
        waited = time.monotonic() - start
        want(b"EXISTS" in line, f"heard {line}")
        end_idle(session)
    return f"after {waited * 1000:.0f} ms"


@fact("the server stops on SIGTERM")
def _():
    server.stop()
    want(server.process.returncode == 0, f"it ended with {server.process.returncode}")


main()
