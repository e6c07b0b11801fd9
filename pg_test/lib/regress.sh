#!/usr/bin/env bash
# pg_test/lib/regress.sh regress|isolation OUTPUT: pg_regress or pg_isolation_regress against the server that PGHOST,
# PGPORT and PGUSER name, in a database of its own with the extension in it. The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh

kind=$1
output=$2
PG_CONFIG=${PG_CONFIG:-pg_config}
server_tests=$(dirname "$("$PG_CONFIG" --pgxs)")/../test

case $kind in
    regress)
        program=$server_tests/regress/pg_regress
        tests=(pg_test/regress/sql/*.sql)
        folder=pg_test/regress
        suffix=.sql
        ;;
    isolation)
        program=$server_tests/isolation/pg_isolation_regress
        tests=(pg_test/isolation/specs/*.spec)
        folder=pg_test/isolation
        suffix=.spec
        ;;
    *)
        fail "There is no kind '$kind'." "Kinds: regress, isolation"
        ;;
esac
[ -x "$program" ] || fail "${program##*/} is missing: $program" "It comes with the server's development files. Run: make setup"

unmatched=0
names=()
for test in "${tests[@]}"; do
    [ -e "$test" ] || continue
    name=$(basename "$test" "$suffix")
    names+=("$name")
    if [ ! -e "$folder/expected/$name.out" ]; then
        echo "${red}$test has no expected output.${plain} Run it, read what it prints, and put that into $folder/expected/$name.out"
        unmatched=$((unmatched + 1))
    fi
done
for expected in "$folder"/expected/*.out; do
    [ -e "$expected" ] || continue
    name=$(basename "$expected" .out)
    if [[ " ${names[*]} " != *" $name "* ]]; then
        echo "${red}$expected belongs to no test.${plain} Remove it, or write the test."
        unmatched=$((unmatched + 1))
    fi
done
if [ "${#names[@]}" -eq 0 ]; then
    echo "${red}There is no ${tests[0]}.${plain}"
    counts 0 1
fi
if [ "$unmatched" -gt 0 ]; then
    counts 0 "$unmatched"
fi

mkdir -p "$output"
rm -rf "${output:?}"/*
status=0
"$program" --inputdir="$folder" --outputdir="$output" --bindir="$("$PG_CONFIG" --bindir)" --dbname="slashguard_$kind" \
    --load-extension=slashguard --encoding=UTF8 --no-locale "${names[@]}" 2>&1 | tee "$output/run.log" || status=$?

# 15 says "test NAME ... ok", from 16 on it is "ok 1 - NAME".
passed=$(grep -cE '^(test )?[^ ]+ +\.\.\. ok|^ok [0-9]+ ' "$output/run.log" || true)
failed=$((${#names[@]} - passed))
if [ -s "$output/regression.diffs" ]; then
    cat "$output/regression.diffs"
    grep -E 'FAILED|^not ok' "$output/run.log" || true
fi
if [ "$failed" -eq 0 ] && [ "$status" -ne 0 ]; then
    failed=1
fi
counts "$passed" "$failed"
