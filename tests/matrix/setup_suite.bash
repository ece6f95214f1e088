# shellcheck shell=bash
# Two servers of different versions for between.bats; see run.sh.  OLD and NEW are
# conninfo strings without a database.

setup_suite()
{
	local root=${BASH_SOURCE[0]%/*}/../.. name

	# shellcheck source=tests/lib/cluster.sh
	. "$root/tests/lib/cluster.sh"
	for name in OLD NEW; do
		local -n bindir=${name}_BINDIR
		export "$name=$(cluster_dir)"
		PG_BINDIR=$bindir cluster_start "${!name}"
	done
	cluster_env "$OLD"
	SUITE_CLUSTER=$OLD
	SERVER_VERSION=$(psql -XAtc 'SHOW server_version_num' -h "$OLD")
	NEW_VERSION=$(psql -XAtc 'SHOW server_version_num' -h "$NEW")
	unset PORTL_SOURCE PORTL_DESTINATION
	export SUITE_CLUSTER SERVER_VERSION NEW_VERSION LC_ALL=C.UTF-8
}

teardown_suite()
{
	PG_BINDIR=$OLD_BINDIR cluster_drop "$OLD"
	PG_BINDIR=$NEW_BINDIR cluster_drop "$NEW"
}
