#!/usr/bin/env bash
# Stops and removes every private server under target/clusters.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -d target/clusters ] || exit 0
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh
for name in $(cluster_names); do
    cluster_remove "$name"
    echo "stopped and removed: $name"
done
