# shellcheck shell=bash
# Leads `survivors`, clients that outlive their server. To be sourced, after report.sh and cluster.sh.
#
#   survivors_database NAME [JSON]     makes the database NAME, with two chains that have these further options
#   survivors_servers CLUSTER ..       where these clusters are, as `survivors` wants it
#   survivors_start ARGUMENT ..        starts the clients
#   survivors_await N                  waits until that many more claims were granted
#   survivors_hold                     lets each client hold a claim that it never commits
#   survivors_finish                   ends the run; what it counted is added to passed and failed
#   survivors_finish_badly FIGURE      ends a run that must have gone wrong: it fails, and counts some of FIGURE
#   survivors_kill                     ends what still runs: for an EXIT trap
#
# The clients are a coprocess: its ends belong to this shell alone, so when the script dies the clients hear the end of
# their input, and end too.

survivors_program=$repository/target/storm/release/survivors
# They themselves give up earlier, and say why.
survivors_patience=300
survivors_pid=
# Before every line of a run that is meant to fail.
survivors_prefix=
declare -A survivors_figures=()

# Slots of a second, so that many pass in one run and a quarantine is over soon.
survivors_database() {
    local name=$1 more=${2:-} commit number=0
    createdb "$name"
    psql -XAtq -v ON_ERROR_STOP=1 -d "$name" <<'SQL'
CREATE EXTENSION slashguard;
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'slashguard_survivor') AS missing \gset
\if :missing
    CREATE ROLE slashguard_survivor IN ROLE slashguard_client;
\endif
SQL
    for commit in async durable; do
        number=$((number + 1))
        psql -XAtq -v ON_ERROR_STOP=1 -d "$name" -c "SELECT slashguard.register_chain('survivors-$commit', 'aztec',
            '31337:0x$(printf '%040d' "$number")', now() - interval '1 hour', '1 second',
            '{\"first_use\": \"trust\", \"signature_scheme\": \"none\", \"horizon_slots\": 2, \"margin_slots\": 3, \"record_commit\": \"$commit\"${more:+, $more}}')" \
            > /dev/null
    done
}

survivors_servers() {
    local name base socket port list=
    for name in "$@"; do
        cluster_location "$name"
        list+=${list:+,}$socket:$port
    done
    echo "$list"
}

survivors_start() {
    [ -x "$survivors_program" ] || fail "There is no $survivors_program." "Run: make test-crash"
    survivors_figures=()
    survivors_passed=0 survivors_failed=0
    coproc SURVIVORS { exec "$survivors_program" "$@" 2>&1; }
    # Bash forgets the coprocess and its ends when it is over, and its last lines may be unread then.
    exec {survivors_lines}<&"${SURVIVORS[0]}"
    survivors_pid=$SURVIVORS_PID
}

survivors_say() {
    local status=0
    [ -n "${SURVIVORS[1]:-}" ] || return 1
    # Clients that died a moment ago must not take this shell along.
    trap '' PIPE
    echo "$1" >&"${SURVIVORS[1]}" || status=$?
    trap - PIPE
    return "$status"
}

# survivors_hear [PREFIX]: shows what the clients say until a line begins so, or to their end. Fails when the other happens.
survivors_hear() {
    local prefix=${1:-} line status
    while true; do
        status=0
        IFS= read -r -t "$survivors_patience" -u "$survivors_lines" line || status=$?
        if [ "$status" -ne 0 ]; then
            # Above 128 it ran out of time.
            [ "$status" -le 128 ] && [ -z "$prefix" ]
            return
        fi
        # Of a run that is meant to fail nobody needs every duty's story.
        if [ -z "$survivors_prefix" ] || [[ $line != "      "* ]]; then
            echo "$survivors_prefix$line"
        fi
        if [[ $line =~ ^([0-9]+)" passed, "([0-9]+)" failed"$ ]]; then
            survivors_passed=${BASH_REMATCH[1]} survivors_failed=${BASH_REMATCH[2]}
        elif [[ $line =~ ^([a-z ]+)": "([0-9]+)$ ]]; then
            survivors_figures[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
        fi
        if [ -n "$prefix" ] && [[ $line == "$prefix"* ]]; then
            return 0
        fi
    done
}

survivors_await() {
    survivors_say "await $1" && survivors_hear "granted: $1 more" || fail "The clients were not granted $1 more claims."
}

survivors_hold() {
    survivors_say hold && survivors_hear "held: " || fail "The clients do not hold what they never commit."
}

# Sets status to how the clients ended.
survivors_end() {
    status=0
    survivors_say stop || true
    if ! survivors_hear; then
        echo "the clients said nothing for $survivors_patience s"
        survivors_kill
        status=1
        return
    fi
    exec {survivors_lines}<&-
    wait "$survivors_pid" || status=$?
    survivors_pid=
}

survivors_finish() {
    local status
    survivors_end
    if [ "$status" -ne 0 ] && [ "$survivors_failed" -eq 0 ]; then
        survivors_failed=1
    fi
    passed=$((passed + survivors_passed))
    failed=$((failed + survivors_failed))
    if [ "$survivors_failed" -gt 0 ]; then
        keep_server_logs
    fi
}

# The servers' files go when the script ends, and what they logged is the other half of the story.
keep_server_logs() {
    local name
    mkdir -p "$repository/target/test"
    for name in "${clusters_started[@]}"; do
        cluster_log "$name" > "$repository/target/test/$name.server.log"
        echo "what $name logged is kept: target/test/$name.server.log"
    done
}

survivors_finish_badly() {
    local figure=$1 status
    survivors_end
    check "such a run fails" [ "$status" -ne 0 ]
    check "and counts $figure: ${survivors_figures[$figure]:-none}" [ "${survivors_figures[$figure]:-0}" -gt 0 ]
}

survivors_kill() {
    if [ -n "$survivors_pid" ]; then
        kill -KILL "$survivors_pid" 2> /dev/null || true
        survivors_pid=
    fi
}
