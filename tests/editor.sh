#!/bin/bash
# The language as others see it: its schema in another validator, and in the language server that editors use.
#
# Prints `ok NAME` or `FAIL NAME: why` for each fact. Needs Debian's python3-jsonschema and python3-ruamel.yaml, and
# Node.js with npm; the language server comes from the npm registry, once, into the cache folder.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=1.19.2
modules=${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/npm-$version

/usr/bin/python3 "$root/tests/editor/schema.py"
status=$?

if [[ ! -e $modules/node_modules/yaml-language-server/package.json ]]; then
    mkdir -p "$modules"
    (cd "$modules" && npm install --silent --no-fund --no-audit --ignore-scripts "yaml-language-server@$version" >&2) ||
        { echo "FAIL editor: npm cannot install yaml-language-server $version"; exit 1; }
fi
node "$root/tests/editor/editor.mjs" "$modules/node_modules" "$root" || status=1
exit "$status"
