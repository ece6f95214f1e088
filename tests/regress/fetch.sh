#!/bin/bash
# fetch.sh BINDIR: print the name of a tar archive with src/test/regress of the Debian
# source package that the server in BINDIR was built from.  It is kept in the cache.
#
# APT does the work, with lists and sources of our own: deb-src beside each deb of this
# machine's.  Where the very version cannot be had (a mirror may lack the security
# archive's sources), the next older of the same package will do: the tests of two minor
# releases hardly differ, and they are here for their tables.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/cache.sh
. tests/lib/cache.sh

fail()
{
	printf 'regress: %s\n' "$@" >&2
	exit 1
}

package=$(dpkg-query -S "$(realpath "$1")/postgres" 2>/dev/null) ||
	fail "the server in $1 is not of a Debian package, so that its tests are not known"
package=${package%%:*}
source=$(dpkg-query -W -f '${source:Package}' "$package")
installed=$(dpkg-query -W -f '${source:Version}' "$package")
cache=$(cache_dir)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# archive VERSION: where the cache has it.
archive()
{
	echo "$cache/$source-$1-regress.tar"
}

# Whatever is there, of this version or another one.
cached()
{
	local there

	for there in "$(archive "$installed")" "$cache/$source"-*-regress.tar; do
		[ ! -f "$there" ] || {
			echo "$there"
			return
		}
	done
	return 1
}

# The machine's own sources with deb-src for deb; its lists are not touched.
prepare_apt()
{
	local file

	mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/sources.d"
	: >"$work/sources.list"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
		case $file in
		*.list) [ ! -f "$file" ] || sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >>"$work/sources.list" ;;
		*.sources) sed 's/^[Tt]ypes:.*/Types: deb-src/' "$file" >"$work/sources.d/${file##*/}" ;;
		esac
	done
	cat >"$work/apt.conf" <<-END
		Dir::Etc::sourcelist "$work/sources.list";
		Dir::Etc::sourceparts "$work/sources.d";
		Dir::State::lists "$work/lists";
		Dir::Cache "$work/cache";
		APT::Sandbox::User "";
	END
	export APT_CONFIG=$work/apt.conf
	apt-get update -qq
}

# Newest first, what is installed before all others.
versions()
{
	echo "$installed"
	apt-cache showsrc "$source" | sed -n 's/^Version: //p' | sort -rV | grep -vxF "$installed"
}

# fetch VERSION: download the source package and keep its tests.
fetch()
{
	(cd "$work" && apt-get source -qq --download-only "$source=$1") >"$work/log" 2>&1 || return
	mkdir "$work/tree"
	tar -xf "$work/${source}_${1%-*}".orig.tar.* -C "$work/tree" --strip-components=1 \
		--wildcards '*/src/test/regress/*'
	tar -cf "$work/regress.tar" -C "$work/tree/src/test/regress" .
	mv "$work/regress.tar" "$(archive "$1")"
}

cached && exit
prepare_apt >"$work/log" 2>&1 || fail 'the lists of source packages cannot be had:' "$(tail -n 3 "$work/log")"
for version in $(versions); do
	if fetch "$version"; then
		archive "$version"
		exit
	fi
	echo "regress: no source of $source $version: $(tail -n 1 "$work/log")" >&2
done
fail "no source of $source can be had"
