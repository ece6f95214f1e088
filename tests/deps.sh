#!/bin/sh
# Install what building, testing and linting need: `make deps`.  Prints one line
# and installs exactly what is missing; says and does nothing when all is there.
# With names, these packages are wanted besides: `make deps-deb`, `make deps-pictures`.
#
# Leaves no daemon behind: PostgreSQL comes without a default cluster, and sshd,
# which one test wants, is unpacked into build/tools instead of installed.
set -eu
cd "$(dirname "$0")/.."

packages='gcc libc6-dev make pkg-config git
	libpq-dev libssl-dev libjansson-dev libcsv-dev libyaml-dev libzstd-dev libxxhash-dev
	postgresql bats parallel jq miller sqlite3 python3 python3-psycopg2 python3-yaml zstd xxhash openssl
	perl procps valgrind openssh-client libwrap0 libpam0g mandoc groff-base shellcheck zsh fish
	clang clang-format clang-tidy libclang-rt-dev'

case ${1:-} in
-*) ;;
*) packages="$packages $*" ;;
esac

missing_packages()
{
	for p in $packages; do
		case $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) in
		installed*) ;;
		*) printf ' %s' "$p" ;;
		esac
	done
}

# install_packages NAME...: as root.
install_packages()
{
	# postgresql-common's own switch, set only while we install: a server
	# that nobody asked for would otherwise run from now on.
	conf=/etc/postgresql-common/createcluster.d/portl-deps.conf
	log=$(mktemp)
	trap 'rm -f "$conf" "$log"' EXIT
	trap 'exit 1' HUP INT TERM
	mkdir -p "${conf%/*}"
	echo 'create_main_cluster = false' >"$conf"

	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
	if ! { apt-get update -qq &&
		apt-get install -y -qq --no-install-recommends "$@"; } >"$log" 2>&1; then
		cat "$log" >&2
		exit 1
	fi
}

case ${1:-} in
--install)
	shift
	install_packages "$@"
	exit
	;;
--update)
	apt-get update -qq
	exit
	;;
esac

if ! command -v apt-get >/dev/null; then
	echo "deps: no apt-get here; please install what these Debian packages hold:" >&2
	echo "$packages openssh-server" >&2
	exit 1
fi

# as_root ARGUMENT...: run this script as root.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$PWD/tests/deps.sh" "$@"
	elif command -v sudo >/dev/null; then
		sudo "$PWD/tests/deps.sh" "$@"
	else
		return 127
	fi
}

# unpack WHAT PACKAGE...: into build/tools, for what would start servers if it were installed.
# The package lists of a machine where nothing was missing may be old, or not there.
unpack()
{
	what=$1

	shift
	echo "deps: unpacking $what into build/tools"
	log=$(mktemp)
	mkdir -p build/tools/new
	(cd build/tools/new && apt-get download -qq "$@") >"$log" 2>&1 ||
		{ as_root --update && cd build/tools/new && apt-get download -qq "$@"; } >"$log" 2>&1 || {
		cat "$log" >&2
		echo "deps: could not download $what; try apt-get update" >&2
		rm -rf "$log" build/tools/new
		return 1
	}
	for package in build/tools/new/*.deb; do
		dpkg-deb -x "$package" build/tools
	done
	rm -rf "$log" build/tools/new
}

# unpack_foreign ARCHITECTURE PACKAGE...: into build/tools/ARCHITECTURE.  apt has lists of its
# own there, for this machine's know nothing of the others.
unpack_foreign()
{
	root=$PWD/build/tools/$1
	architecture=$1
	shift
	[ ! -e "$root/usr" ] || return 0
	echo "deps: unpacking libraries of $architecture into build/tools/$architecture"
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$root/new"
	: >"$root/status"
	cat >"$root/apt.conf" <<-EOF
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
		APT::Sandbox::User "";
		Dir::State "$root";
		Dir::State::status "$root/status";
		Dir::Cache "$root/cache";
	EOF
	export APT_CONFIG="$root/apt.conf"
	(apt-get update -qq && cd "$root/new" && apt-get download -qq "$@") >"$root/log" 2>&1 || {
		cat "$root/log" >&2
		rm -rf "$root"
		return 1
	}
	unset APT_CONFIG
	for package in "$root"/new/*.deb; do
		dpkg-deb -x "$package" "$root"
	done
	rm -rf "$root/new" "$root/lists" "$root/cache"
}

missing=$(missing_packages)
if [ -n "$missing" ]; then
	echo "deps: installing$missing"
	# shellcheck disable=SC2086 # lists of words
	as_root --install $missing || {
		status=$?
		[ "$status" -ne 127 ] ||
			echo "deps: not root and no sudo; please run: apt-get install$missing" >&2
		exit "$status"
	}
fi

if [ ! -x /usr/sbin/sshd ] && [ ! -x build/tools/usr/sbin/sshd ]; then
	unpack sshd openssh-server || exit
fi
# Without it tests/parts/slurm.bats is skipped.
if [ ! -x build/tools/usr/sbin/slurmctld-wlm ]; then
	unpack Slurm slurmctld slurmd slurm-client slurm-wlm-basic-plugins libhwloc15 || :
fi
# Without it tests/parts/poolers.bats is skipped.
if [ ! -x /usr/sbin/pgbouncer ] && [ ! -x build/tools/usr/sbin/pgbouncer ]; then
	# shellcheck disable=SC2046 # words: libraries, whose names are not the same everywhere
	unpack PgBouncer pgbouncer $(apt-cache depends --important pgbouncer 2>/dev/null |
		sed -nE 's/^ *Depends: (lib(c-ares|event)[^ ]*)$/\1/p') || :
fi
case " $* " in
*-s390x-*)
	unpack_foreign s390x libpq-dev libssl-dev libjansson-dev libzstd-dev libxxhash-dev libyaml-dev libcsv-dev || exit
	;;
esac
