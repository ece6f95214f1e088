# shellcheck shell=bash
# One server for the whole run; bats calls these around all .bats files.
# The programs under test inherit the sanitizers' options: a report goes to a file,
# where check.sh finds it even if the test looked away.

setup_suite()
{
	local root=${BASH_SOURCE[0]%/*}/..

	# shellcheck source=tests/lib/cluster.sh
	. "$root/tests/lib/cluster.sh"
	SUITE_CLUSTER=$(cluster_dir)
	export SUITE_CLUSTER
	# A session that is short spends a tenth of its time on fetching memory page by page.
	export cluster_tunables=glibc.malloc.hugetlb=1
	# To make and to drop a database is to search all buffers.
	cluster_start "$SUITE_CLUSTER" 'max_connections = 200' 'max_wal_size = 4GB' 'shared_buffers = 16MB' \
		'max_prepared_transactions = 10' 'autovacuum = off' 'jit = off' "log_line_prefix = '%m [%p] %d '"
	cluster_copies "$SUITE_CLUSTER/copied"
	cluster_env "$SUITE_CLUSTER"
	cluster_template
	SERVER_VERSION=$(psql -XAtc 'SHOW server_version_num')
	export SERVER_VERSION
	# A script that looks for the right one, as pyenv's, takes five times what Python does.
	if [ "$(head -c 2 "$(command -v python3)")" = '#!' ]; then
		mkdir "$SUITE_CLUSTER/python"
		ln -s "$(python3 -c 'import sys; print(sys.executable)')" "$SUITE_CLUSTER/python/python3"
		PATH=$SUITE_CLUSTER/python:$PATH
	fi
	# LDAP, which libpq is linked to, has GnuTLS: ready for use, it is a fifth of a program's start.
	export GNUTLS_NO_IMPLICIT_INIT=1
	unset PORTL_SOURCE PORTL_DESTINATION
	export LC_ALL=C.UTF-8
}

teardown_suite()
{
	cluster_drop "$SUITE_CLUSTER"
}
