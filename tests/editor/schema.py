"""The language's JSON Schema, judged by another validator (Python's jsonschema): it is a schema of draft 2020-12, accepts
every example, and rejects each bad configuration that a schema can reject: those with an unknown key, a wrong type or
value, a missing key, or a secret in clear. YAML is read by ruamel.yaml in its version 1.2, as mailctl does."""

import json
import pathlib
import re
import sys

import jsonschema
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# Codes whose findings a schema can see. The formats of texts (addresses, durations ...) are our own.
VISIBLE = re.compile(r"^error\[(OPS-001|OPS-002|OPS-013|SEC-001)\]", re.MULTILINE)
failed = False


def fact(name, why):
    global failed
    print(f"ok {name}" if not why else f"FAIL {name}: {why}", flush=True)
    failed |= bool(why)


def load(path):
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 2)
    return reader.load(path.read_text())


schema = json.loads((ROOT / "schema/mailserver.schema.json").read_text())
try:
    jsonschema.Draft202012Validator.check_schema(schema)
    fact("Python's jsonschema takes the schema as one of draft 2020-12", "")
except jsonschema.SchemaError as error:
    fact("Python's jsonschema takes the schema as one of draft 2020-12", error.message)
validator = jsonschema.Draft202012Validator(schema)

examples = sorted((ROOT / "examples").glob("*.yaml"))
refused = [f"{path.name}: {error.message[:200]}" for path in examples for error in validator.iter_errors(load(path))]
fact(f"it accepts all {len(examples)} examples", "; ".join(refused[:5]) or ("" if examples else "there are none"))

accepted, rejected = [], 0
for path in sorted((ROOT / "tests/bad_configs").glob("*.yaml")):
    # What is refused while the YAML is read (duplicate keys, merge keys ...) never reaches a schema.
    if path.name.startswith("yaml_") or not VISIBLE.search(path.with_suffix(".report").read_text()):
        continue
    try:
        document = load(path)
    except (YAMLError, UnicodeDecodeError):
        continue  # no YAML, so nothing for a schema
    if next(validator.iter_errors(document), None) is None:
        accepted.append(path.name)
    else:
        rejected += 1
fact(f"it rejects the {rejected} bad configurations that a schema can reject", ", ".join(accepted) or ("" if rejected > 5 else "too few"))
sys.exit(failed)
