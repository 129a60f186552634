"""The web endpoint among its real clients: a sender that looks for the policy, programs that look for settings."""

import concurrent.futures
import email.message
import json
import pathlib
import plistlib
import re
import smtplib
import socket
import ssl
import subprocess
import time
import xml.etree.ElementTree

from lab import ADDRESS, ALICE, CA, LAB, STATE, TLS, Server, arrived, fact, main, on, run, wait_until, want

DOMAIN = "example.test"
NAMES = [f"mx1.{DOMAIN}", f"mta-sts.{DOMAIN}", f"autoconfig.{DOMAIN}", f"autodiscover.{DOMAIN}"]
POLICY = "version: STSv1\r\nmode: testing\r\nmx: mx1.example.test\r\nmax_age: 604800\r\n"


def with_web(yaml):
    """Both listeners, a policy, and a certificate for all names."""
    run(
        *("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=web").split(),
        *("-CA", STATE / "ca/ca.pem", "-CAkey", STATE / "ca/ca.key"),
        *("-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in NAMES)),
        *("-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"),
        *("-keyout", STATE / "ca/web.key", "-out", STATE / "ca/web.pem"),
    )
    listeners = "  pop3s: { addresses: [0.0.0.0] }\n"
    yaml = yaml.replace(listeners, listeners + "  https: { addresses: [0.0.0.0] }\n  http: { addresses: [0.0.0.0] }\n")
    yaml = yaml.replace("ca/mx1.pem", "ca/web.pem").replace("ca/mx1.key", "ca/web.key")
    # The server looks at itself as a sender under the policy does.
    yaml = yaml.replace("outbound:\n", f"outbound:\n  authority: {CA}\n")
    return yaml.replace("  example.test: {}\n", "  example.test: { mta_sts: { mode: testing } }\n")


server = Server("web", with_web)


def resident():
    return int(re.search(r"VmRSS:\s+(\d+) kB", open(f"/proc/{server.process.pid}/status").read())[1])


def curl(url, *options):
    """The body and the status of an answer whose certificate is verified."""
    out = run("curl", "-sS", "--max-time", 20, "--cacert", CA, "-w", "\n%{http_code}", *options, url)
    body, _, status = out.rpartition("\n")
    return body, int(status)


@fact("its records are published, as the plan wants them")
def _():
    server.start()
    records = json.loads(server.mailctl("dns", "records", "--format", "json").stdout)
    text = json.dumps(records)
    want("_mta-sts.example.test" in text, f"there is no record for the policy: {text[:300]}")
    policy_id = re.search(r"v=STSv1; id=(\w+);", text)[1]
    lines = [f"server {lab_server()}", f"zone {DOMAIN}"]
    lines += [f"update add {name} 5 A {ADDRESS}" for name in NAMES[1:]]
    lines += [f'update add _mta-sts.{DOMAIN} 5 TXT "v=STSv1; id={policy_id};"', "send"]
    run("nsupdate", "-k", STATE / "dns/tsig.key", input="\n".join(lines) + "\n")
    for name in NAMES:
        wait_until(15, f"{name} does not resolve", lambda name=name: resolves(name))


def lab_server():
    return ADDRESS.rsplit(".", 2)[0] + ".0.1"


def resolves(name):
    try:
        return socket.gethostbyname(name) == ADDRESS
    except OSError:
        return False


@fact("HTTP/1.1 and HTTP/2 serve the policy octet for octet")
def _():
    for version in ("--http1.1", "--http2"):
        done = subprocess.run(
            ["curl", "-sS", version, "--cacert", CA, f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"],
            capture_output=True, timeout=30, check=True,
        )
        want(done.stdout == POLICY.encode(), f"{version}: {done.stdout}")


@fact("postfix-mta-sts-resolver takes the policy")
def _():
    out = run("env", f"SSL_CERT_FILE={CA}", "mta-sts-query", DOMAIN)
    want("VALID" in out and "testing" in out and "mx1.example.test" in out, out)


@fact("Postfix under MTA-STS verifies us")
def _():
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "someone@sts.test", ALICE, "by policy"
    message.set_content("hello")
    # `testing` demands nothing; the sender's resolver hands Postfix what is enforced.
    server.write(lambda yaml: with_web(yaml).replace("mode: testing", "mode: enforce"))
    out = server.mailctl("apply")
    want(out.returncode == 0, out.stdout + out.stderr)
    # The server would look for a week whether the policy in test is kept; here a person says that it is.
    stage = f"mta-sts/{DOMAIN}"
    url = f"https://mta-sts.{DOMAIN}/.well-known/mta-sts.txt"

    def enforced():
        out = server.mailctl("stages", "skip", stage, "--confirm", stage)
        want(out.returncode == 0, out.stdout + out.stderr)
        time.sleep(0.5)
        return "mode: enforce" in curl(url)[0]

    wait_until(10, "the policy that was applied is not served", enforced)
    text = server.mailctl("dns", "records", "--format", "json").stdout
    policy_id = re.search(r"v=STSv1; id=(\w+);", text)[1]
    update = f'server {lab_server()}\nzone {DOMAIN}\nupdate delete _mta-sts.{DOMAIN} TXT\n'
    update += f'update add _mta-sts.{DOMAIN} 5 TXT "v=STSv1; id={policy_id};"\nsend\n'
    run("nsupdate", "-k", STATE / "dns/tsig.key", input=update)
    time.sleep(6)  # the record's TTL
    done = on("sts", "sendmail", "-C", STATE / "sts/etc", "-f", "someone@sts.test", ALICE, input=message.as_string())
    want(done.returncode == 0, done.stderr)
    arrived("by policy", seconds=30)
    log = (STATE / "log/postfix-sts.log").read_text(errors="replace")
    want("Verified TLS connection established to mx1.example.test" in log, log[-600:])


@fact("settings are found where each program looks")
def _():
    for url in (
        f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml?emailaddress=alice%40{DOMAIN}",
        f"https://mx1.{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=alice%40{DOMAIN}",
    ):
        body, status = curl(url)
        want(status == 200, f"{url}: {status}")
        root = xml.etree.ElementTree.fromstring(body)
        servers = [(s.get("type"), s.findtext("port"), s.findtext("socketType")) for s in root.iter("incomingServer")]
        want(
            servers == [("imap", "993", "SSL"), ("imap", "143", "STARTTLS"), ("pop3", "995", "SSL"), ("pop3", "110", "STARTTLS")],
            str(servers),
        )
    request = f"<Autodiscover><Request><EMailAddress>alice@{DOMAIN}</EMailAddress></Request></Autodiscover>"
    body, status = curl(f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml", "-d", request)
    want(status == 200 and "<Port>993</Port>" in body and "<Port>465</Port>" in body, body)
    body, _ = curl(f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.json?Email=alice@{DOMAIN}&Protocol=AutodiscoverV1")
    want(json.loads(body)["Url"] == f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml", body)
    body, _ = curl(f"https://mx1.{DOMAIN}/.well-known/mobileconfig?email=alice@{DOMAIN}")
    account = plistlib.loads(body.encode())["PayloadContent"][0]
    # A program that does as it is told can log in.
    with smtplib.SMTP_SSL(account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"], context=TLS) as s:
        s.login(account["OutgoingMailServerUsername"], "alice-secret")


@fact("port 80 sends programs on, and answers nobody else")
def _():
    url = f"http://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
    body, status = curl(url, "-L")
    want(status == 200 and "clientConfig" in body, f"{status}: {body}")
    _, status = curl(f"http://{ADDRESS}/")
    want(status == 404, str(status))


@fact("a thousand requests over HTTP/2 are answered")
def _():
    out = run("h2load", "-n", 1000, "-c", 20, "-m", 16, f"https://mx1.{DOMAIN}/.well-known/security.txt")
    want("1000 succeeded, 0 failed" in out, out)
    return re.search(r"finished in .*", out)[0]


@fact("two hundred connections that say nothing cost little, and go")
def _():
    before = resident()

    def connect(_):
        return TLS.wrap_socket(socket.create_connection((ADDRESS, 443), 20), server_hostname=f"mx1.{DOMAIN}")

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        silent = list(pool.map(connect, range(200)))
    each = (resident() - before) / len(silent)
    want(each < 256, f"{each:.0f} kB each")
    body, status = curl(f"https://mx1.{DOMAIN}/healthz")
    want(status == 200, f"{status}: {body}")
    end = time.monotonic() + 20
    for connection in silent:
        connection.settimeout(max(0.1, end - time.monotonic()))
        try:
            want(connection.recv(1) == b"", "it said something")
        except ssl.SSLError:
            pass
        connection.close()
    return f"{each:.0f} kB each"


@fact("it says that it is not healthy when the store takes no writes")
def _():
    server.stop()
    store = server.state / "store"
    # A small disk of its own, in the server's view of the file system.
    script = f'mount -t tmpfs -o size=32m tmpfs "{store}" && exec "$@"'
    command = ["ip", "netns", "exec", f"{LAB}-mx1", "sh", "-c", script, "sh", *server.command("serve")]
    log = open(server.log_path, "ab")
    server.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        healthy = lambda wanted: curl(f"https://mx1.{DOMAIN}/healthz", "--retry", 5, "--retry-connrefused")[1] == wanted
        wait_until(20, "it is not healthy to begin with", lambda: healthy(200), 0.5)
        filler = pathlib.Path(f"/proc/{server.process.pid}/root{store}/filler")
        with open(filler, "wb", buffering=0) as f:
            try:
                while f.write(b"x" * 4096):
                    pass
            except OSError:
                pass
        wait_until(15, "it says that it is healthy", lambda: healthy(503), 0.5)
        filler.unlink()
        wait_until(15, "it does not recover", lambda: healthy(200), 0.5)
    finally:
        server.stop()


main()
