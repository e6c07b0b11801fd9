# shellcheck shell=bash
# The processes of a folder: those that work in it or below it. To be sourced, after report.sh.
#
# Every process of the test is started with a working directory of its own inside the test's private folder, and Postgres
# works in its data directory. So /proc is the record of them: a process id that was used anew for something else does not
# match, and what a killed test has left behind does.

# processes_of FOLDER [STATE]: their ids; with STATE, a letter as in ps, only those in another one.
processes_of() {
    local found pid state
    found=$(find /proc/[0-9]* -maxdepth 1 -name cwd -printf '%l\t%h\n' 2> /dev/null || true)
    while read -r pid; do
        [ -n "$pid" ] || continue
        if [ $# -gt 1 ]; then
            # The command's name, in parentheses, may hold anything.
            state=$(sed -E 's/.*\) (.).*/\1/' "/proc/$pid/stat" 2> /dev/null) || continue
            [ "$state" != "$2" ] || continue
        fi
        echo "$pid"
    done < <(folder=$1 awk -F '\t' '$1 == ENVIRON["folder"] || $1 == ENVIRON["folder"] " (deleted)" ||
        index($1, ENVIRON["folder"] "/") == 1 { sub("^/proc/", "", $2); print $2 }' <<< "$found")
}

# signal_processes SIGNAL ID ..
signal_processes() {
    local signal=$1 pid
    shift
    for pid in "$@"; do
        kill -s "$signal" "$pid" 2> /dev/null || true
    done
}

all_paused() {
    local running
    mapfile -t running < <(processes_of "$1" T)
    signal_processes STOP "${running[@]}"
    [ "${#running[@]}" -eq 0 ]
}

# pause_processes FOLDER: until none runs, because one may be born while the others are being stopped.
pause_processes() {
    wait_until 60 "pausing the processes of $1" all_paused "$1"
}

continue_processes() {
    local paused
    mapfile -t paused < <(processes_of "$1")
    signal_processes CONT "${paused[@]}"
}

none_of_these() {
    local folder=$1 pid
    shift
    for pid in $(processes_of "$folder"); do
        if [[ " $* " == *" $pid "* ]]; then
            return 1
        fi
    done
}

# kill_processes FOLDER: all of them as of one moment. They are paused first, so that none sees another one die and acts on it.
kill_processes() {
    local all
    pause_processes "$1"
    mapfile -t all < <(processes_of "$1")
    signal_processes KILL "${all[@]}"
    wait_until 60 "the end of the processes of $1" none_of_these "$1" "${all[@]}"
}
