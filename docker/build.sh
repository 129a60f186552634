#!/bin/bash
# Builds the container image from this source tree.
#
#   docker/build.sh [TAG]            default: mailctl
#
# The program is linked against nothing (`crt-static`): only its last step is done anew, the dependencies
# come from the ordinary release build. DOCKER is the client to call, e.g. "docker -H unix:///run/other.sock".
# MAILCTL_STATIC names a static program that was built elsewhere.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tag=${1:-mailctl}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/mailctl/target}
context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT

cd "$root"
if [[ ! ${MAILCTL_STATIC:-} ]]; then
    cargo rustc --release --quiet --bin mailctl -- -C target-feature=+crt-static
    MAILCTL_STATIC=$CARGO_TARGET_DIR/release/mailctl
fi
cp "$MAILCTL_STATIC" "$context/mailctl"
linked=$(ldd "$context/mailctl" 2>&1 || :)
case $linked in
*"statically linked"* | *"not a dynamic executable"*) ;;
*) echo "docker/build.sh: the program is not static: $linked" >&2; exit 1 ;;
esac
chmod 755 "$context/mailctl"
mkdir -m 755 "$context/folder"
cp docker/Dockerfile "$context/"
${DOCKER:-docker} build --quiet --tag "$tag" "$context"
