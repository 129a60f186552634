#!/bin/bash
# The NixOS module and the flake: one line a fact, `ok NAME` or `FAIL NAME: why`.
#
# Debian's nix evaluates without a daemon, a network or nixpkgs. What this cannot show: that NixOS's own
# options are as nix/tests/nixos.nix says, and that a real system boots. NIXPKGS_LIB=DIR evaluates every case
# with nixpkgs' own library too, and the results must be equal. MAILCTL is the program that compiles the plan.
# MAILCTL_BLESS=1 rewrites the golden file.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$root/nix/tests
MAILCTL=${MAILCTL:-${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}/release/mailctl}
work=$(mktemp -d)
built=()
cleanup() {
    ((${#built[@]} == 0)) || nix-store --delete "${built[@]}" >/dev/null 2>&1
    chmod -R u+w "$work"
    rm -rf "$work"
}
trap cleanup EXIT
export HOME=$work NIX_REMOTE= NIX_CONF_DIR=$work
export NIX_CONFIG='experimental-features = nix-command flakes
sandbox = false
build-users-group ='

failed=0
ok() { echo "ok nix: $*"; }
fail() { failed=1; echo "FAIL nix: $1: $(tr '\n' ' ' <<<"${2:-}" | cut -c1-700)"; }
holds() { # NAME OUTPUT PATTERN
    if grep -qE -- "$3" <<<"$2"; then ok "$1"; else fail "$1" "no /$3/ in: $2"; fi
}

# evaluate SETTINGS ATTRIBUTE: as JSON, or nix's error
evaluate() {
    local library result first=
    for library in "$here/lib.nix" ${NIXPKGS_LIB:+"$NIXPKGS_LIB"}; do
        result=$(nix-instantiate --store dummy:// --eval --strict --json \
            -E "(import $here/evaluate.nix { library = $library; settings = $1; }).$2" 2>&1)
        if jq -e . <<<"$result" >/dev/null 2>&1; then
            # The hash of a store path says nothing that the rest does not say.
            result=$(jq -S . <<<"$result" | sed -E 's|/nix/store/[0-9a-z]{32}-|/nix/store/HASH-|g')
            [[ -z $first || $first == "$result" ]] || fail "the two libraries agree" "$(diff <(echo "$first") <(echo "$result"))"
        fi
        first=${first:-$result}
    done
    echo "$first"
}

good='services.mailctl = {
    enable = true;
    openFirewall = true;
    credentials.alice = "/run/secrets/alice";
    settings = {
      host = { name = "mail.example.org"; addresses = [ "192.0.2.10" "2001:db8::10" ]; };
      profile = "lab";
      certificates.self_signed = true;
      domains."example.org" = { };
      accounts."alice@example.org".password.credential = "alice";
    };
  };'

golden=$here/golden/system.json
seen=$(evaluate "{ $good }" seen)
[[ ${MAILCTL_BLESS:-} ]] && echo "$seen" >"$golden"
if difference=$(diff "$golden" <(echo "$seen")); then ok "unit, firewall and users are the golden ones"
else fail "unit, firewall and users are the golden ones" "$difference"; fi

holds "off by default" "$(evaluate '{ }' seen.services)" '^\{\}$'
holds "settings become the configuration" "$(evaluate "{ $good }" settings)" '"mail.example.org"'
ports() { evaluate "[ { $good } { services.mailctl.settings.listeners = $1; } ]" seen.networking.firewall.allowedTCPPorts | jq -c 'sort'; }
holds "a listener's name brings its port, \`port\` another" "$(ports '{ smtp = null; imap = { }; imaps.port = 2993; }')" '^\[25,143,2993\]$'
holds "a listener of another name has its protocol's port" "$(ports '{ inside = { protocol = "submissions"; }; }')" '^\[465\]$'
holds "a listener on loopback is not opened" "$(ports '{ smtp = { }; imap.addresses = [ "127.0.0.1" "::1" ]; }')" '^\[25\]$'
holds "two modules' settings are merged" "$(evaluate "[ { $good } { services.mailctl.settings.domains.\"example.net\" = { }; } ]" settings.domains)" 'example.net'
holds "mkForce wins over a setting" "$(evaluate "[ { $good } ({ lib, ... }: { services.mailctl.settings.profile = lib.mkForce \"production\"; }) ]" settings.profile)" 'production'
holds "a unit can be overridden" "$(evaluate "[ { $good } ({ lib, ... }: { systemd.services.mailctl.serviceConfig.LimitNOFILE = lib.mkForce 1000; }) ]" seen.services.mailctl.serviceConfig.LimitNOFILE)" '^1000$'
holds "a credential without a file is an assertion" "$(evaluate "[ { $good } { services.mailctl.settings.accounts.\"bob@example.org\".password.credential = \"bob\"; } ]" seen.failed)" 'does not have: bob'
holds "Postfix beside it is an assertion" "$(evaluate "[ { $good } { services.postfix.enable = true; } ]" seen.failed)" 'both want port 25'
holds "an unknown option is an error" "$(evaluate "{ $good services.mailctl.openFirewal = true; }" seen)" 'openFirewal.* does not exist'
holds "a wrong type is an error" "$(evaluate "[ { $good } { services.mailctl.credentials.bob = \"no path\"; } ]" seen)" 'credentials.bob.* is not of type'
holds "the plan cannot be set by hand" "$(evaluate "[ { $good } { services.mailctl.plan = { type = \"derivation\"; }; } ]" seen)" 'plan.* is read-only'

# build SETTINGS: builds the plan with the real program, into /nix/store
build() { nix-build --no-out-link -E "(import $here/evaluate.nix { library = $here/lib.nix; program = \"$work/package\"; settings = $1; }).plan" 2>&1; }
if [[ ! -x $MAILCTL ]]; then
    fail "the plan is compiled in the build" "$MAILCTL is missing; tests/run builds it"
else
    mkdir -p "$work/package/bin"
    cp "$MAILCTL" "$work/package/bin/mailctl"
    output=$(build "{ $good }")
    path=$(tail -1 <<<"$output")
    if [[ $path == /nix/store/* && -f $path ]]; then
        built+=("$path")
        holds "the plan is compiled in the build" "$(jq -r '.host.name, .listeners.imaps.port' "$path" | xargs)" '^mail.example.org 993$'
    else fail "the plan is compiled in the build" "$output"; fi
    output=$(build "[ { $good } { services.mailctl.settings.listeners.imaps.tls = \"starttls\"; } ]")
    if [[ $(tail -1 <<<"$output") == /nix/store/* && $output != *error* ]]; then fail "a setting that breaks a rule fails the build" "$output"
    else holds "a setting that breaks a rule fails the build with our diagnostic" "$output" 'error\[[A-Z]+-[0-9]+\]'; fi
    output=$(build "[ { $good } { services.mailctl.settings.domainz = { }; } ]")
    holds "a misspelt setting fails the build and names the right one" "$output" 'domains'
fi

for file in "$root/flake.nix" "$root/nix/package.nix" "$root/modules/mailctl.nix"; do
    if output=$(nix-instantiate --parse "$file" 2>&1 >/dev/null); then ok "${file#"$root/"} is well-formed"
    else fail "${file#"$root/"} is well-formed" "$output"; fi
done
# The table that a module of `firewall render --backend nixos` holds, given to nft as NixOS does.
for file in "$root"/tests/golden/firewall/*.nix; do
    table=$(nix-instantiate --store dummy:// --eval --strict --json "$file" 2>&1 |
        jq -r '.networking.nftables.tables.mailctl | "table \(.family) mailctl {\n\(.content)\n}"' 2>&1)
    if output=$(unshare -rn nft -c -f /dev/stdin <<<"$table" 2>&1) && grep -q 'counter accept' <<<"$table"; then
        ok "the packet filter in ${file##*/} is a module whose table nft takes"
    else fail "the packet filter in ${file##*/} is a module whose table nft takes" "$output $table"; fi
done
# The flake is looked at in a copy with what it names, nixpkgs replaced by a stand-in.
mkdir -p "$work/flake" && cp -r "$root/flake.nix" "$root/Cargo.toml" "$root/Cargo.lock" "$root/nix" "$root/modules" "$work/flake/"
output=$(nix --offline --store "$work/store" flake show "path:$work/flake" --json --no-write-lock-file \
    --override-input nixpkgs "path:$here/nixpkgs" 2>"$work/errors")
holds "the flake has a package and a module" "$(jq -c '[.packages["x86_64-linux"].default.name, (.nixosModules | keys[0])]' <<<"$output" 2>&1; tail -3 "$work/errors")" '^\["mailctl-[0-9.]+","default"\]$'
exit $failed
