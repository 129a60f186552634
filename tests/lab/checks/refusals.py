"""What must not be possible: logging in before TLS, relaying, smuggling a message, injecting a command."""

import base64
import smtplib

from lab import (
    ALICE, ALICE_PASSWORD, HOST, TLS, Line, Server, arrived, deliver, fact, main, message, subjects, want,
)

server = Server("refusals").start()
PLAIN = base64.b64encode(f"\0{ALICE}\0{ALICE_PASSWORD}".encode()).decode()


@fact("IMAP on 143 refuses a login before TLS and says LOGINDISABLED (RFC 9051 §6.2.3)")
def _():
    with Line(143) as line:
        greeting = line.hear()
        want(greeting.startswith("* OK"), greeting)
        untagged, status = line.imap("a", "CAPABILITY")
        want(status.startswith("a OK") and "LOGINDISABLED" in untagged[0] and "STARTTLS" in untagged[0], untagged)
        want("AUTH=" not in untagged[0], f"AUTH is offered in clear: {untagged[0]}")
        _, status = line.imap("b", f'LOGIN "{ALICE}" "{ALICE_PASSWORD}"')
        want(status.startswith("b NO"), f"LOGIN: {status}")
        _, status = line.imap("c", f"AUTHENTICATE PLAIN {PLAIN}")
        want(status.startswith(("c NO", "c BAD")), f"AUTHENTICATE: {status}")
        _, status = line.imap("d", "SELECT INBOX")
        want(status.startswith(("d NO", "d BAD")), f"SELECT without a login: {status}")


@fact("POP3 on 110 refuses a login before TLS")
def _():
    with Line(110) as line:
        want(line.hear().startswith("+OK"), "no greeting")
        line.say("CAPA")
        capabilities = []
        while (text := line.hear()) != ".":
            capabilities.append(text)
        want("STLS" in capabilities, capabilities)
        want(not any(c.startswith(("USER", "SASL")) for c in capabilities), f"logins offered in clear: {capabilities}")
        for command in (f"USER {ALICE}", f"PASS {ALICE_PASSWORD}", f"AUTH PLAIN {PLAIN}"):
            line.say(command)
            reply = line.hear()
            want(reply.startswith("-ERR"), f"{command.split()[0]}: {reply}")


@fact("submission on 587 refuses everything before TLS with 530 (RFC 3207 §4)")
def _():
    with Line(587) as line:
        line.reply()
        offers = line.smtp("EHLO client.test", 250)
        want("AUTH" not in offers and "STARTTLS" in offers, offers)
        line.smtp(f"AUTH PLAIN {PLAIN}", 530)
        line.smtp(f"MAIL FROM:<{ALICE}>", 530)


@fact("submission refuses MAIL before AUTH with 530 (RFC 6409 §4.3)")
def _():
    with Line(465, tls=True) as line:
        line.reply()
        want("AUTH" in line.smtp("EHLO client.test", 250), "AUTH is not offered under TLS")
        line.smtp(f"MAIL FROM:<{ALICE}>", 530)


@fact("smtp on 25 never offers AUTH, in clear or under TLS")
def _():
    with Line(25) as line:
        line.reply()
        want("AUTH" not in line.smtp("EHLO client.test", 250), "AUTH is offered in clear")
        line.smtp(f"AUTH PLAIN {PLAIN}", 5)
        line.smtp("STARTTLS", 220)
        line.start_tls()
        want("AUTH" not in line.smtp("EHLO client.test", 250), "AUTH is offered under TLS")
        line.smtp(f"AUTH PLAIN {PLAIN}", 5)


@fact("smtp on 25 takes mail without TLS (RFC 3207 §4) and relays for nobody")
def _():
    deliver("in clear")
    arrived("in clear")
    with Line(25) as line:
        line.reply()
        line.smtp("EHLO client.test", 250)
        line.smtp("MAIL FROM:<carol@peer.test>", 250)
        line.smtp("RCPT TO:<bob@peer.test>", 55)
        line.smtp("RCPT TO:<nobody@example.test>", 550)


