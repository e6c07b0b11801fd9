#!/usr/bin/env bash
# How long the import and the export of an EIP-3076 file take, and how much memory: the README's own commands, on a private
# server with Postgres' own settings, with a fresh database each round. What was exported must be the file that was imported,
# byte by byte. VALIDATORS and ATTESTATIONS (of each) change the size of the file, ROUNDS how often.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh

rounds=${ROUNDS:-3}
validators=${VALIDATORS:-1000}
attestations=${ATTESTATIONS:-1000}
blocks=2
root=0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95

work=target/bench/interchange
rm -rf "$work"
mkdir -p "$work"
finish() {
    cluster_remove_started
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
echo "writing a file of $((validators * (attestations + blocks))) records .."
# As export_eip3076_lines writes it, so that the two files can be compared.
python3 - "$root" "$validators" "$attestations" "$blocks" > "$work/imported.json" << 'END'
import sys

root, (validators, attestations, blocks) = sys.argv[1], map(int, sys.argv[2:])
write = sys.stdout.write
write('{"metadata":{"interchange_format_version":"5","genesis_validators_root":"%s"},"data":[\n' % root)
for validator in range(validators):
    write('{"pubkey":"0x%096x","signed_blocks":[\n' % validator)
    for n in range(blocks):
        end = "," if n < blocks - 1 else ""
        write('{"slot":"%d","signing_root":"0x%032x%032x"}%s\n' % (9600000 + 8000 * n, validator, n, end))
    write('],"signed_attestations":[\n')
    for n in range(attestations):
        end = "," if n < attestations - 1 else ""
        write('{"source_epoch":"%d","target_epoch":"%d","signing_root":"0x%032x%032x"}%s\n'
              % (300000 + n, 300001 + n, validator, n, end))
    write("]}%s\n" % ("," if validator < validators - 1 else ""))
write("]}\n")
END
bytes=$(stat --format=%s "$work/imported.json")

echo "starting a private server .."
cluster_start bench-interchange

# In microseconds.
now() {
    echo "${EPOCHREALTIME/[.,]/}"
}
# since TIME: the seconds from then to now.
since() {
    awk -v us=$(($(now) - $1)) 'BEGIN { printf "%.1f", us / 1000000 }'
}
megabytes() {
    awk '{ printf "%.0f", $1 * 1024 / 1000000 }' <<< "$1"
}

rows=()
for ((round = 1; round <= rounds; round++)); do
    psql -X --quiet --dbname=postgres --command="DROP DATABASE IF EXISTS bench WITH (FORCE)" --command="CREATE DATABASE bench" 2> /dev/null
    export PGDATABASE=bench
    psql -X --quiet --set=ON_ERROR_STOP=1 --output=/dev/null --command="CREATE EXTENSION slashguard" --command="
        SELECT slashguard.register_chain('mainnet', 'ethereum', '$root', '2020-12-01 12:00:23+00', '12 s')" \
        --command=CHECKPOINT

    began=$(now)
    # The last three lines look at the memory that the backend and psql itself had at most.
    psql -X --quiet --set=ON_ERROR_STOP=1 --output="$work/answer" > "$work/memory" 2> "$work/errors" << 'END' ||
\set file `cat target/bench/interchange/imported.json`
SELECT * FROM slashguard.import_eip3076('mainnet', :'file');
SELECT pg_backend_pid() AS pid \gset
\setenv BACKEND :pid
\! for process in $BACKEND $PPID; do sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' /proc/$process/status; done
END
        fail "The import failed:" "$(cat "$work/errors")"
    import=$(since "$began")
    { read -r backend && read -r client; } < "$work/memory" || fail "There is no VmHWM in /proc."

    began=$(now)
    psql -XAtq -c "SELECT slashguard.export_eip3076_lines('mainnet')" > "$work/exported.json" || fail "The export failed."
    export=$(since "$began")
    cmp "$work/imported.json" "$work/exported.json" || fail "What was exported is not what was imported. The figures mean nothing."
    rows+=("$(printf '%10d %8d %9s %12s %9s %9s' $((validators * (attestations + blocks))) $((bytes / 1000000)) "$import" \
        "$(megabytes "$backend")" "$(megabytes "$client")" "$export")")
    echo "round $round of $rounds: import $import s, export $export s"
done

echo
echo "An EIP-3076 file of $validators validators: $attestations attestations and $blocks blocks each, $(nproc) processors:"
printf "${bold}%10s %8s %9s %12s %9s %9s${plain}\n" records "file MB" "import s" "backend MB" "psql MB" "export s"
printf '%s\n' "${rows[@]}"
