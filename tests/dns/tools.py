"""Forms of other tools, read by these tools or by their parsers."""

import json
import logging
import os
import re
import subprocess

import hcl2
import sets
from markdown_it import MarkdownIt
from octodns.provider.yaml import YamlProvider
from octodns.zone import Zone
from sets import Sets


def octodns(folder):
    """octoDNS's own provider, with the order of keys enforced."""
    logging.disable(logging.CRITICAL)
    provider = YamlProvider("files", folder, enforce_order=True, escaped_semicolons=True, supports_root_ns=False)
    found = Sets()
    for file in sorted(os.listdir(folder)):
        zone = Zone(file.removesuffix("yaml"), [])
        provider.populate(zone)
        for record in zone.records:
            rrset = record.to_rrset()
            for text in rrset.rdatas:
                data = sets.caa(*caa(text)) if rrset._type == "CAA" else sets.rdata(rrset._type, text)
                found.add(rrset.name, rrset._type, rrset.ttl, data)
    return found


def caa(text):
    """octoDNS quotes a CAA value without escaping it, and dnspython wants at most 255 octets in quotes."""
    flags, tag, value = text.split(" ", 2)
    return int(flags), tag, value[1:-1]


def dnscontrol(file, here):
    """The calls that DNSControl's own functions would get, recorded in Node.js."""
    said = subprocess.run(["node", os.path.join(here, "dnscontrol.mjs"), file], capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    found = Sets()
    for zone, kind, label, ttl, arguments in json.loads(said.stdout):
        name = zone + "." if label == "@" else f"{label}.{zone}."
        if kind == "TXT":
            data = sets.txt(arguments[0])
        elif kind == "CAA":
            data = sets.caa(128 if "CAA_CRITICAL" in arguments[2:] else 0, arguments[0], arguments[1])
        else:
            data = sets.rdata(kind, " ".join(map(str, arguments)))
        found.add(name, kind, ttl, data)
    return found


def literal(text):
    """A quoted template of HCL without expressions."""
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", text), f"an expression: {text}"
    return json.loads(text).replace("$${", "${").replace("%%{", "%{")


def hcl(file):
    with open(file) as source:
        return hcl2.load(source)


def resources(file, kind):
    for block in hcl(file)["resource"]:
        for written, named in block.items():
            assert literal(written) == kind, written
            yield from named.values()


def zone_of(expression, variable):
    found = re.fullmatch(r"\$\{var\.%s\[\"(.+)\"\]\}" % variable, expression.replace('\\"', '"'))
    assert found, expression
    return found[1]


def terraform(file):
    found = Sets()
    for record in hcl(file)["locals"][0]["mailctl_records"].values():
        kind, name = literal(record["type"]), literal(record["name"])
        for value in map(literal, record["values"]):
            data = sets.txt(value) if kind == "TXT" else quoted_caa(value) if kind == "CAA" else sets.rdata(kind, value)
            found.add(name, kind, record["ttl"], data)
    return found


def quoted_caa(text):
    flags, tag, value = text.split(" ", 2)
    assert value[0] == value[-1] == '"', value
    return sets.caa(int(flags), tag, re.sub(r"\\(.)", r"\1", value[1:-1]))


def route53(file):
    """The provider puts one pair of quotes around a TXT record; Route 53 writes octets in octal."""
    found = Sets()
    for record in resources(file, "aws_route53_record"):
        kind, name = literal(record["type"]), literal(record["name"])
        assert sets.absolute(name).is_subdomain(sets.absolute(zone_of(record["zone_id"], "route53_zone_ids")))
        for value in map(literal, record["records"]):
            if kind == "TXT":
                strings = ('"' + value + '"').replace('""', '" "')
                decimal = lambda m: "\\%03d" % int(m[1], 8) if len(m[1]) == 3 else m[0]
                data = sets.rdata(kind, re.sub(r"\\([0-7]{3}|.)", decimal, strings))
            else:
                data = quoted_caa(value) if kind == "CAA" else sets.rdata(kind, value)
            found.add(name, kind, record["ttl"], data)
    return found


def cloudflare(file):
    found = Sets()
    for record in resources(file, "cloudflare_dns_record"):
        kind, name = literal(record["type"]), literal(record["name"])
        assert sets.absolute(name).is_subdomain(sets.absolute(zone_of(record["zone_id"], "cloudflare_zone_ids")))
        assert ("proxied" in record) == (kind in ("A", "AAAA", "CNAME")) and not record.get("proxied")
        value = {key: literal(v) if isinstance(v, str) else v for key, v in record.get("data", {}).items()}
        dot = lambda name: name if name == "." else name + "."
        if kind == "CAA":
            data = sets.caa(value["flags"], value["tag"], value["value"])
        elif kind == "SRV":
            data = sets.rdata(kind, f"{value['priority']} {value['weight']} {value['port']} {dot(value['target'])}")
        elif kind == "TLSA":
            fields = ("usage", "selector", "matching_type", "certificate")
            data = sets.rdata(kind, " ".join(str(value[f]) for f in fields))
        else:
            text = literal(record["content"])
            if kind == "MX":
                text = f"{record['priority']} {dot(text)}"
            data = sets.rdata(kind, dot(text) if kind == "CNAME" else text)
        found.add(name, kind, record["ttl"], data)
    return found


def markdown(text):
    """The tables, as a parser of GitHub's Markdown sees them: zones' records, and the reverse names to ask for."""
    found, requests, zone, rows, cell = Sets(), [], None, [], None
    heading = False
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open":
            heading = True
        elif token.type == "inline" and heading:
            zone, heading = token.content.removeprefix("Zone ") if token.content.startswith("Zone ") else None, False
        elif token.type == "tr_open":
            rows = []
        elif token.type == "inline" and token.level > 2:
            spans = [child.content for child in token.children if child.type == "code_inline"]
            rows.append(spans or token.content)
        elif token.type == "tr_close" and isinstance(rows[0], list):
            if zone is None:
                requests.append((rows[0][0], rows[1][0], rows[3][0]))
                continue
            (label,), kind, ttl, value = rows
            if not isinstance(value, list):
                continue
            name = zone + "." if label == "@" else f"{label}.{zone}."
            if kind == "TXT":
                (whole,) = value
                data = sets.txt(whole)
            else:
                data = sets.caa(int(value[0]), *value[1:]) if kind == "CAA" else sets.rdata(kind, " ".join(value))
            found.add(name, kind, ttl, data)
    return found, requests
