#!/usr/bin/env bash
# A node's INSERT into its own table: protected beside plain, inserts a second. The same server, the same statement; rounds take turns,
# and the median counts. ROUNDS and ROUND_SECONDS change how long it takes, CLIENTS the numbers of connections.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh

rounds=${ROUNDS:-5}
seconds=${ROUND_SECONDS:-5}
read -ra client_counts <<< "${CLIENTS:-1 32}"

here=pg_test/bench
trap cluster_remove_started EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cluster_start bench-protected

in_database() {
    psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --dbname="$1" "${@:2}"
}
rollup=0x603bb2c05d474794ea97805e8de69bccfb3bca12
for name in plain guarded; do
    in_database postgres --command="CREATE DATABASE $name"
    in_database "$name" --file="$here/tables/aztec.sql"
done
in_database guarded --command="CREATE EXTENSION slashguard" --output=/dev/null --command="
    SELECT slashguard.protect_table('validator_duties', 'bench', '31337:$rollup', now(), '72 s',
        '{\"first_use\": \"trust\", \"horizon_slots\": null}')"

first_slot=0
declare -A done_in=([plain]=0 [guarded]=0)
# measure NAME CLIENTS SECONDS: sets tps.
measure() {
    local output count
    first_slot=$((first_slot + 10000000))
    in_database "$1" --command=CHECKPOINT
    output=$(pgbench --no-vacuum --protocol=prepared --client="$2" --jobs="$(($2 < 2 ? 1 : 2))" --time="$3" \
        --file="$here/protected.pgbench" -D "rollup=$rollup" -D "hash=0x$(printf 'ab%.0s' {1..32})" -D node=node-1 \
        -D "token=$(printf 'ef%.0s' {1..16})" -D n=0 -D "clients=$2" -D "first_slot=$first_slot" "$1" 2>&1) ||
        fail "pgbench failed:" "$output"
    tps=$(sed -n 's/^tps = \([0-9.]*\) .*/\1/p' <<< "$output")
    count=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' <<< "$output")
    if [ -z "$tps" ] || [ -z "$count" ]; then
        fail "pgbench did not say how many inserts it did:" "$output"
    fi
    done_in[$1]=$((done_in[$1] + count))
}
median() {
    printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

rows=()
for clients in "${client_counts[@]}"; do
    measure plain "$clients" 1
    measure guarded "$clients" 1
    plain=() guarded=()
    for ((round = 1; round <= rounds; round++)); do
        if ((round % 2)); then order=(plain guarded); else order=(guarded plain); fi
        for name in "${order[@]}"; do
            measure "$name" "$clients" "$seconds"
            if [ "$name" = plain ]; then plain+=("$tps"); else guarded+=("$tps"); fi
        done
    done
    p=$(median "${plain[@]}")
    g=$(median "${guarded[@]}")
    rows+=("$(printf '%8d %12.0f %12.0f %8s' "$clients" "$p" "$g" "$(awk -v p="$p" -v g="$g" 'BEGIN { printf "%.2f", g / p }')")")
done

# An insert that was refused would be a fast one.
for name in plain guarded; do
    inserted=$(in_database "$name" --command="SELECT count(*) FROM validator_duties")
    [ "$inserted" -eq "${done_in[$name]}" ] || fail "$name: ${done_in[$name]} inserts, and $inserted rows. The figures mean nothing."
done
claimed=$(in_database guarded --command="SELECT count(*) FROM slashguard.duties")
[ "$claimed" -eq "${done_in[guarded]}" ] || fail "${done_in[guarded]} inserts, and $claimed claims. The figures mean nothing."

echo "A node's inserts a second, median of $rounds rounds of $seconds s:"
printf "%8s %12s %12s %8s\n" clients plain protected ratio
printf '%s\n' "${rows[@]}"
