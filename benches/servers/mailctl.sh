#!/bin/bash
# mailctl for the benchmarks: called with prepare, start or stop, and a folder of its own.
set -euo pipefail
folder=$2
run=("$MAILCTL" --config "$folder/mailserver.yaml" --state "$folder/state")
case $1 in
prepare)
    mkdir -p "$folder/secrets"
    echo secret >"$folder/secrets/user"
    {
        cat <<YAML
version: 1
profile: lab
host: { name: mail.example.test, addresses: [127.0.0.1] }
listeners:
  smtp: { addresses: [127.0.0.1] }
  imaps: { addresses: [127.0.0.1] }
certificates: { files: [{ chain: ../tls.pem, key: ../tls.key }] }
domains: { example.test: {} }
limits: { connections_per_source_max: 500 }
logging: { level: warn }
accounts:
YAML
        for n in {1..10}; do echo "  u$n@example.test: { password: { file: secrets/user } }"; done
    } >"$folder/mailserver.yaml"
    ;;
start) contained mailctl setsid "${run[@]}" run >>"$folder/log" 2>&1 </dev/null & ;;
stop) for process in $(cat "$(group mailctl)/cgroup.procs"); do kill "$process"; done ;;
esac
