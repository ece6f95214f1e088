#!/bin/bash
# run.sh [OPTION...]: the property test with a server of its own; BUILD says which build.
set -eu
cd "$(dirname "$0")/../.."
PATH=$(cd "${BUILD:-build}" && pwd):$PATH
# shellcheck source=tests/lib/cluster.sh
. tests/lib/cluster.sh
dir=$(cluster_dir)
cluster_start "$dir"
cluster_env "$dir"
status=0
python3 tests/property/conflict.py "$@" || status=$?
cluster_drop "$dir"
exit "$status"