@fact("an account sends only from its own addresses")
def _():
    with smtplib.SMTP_SSL(HOST, 465, context=TLS, timeout=20) as session:
        session.login(ALICE, ALICE_PASSWORD)
        session.ehlo()
        code, text = session.mail("dave@example.test")
        want(code == 553, f"{code} {text}")


ENDS = {
    "LF dot LF": b"\n.\n",
    "LF dot CRLF": b"\n.\r\n",
    "CRLF dot LF": b"\r\n.\n",
    "CR dot CR": b"\r.\r",
    "CRLF dot CR": b"\r\n.\r",
    "CR dot CRLF": b"\r.\r\n",
    "LF dot CR LF without dot": b"\n.\r\r\n",
    "NUL after the dot": b"\r\n.\0\r\n",
}


def smuggle(end):
    """A message with another one hidden behind a false end. Gives the replies to DATA and what followed."""
    hidden = message("smuggled", ALICE, "admin@peer.test").encode()
    with Line(25) as line:
        line.reply()
        line.smtp("EHLO client.test", 250)
        line.smtp("MAIL FROM:<carol@peer.test>", 250)
        line.smtp(f"RCPT TO:<{ALICE}>", 250)
        line.smtp("DATA", 354)
        line.say(
            message("the carrier").encode() + end
            + f"MAIL FROM:<admin@peer.test>\r\nRCPT TO:<{ALICE}>\r\nDATA\r\n".encode() + hidden + b"\r\n.\r\n"
        )
        first = line.reply()
        return first, line.silent()


for name, end in ENDS.items():

    @fact(f"SMTP smuggling refused: {name} (RFC 5321 §4.1.1.4)")
    def _(end=end):
        before = subjects()
        reply, silent = smuggle(end)
        want(silent, "the server took the hidden commands for commands")
        after = subjects()
        want("smuggled" not in after, "the hidden message was delivered")
        bare = b"\r" in end.replace(b"\r\n", b"") or b"\n" in end.replace(b"\r\n", b"")
        if bare:
            want(reply.startswith("5") and after == before, f"a bare CR or LF was taken: {reply}")


@fact("SMTP: what comes behind STARTTLS in clear is thrown away (RFC 3207 §6)")
def _():
    with Line(25) as line:
        line.reply()
        line.smtp("EHLO client.test", 250)
        line.say(b"STARTTLS\r\nMAIL FROM:<evil@peer.test>\r\n")
        reply = line.reply()
        if reply.startswith("220"):
            line.start_tls()
            line.smtp("EHLO client.test", 250)
            line.smtp(f"RCPT TO:<{ALICE}>", 503)
        else:
            want(reply.startswith(("4", "5")), f"the reply is `{reply}`")


@fact("IMAP: what comes behind STARTTLS in clear is thrown away")
def _():
    with Line(143) as line:
        line.hear()
        line.say(f'a STARTTLS\r\nb LOGIN "{ALICE}" "{ALICE_PASSWORD}"\r\n'.encode())
        if line.hear().startswith("a OK"):
            line.start_tls()
            _, status = line.imap("c", "SELECT INBOX")
            want(status.startswith(("c NO", "c BAD")), f"the injected LOGIN was taken: {status}")


@fact("POP3: what comes behind STLS in clear is thrown away")
def _():
    with Line(110) as line:
        line.hear()
        line.say(f"STLS\r\nUSER {ALICE}\r\nPASS {ALICE_PASSWORD}\r\n".encode())
        if line.hear().startswith("+OK"):
            line.start_tls()
            line.say("STAT")
            want(line.hear().startswith("-ERR"), "the injected login was taken")


@fact("a password never stands in the log")
def _():
    log = server.log()
    want(ALICE_PASSWORD not in log and PLAIN not in log, "it does")


@fact("the server stops")
def _():
    server.stop()


main()
