#!/bin/bash
# make deb, make check-deb: the Debian package.
#
#   deb.sh build        build/deb/portl_VERSION_ARCH.deb, from the files that are here
#   deb.sh check        hold the .deb against lintian, install it into a fresh Debian with
#                       nothing but what it depends on, and run its tests (autopkgtest)
#                       there; as root, with debootstrap, from the mirror that apt uses
#
# `make deps-deb` installs what this needs.
set -eu
cd "$(dirname "$0")/.."
version=$(sed -n 's/^VERSION = //p' Makefile)
out=$PWD/build/deb
source=$out/portl-$version

# The packaging is in common/debian, for a top level without a distribution's files.
build()
{
	rm -rf "$out"
	mkdir -p "$source"
	tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$source"
	mv "$source/common/debian" "$source/debian"
	[ "$(cd "$source" && dpkg-parsechangelog -S Version)" = "$version" ] || {
		echo "deb: common/debian/changelog is not about version $version" >&2
		return 1
	}
	(cd "$source" && MAKEFLAGS='' dpkg-buildpackage -us -uc) >"$out/build.log" 2>&1 || {
		tail -n 40 "$out/build.log" >&2
		return 1
	}
	ls "$out"/*.deb
}

# fresh_debian DIR: the smallest Debian of our own kind.
fresh_debian()
{
	local site

	# shellcheck disable=SC2016 # apt-get expands it
	site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | head -n 1)
	debootstrap --variant=minbase "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
		"$1" "$site" >"$out/debootstrap.log" 2>&1 || {
		tail -n 20 "$out/debootstrap.log" >&2
		return 1
	}
	# The way to the mirror is the host's.
	rm -rf "$1/etc/apt"
	cp -R /etc/apt "$1/etc"
	cp /etc/resolv.conf /etc/hosts "$1/etc"
}

# in_root DIR COMMAND...: with no more of our environment than the mirror's proxies.
in_root()
{
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		${http_proxy+http_proxy="$http_proxy"} ${https_proxy+https_proxy="$https_proxy"} \
		chroot "$@"
}

# check_completions DEB: each program has one for each shell, where the shell looks for it.
check_completions()
{
	local list program

	list=$(dpkg-deb -c "$1" | sed 's|.* \./|/|')
	for program in portl portl-extract portl-load portl-ls; do
		grep -qx "/usr/share/bash-completion/completions/$program" <<<"$list"
		grep -qx "/usr/share/zsh/\(site-functions\|vendor-completions\)/_$program" <<<"$list"
		grep -qx "/usr/share/fish/vendor_completions.d/$program.fish" <<<"$list"
	done
}

check()
{
	local debs=("$out"/portl_"$version"_*.deb) root

	[ -f "${debs[0]}" ] || build
	debs=("$out"/portl_"$version"_*.deb)
	lintian --fail-on error,warning --show-overrides "$out"/portl_"$version"_*.changes
	echo 'lintian: clean'

	root=$(mktemp -d)
	# shellcheck disable=SC2064 # expanded now
	trap "umount '$root/proc' 2>/dev/null || :; rm -rf --one-file-system '$root'" EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$root"
	fresh_debian "$root"
	mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
	cp "${debs[0]}" "$root/tmp/portl.deb"
	in_root "$root" sh -euc '
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends /tmp/portl.deb >/dev/null 2>&1
		rm /tmp/portl.deb
	'
	[ "$(in_root "$root" portl-extract --version)" = "portl-extract (Portl) $version" ]
	[ "$(in_root "$root" portl-load --version)" = "portl-load (Portl) $version" ]
	[ "$(in_root "$root" portl --version)" = "portl (Portl) $version" ]
	check_completions "${debs[0]}"
	echo 'a fresh root: installed, the programs run'

	autopkgtest -q "${debs[@]}" "$source/" -- chroot "$root" >"$out/autopkgtest.log" 2>&1 || {
		tail -n 60 "$out/autopkgtest.log" >&2
		return 1
	}
	echo 'autopkgtest: passed'
}

"$1"
