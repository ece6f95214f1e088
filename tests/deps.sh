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
	postgresql bats parallel jq miller python3 python3-psycopg2 zstd xxhash openssl
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

# The package lists of a machine where nothing was missing may be old, or not there.
unpack_sshd()
{
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
	mkdir -p build/tools
	cd build/tools
	if ! apt-get download -qq openssh-server >"$log" 2>&1 &&
		! { (cd ../.. && as_root --update) >"$log" 2>&1 &&
			apt-get download -qq openssh-server >"$log" 2>&1; }; then
		cat "$log" >&2
		echo "deps: could not download openssh-server; try apt-get update" >&2
		exit 1
	fi
	dpkg-deb -x openssh-server_*.deb .
	rm -f openssh-server_*.deb
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
	echo "deps: unpacking sshd into build/tools"
	unpack_sshd
fi
