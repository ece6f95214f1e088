#!/bin/bash
# run.sh TEST [OPTION...]: a random test (its file here) with a server of its own;
# BUILD says which build.
set -eu
cd "$(dirname "$0")/../.."
PATH=$(cd "${BUILD:-build}" && pwd):$PATH
# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
dir=$(cluster_dir)
cluster_start "$dir" 'max_connections = 200' 'max_wal_size = 4GB'
cluster_env "$dir"
export LC_ALL=C.UTF-8
status=0
python3 "tests/property/$1.py" "${@:2}" || status=$?
cluster_drop "$dir"
exit "$status"
