#!/usr/bin/env bash
# Tells docs/bridge.md on the demo's private server, made anew: each step's words, its SQL, and what psql prints. The story is
# checked as it is told, and ends where something else is printed than the page shows.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh
command -v python3 > /dev/null || fail "python3 is missing." "Run: make setup"

cluster_start demo
python3 -B pg_test/readme/tell.py docs/bridge.md ||
    fail "The story went wrong." "The server still runs: make psql, make stop"
echo "  The server still runs.  Look around: ${bold}make psql${plain}   Stop and remove it: ${bold}make stop${plain}"
