#!/bin/bash
# The forms of DNS records, each read back by the tool that it is for: all must give the same record sets.
#
# Prints `ok NAME` or `FAIL NAME: why` for each fact. Needs Debian's bind9-utils, bind9-dnsutils, knot, knot-dnssecutils,
# knot-dnsutils, python3-venv and Node.js; octoDNS and the parsers of HCL and Markdown come from PyPI, once, into the cache folder.
# MAILCTL is the program.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
MAILCTL=${MAILCTL:-${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}/release/mailctl}
packages=(dnspython==2.9.2 octodns==1.22.0 python-hcl2==8.1.4 markdown-it-py==4.3.0)
venv=${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/dns-formats-$(echo "${packages[@]}" | sha256sum | cut -c1-12)

[[ -x $MAILCTL ]] || { echo "FAIL dns: $MAILCTL is missing; tests/run builds it"; exit 1; }
if [[ ! -e $venv/complete ]]; then
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2 ||
        { echo "FAIL dns: pip cannot install ${packages[*]}"; exit 1; }
    touch "$venv/complete"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" -W ignore::DeprecationWarning "$root/tests/dns/formats.py" "$MAILCTL" "$root" "$work"
