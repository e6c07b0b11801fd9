# shellcheck shell=bash
# What every script here says to a person, and how a suite says what it counted. To be sourced.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    green=$'\e[32m' red=$'\e[31m' yellow=$'\e[33m' blue=$'\e[36m' bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
    # Back to the line's start, and clear it.
    same_line=$'\r\e[K'
else
    green='' red='' yellow='' blue='' bold='' dim='' plain=''
    same_line=''
fi
export green red yellow blue bold dim plain same_line

fail() {
    echo "${red}${1}${plain}" >&2
    shift
    local line
    for line in "$@"; do
        echo "  $line" >&2
    done
    exit 1
}

# counts PASSED FAILED: a suite's last line, and its exit status.
counts() {
    echo "$1 passed, $2 failed"
    [ "$2" -eq 0 ] && [ "$1" -gt 0 ]
}

# check NAME COMMAND ..: one check of a script that counts its checks itself.
passed=0
failed=0
check() {
    local name=$1
    shift
    if "$@"; then
        echo "ok: $name"
        passed=$((passed + 1))
    else
        echo "${red}FAILED: $name${plain}"
        failed=$((failed + 1))
    fi
}

# same NAME EXPECTED ANSWERED: the same for two texts.
same() {
    if [ "$2" = "$3" ]; then
        echo "ok: $1"
        passed=$((passed + 1))
    else
        printf '%s\n  expected: %s\n  answered: %s\n' "${red}FAILED: $1${plain}" "$2" "$3"
        failed=$((failed + 1))
    fi
}

# repeat TEXT TIMES: one after the other.
repeat() { printf "$1%.0s" $(seq "$2"); }

# wait_until SECONDS WHAT COMMAND..: runs the command again and again until it succeeds, and says how long it has waited.
# The limit is there to end a wait for something that will never come, so it is generous.
wait_until() {
    local limit=$1 what=$2 started=$SECONDS said=0
    shift 2
    until "$@"; do
        local waited=$((SECONDS - started))
        if [ "$waited" -ge "$limit" ]; then
            echo "${same_line}gave up after $limit s: $what"
            return 1
        fi
        if [ -n "$same_line" ] && [ "$waited" -gt 0 ]; then
            printf '%s' "${same_line}${dim}$what: $waited s${plain}"
        elif [ $((waited - said)) -ge 10 ]; then
            said=$waited
            echo "$what: $waited s"
        fi
        sleep 0.2
    done
    printf '%s' "$same_line"
}
