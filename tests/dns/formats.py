"""Every form of the records of `mailserver.yaml`, read back and compared. Arguments: program, root, work folder."""

import json
import os
import subprocess
import sys
import traceback

import name_servers
import sets
import tools

program, root, work = sys.argv[1:]
here = os.path.join(root, "tests", "dns")
failed = False


def check(name, fact):
    global failed
    try:
        why = fact()
    except Exception as error:
        why = f"{type(error).__name__}: {error} {traceback.format_exc().splitlines()[-3:-1]}"
    failed |= bool(why)
    print(f"FAIL dns: {name}: {why}"[:2000] if why else f"ok dns: {name}", flush=True)


def configuration():
    text = open(os.path.join(here, "mailserver.yaml")).read()
    text = text.replace('"LONG"', json.dumps("long; \\ \"text\" " + "0123456789" * 90))
    line = next(line for line in text.splitlines() if "MANY" in line)
    many = "\n".join(line.replace("MANY", f"{n:0128x}") for n in range(60))
    path = os.path.join(work, "mailserver.yaml")
    open(path, "w").write(text.replace(line, many))
    return path


config = configuration()


def mailctl(*arguments):
    state = os.path.join(work, "state")
    done = subprocess.run([program, "--config", config, "--state", state, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def records(form, *more):
    return mailctl("dns", "records", "--format", form, *more)


def written(form, name):
    path = os.path.join(work, name)
    records(form, "--out", path)
    return path


value = json.loads(records("json"))
truth = sets.of_json(value)
zones = sorted({r["zone"] for r in value["records"]})


def same(found, wanted=None):
    return (wanted or truth).difference(found)


def whole():
    kinds = {kind for _, kind in truth.sets}
    missing = {"A", "AAAA", "CAA", "CNAME", "MX", "SRV", "TLSA", "TXT"} - kinds
    if missing or len(zones) < 4 or len(truth.sets) < 50:
        return f"the case has {len(truth.sets)} sets in {zones}, no {missing}"
    return ""


def by_zone(read):
    for zone in zones:
        wanted = sets.Sets()
        for r in sets.of_json({"records": [r for r in value["records"] if r["zone"] == zone]}).sets.items():
            wanted.sets[r[0]] = r[1]
        why = same(read(zone, records("zone", "--zone", zone), work), wanted)
        if why:
            return f"{zone}: {why}"
    return ""


def markdown():
    found, requests = tools.markdown(open(written("markdown", "records.md")).read())
    asked = [(r["address"], r["name"], r["target"] + ".") for r in value["requests"]]
    if len(asked) != 3 or asked != requests:
        return f"asked for {asked}, the page has {requests}"
    return same(found)


def octodns_needs_a_folder():
    done = subprocess.run([program, "--config", config, "dns", "records", "--format", "octodns"], capture_output=True, text=True)
    return "" if done.returncode == 1 and "--out" in done.stderr else f"{done.returncode}: {done.stdout}{done.stderr}"


def apply(name, publish):
    """`mailctl apply` of the case with one listener on loopback and `dns.publish`: the finished process, and its state."""
    text = open(config).read().replace("dns:\n", f"dns:\n  publish: {{ file: {publish} }}\n", 1)
    line = next(line for line in text.splitlines() if line.startswith("listeners:"))
    text = text.replace(line, "listeners: { imaps: { port: 40993, addresses: [127.0.0.1] } }")
    path, state = os.path.join(work, name + ".yaml"), os.path.join(work, name)
    open(path, "w").write(text)
    call = [program, "--config", path, "--state", state]
    return subprocess.run([*call, "apply"], capture_output=True, text=True), call


def applied():
    """The file stands beside the configuration, and has the keys that were made on the way."""
    done, call = apply("applied", "{ format: octodns, path: zones }")
    folder = os.path.join(work, "zones")
    if done.returncode != 0 or f"The DNS records are in {folder}" not in done.stdout:
        return f"{done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}"
    done = subprocess.run([*call, "dns", "records", "--format", "json"], capture_output=True, text=True)
    again = json.loads(done.stdout)
    if any(r.get("pending") for r in again["records"] if r["type"] == "TXT"):
        return "keys of DKIM are still missing"
    return same(tools.octodns(folder), sets.of_json(again))


def unwritten():
    """Where it cannot be written the plan is active all the same, and the command says what is missing."""
    done, call = apply("unwritten", "{ format: zone, path: nowhere/mail.zone }")
    if done.returncode != 1 or "the plan is active, but its DNS records could not be written" not in done.stderr:
        return f"{done.returncode}: {done.stderr[-1500:]}"
    done = subprocess.run([*call, "history"], capture_output=True, text=True)
    return "" if done.returncode == 0 and "sha256:" in done.stdout else f"no plan is active: {done.stdout}{done.stderr}"


def unequal():
    """The comparison itself: a TTL, a value and a set that are missing or other."""
    for change in (lambda r: r.update(ttl_seconds=1), lambda r: r.update(text=r["text"] + "x", strings=[r["text"] + "x"]), lambda r: r.update(name="no." + r["name"])):
        other = json.loads(json.dumps(value))
        change(next(r for r in other["records"] if r.get("text") == "v=spf1 -all"))
        if not same(sets.of_json(other)):
            return "a difference is not seen"
    return ""


check("the comparison sees what differs", unequal)
check("the case holds every type and several zones", whole)
check("named-compilezone reads the same", lambda: by_zone(name_servers.bind))
check("kzonecheck takes every zone", lambda: by_zone(name_servers.knot))
for updater in ("nsupdate", "knsupdate"):
    check(f"{updater} makes the same in knot, twice, and keeps what is foreign",
          lambda: same(name_servers.updated(updater, records("nsupdate"), zones, work)))
check("octoDNS reads the same", lambda: same(tools.octodns(written("octodns", "octodns"))))
check("octoDNS without a folder is refused with the way out", octodns_needs_a_folder)
check("DNSControl is called for the same", lambda: same(tools.dnscontrol(written("dnscontrol", "mailctl.js"), here)))
check("Terraform's map holds the same", lambda: same(tools.terraform(written("terraform", "generic.tf"))))
check("Terraform for Cloudflare holds the same", lambda: same(tools.cloudflare(written("terraform-cloudflare", "cloudflare.tf"))))
check("Terraform for Route 53 holds the same", lambda: same(tools.route53(written("terraform-route53", "route53.tf"))))
check("the Markdown page holds the same", markdown)
check("apply writes the file that dns.publish names", applied)
check("apply says that it could not write the file, and stays applied", unwritten)
sys.exit(1 if failed else 0)
