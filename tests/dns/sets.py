"""Record sets as octets, so that forms can be compared whatever they look like."""

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from dns.rdtypes.ANY.CAA import CAA
from dns.rdtypes.ANY.TXT import TXT

IN = dns.rdataclass.IN


def absolute(name):
    return dns.name.from_text(name, dns.name.root)


def rdata(kind, text):
    """Data in the form of zone files, names absolute."""
    return dns.rdata.from_text(IN, dns.rdatatype.from_text(kind), text, origin=dns.name.root, relativize=False)


def txt(octets):
    """A text of any length."""
    octets = octets.encode() if isinstance(octets, str) else octets
    return TXT(IN, dns.rdatatype.TXT, [octets[i : i + 255] for i in range(0, len(octets), 255)] or [b""])


def caa(flags, tag, value):
    return CAA(IN, dns.rdatatype.CAA, flags, tag.encode(), value.encode())


def wire(data):
    """What is compared: of a text the whole, wherever it is cut; of names, which have no case, one spelling."""
    if data.rdtype == dns.rdatatype.TXT:
        return b"".join(data.strings)
    return data.to_digestable(dns.name.root)


class Sets:
    """By absolute name and type: the TTL and the data."""

    def __init__(self):
        self.sets = {}

    def add(self, name, kind, ttl, data):
        key = (absolute(name).to_text().lower(), kind)
        known = self.sets.setdefault(key, (int(ttl), []))
        assert known[0] == int(ttl), f"{key} has two TTLs: {known[0]} and {ttl}"
        assert wire(data) not in known[1], f"{key} has {data} twice"
        known[1].append(wire(data))

    def difference(self, other):
        """The first set that is not the same; empty if there is none."""
        for key in sorted(self.sets.keys() | other.sets.keys()):
            ours, theirs = (s.sets.get(key) for s in (self, other))
            if ours is None or theirs is None or ours[0] != theirs[0] or sorted(ours[1]) != sorted(theirs[1]):
                return f"{key}: {ours} became {theirs}"
        return ""


def of_json(value):
    """The program's own JSON, field by field."""
    sets = Sets()
    for r in value["records"]:
        if r.get("pending"):
            continue
        dot = lambda name: name if name == "." else name + "."
        kind = r["type"]
        if kind in ("A", "AAAA"):
            data = rdata(kind, r["address"])
        elif kind == "CAA":
            data = caa(r["flags"], r["tag"], r["value"])
        elif kind == "CNAME":
            data = rdata(kind, dot(r["target"]))
        elif kind == "MX":
            data = rdata(kind, f"{r['preference']} {dot(r['exchange'])}")
        elif kind == "SRV":
            data = rdata(kind, f"{r['priority']} {r['weight']} {r['port']} {dot(r['target'])}")
        elif kind == "TLSA":
            data = rdata(kind, f"{r['usage']} {r['selector']} {r['matching_type']} {r['association']}")
        elif kind == "TXT":
            assert "".join(r["strings"]) == r["text"] and all(len(s.encode()) <= 255 for s in r["strings"]), r
            data = txt(r["text"])
        else:
            raise ValueError(f"no such type: {kind}")
        sets.add(r["name"], kind, r["ttl_seconds"], data)
    return sets
