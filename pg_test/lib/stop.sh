#!/usr/bin/env bash
# Stops and removes every private server under target/clusters, and the cluster of the high-availability test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ -d target/clusters ] || [ -e target/ha/location ] || exit 0
source pg_test/lib/report.sh
source pg_test/lib/cluster.sh
for name in $(cluster_names); do
    cluster_remove "$name"
    echo "stopped and removed: $name"
done
if [ -e target/ha/location ]; then
    source pg_test/ha/processes.sh
    source pg_test/ha/cluster.sh
    ha_remove
    echo "stopped and removed: the highly available cluster"
fi
