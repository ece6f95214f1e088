# What make's targets do, besides building and testing: install, dist, deps, demo; and that
# what the package says agrees with the rest.

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# A demo's process group, which does not outlive its test.
demo_pid=''

teardown()
{
	if [ -n "$demo_pid" ] && kill -TERM -- "-$demo_pid" 2>/dev/null; then
		wait "$demo_pid" || :
	fi
	drop_dbs
}

# The variant that is tested, so that nothing is built anew.
make_here()
{
	make -s -C "$ROOT" MAKEFLAGS= VARIANT="$(under_asan && echo asan)" "$@"
}

@test "make install puts everything in its place, make uninstall takes it away" {
	local dir=$BATS_TEST_TMPDIR/root

	make_here install DESTDIR="$dir" PREFIX=/usr
	(cd "$dir/usr" && find . -type f | LC_ALL=C sort) >installed
	(
		cd "$ROOT" || exit
		find examples -type f -printf './share/doc/portl/%p\n'
		printf './share/doc/portl/%s\n' README.md LICENSE CHANGELOG.md DEPENDENCIES.md
		find man -type f -name '*.1' -printf './share/man/man1/%f\n'
		find man -type f -name '*.5' -printf './share/man/man5/%f\n'
		find man -type f -name '*.7' -printf './share/man/man7/%f\n'
		printf './bin/%s\n' portl portl-extract portl-load portl-ls
		printf './share/bash-completion/completions/%s\n' portl portl-extract portl-load portl-ls
		printf './share/zsh/site-functions/_%s\n' portl portl-extract portl-load portl-ls
		printf './share/fish/vendor_completions.d/%s.fish\n' portl portl-extract portl-load portl-ls
	) | LC_ALL=C sort >expected
	diff expected installed
	grep -q -- --truncate "$dir/usr/share/bash-completion/completions/portl-load"
	grep -q -- truncate "$dir/usr/share/zsh/site-functions/_portl-load"
	grep -q -- truncate "$dir/usr/share/fish/vendor_completions.d/portl-load.fish"
	try "$dir/usr/bin/portl-load" --version
	assert_status 0
	[ ! -x "$dir/usr/share/man/man1/portl-load.1" ] && [ -x "$dir/usr/share/doc/portl/examples/nightly.sh" ]
	make_here uninstall DESTDIR="$dir" PREFIX=/usr
	assert_eq "$(find "$dir" -type f)" ''
}

@test "make dist makes a tarball that builds" {
	local version

	[ -e "$ROOT/.git" ] || skip 'not a git checkout'
	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	git clone -q "$ROOT" clone
	make -s -C clone MAKEFLAGS= dist
	tar -xzf "clone/build/portl-$version.tar.gz"
	rm -rf clone/.git clone/build
	diff -r clone "portl-$version" # what the tests have built
	make -n -C "portl-$version" MAKEFLAGS= VARIANT= all >plan
	grep -q 'LD build/portl-load' plan
}

@test "README, make deps and the package ask for the same libraries" {
	local lib

	sed -n '/^Build-Depends/,/^Standards/p' "$ROOT/common/debian/control" |
		grep -oE 'lib[a-z0-9]+-dev' | LC_ALL=C sort >libs
	[ "$(wc -l <libs)" -ge 6 ]
	grep -oE 'lib(pq|[a-z0-9]+)-dev' "$ROOT/README.md" | LC_ALL=C sort | diff libs -
	while read -r lib; do
		grep -q " $lib\>\|	$lib\>" "$ROOT/tests/deps.sh" || fail "deps.sh lacks $lib" || return
	done <libs
}

@test "DEPENDENCIES.md lists what each program links, and the packages that README asks for" {
	local program

	for program in portl portl-extract portl-load portl-ls; do
		awk -F '|' -v program="$program" '/^\| lib[a-z0-9-]+[.]so/ && $2 !~ /libc\./ && (" " $5 " ") ~ " " program " " {
			gsub(/ /, "", $2); print $2 }' "$ROOT/DEPENDENCIES.md" | LC_ALL=C sort >listed
		readelf -d "$BUILD/$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
			grep -vE '^(lib(c|m|asan|ubsan|gcov|pthread)\.so|ld-)' | LC_ALL=C sort >linked
		[ -s linked ]
		diff listed linked || fail "$program: left DEPENDENCIES.md, right what it links" || return
	done
	awk -F '|' '/^\| lib[a-z0-9-]+[.]so/ { gsub(/ /, "", $3); print $3 }' "$ROOT/DEPENDENCIES.md" | grep -vx libc6-dev | LC_ALL=C sort -u >listed
	grep -oE 'lib(pq|[a-z0-9]+)-dev' "$ROOT/README.md" | LC_ALL=C sort -u | diff listed -
	assert_eq "$(awk -F '|' '/^\| lib[a-z0-9-]+[.]so/ && $4 !~ /[A-Za-z]/' "$ROOT/DEPENDENCIES.md")" ''
}

@test "the package is of the same version, and the pictures of README are there" {
	local version picture

	version=$(sed -n 's/^VERSION = //p' "$ROOT/Makefile")
	assert_eq "$(head -n 1 "$ROOT/common/debian/changelog")" "portl ($version) unstable; urgency=medium"
	assert_eq "$(grep -m 1 '^## ' "$ROOT/CHANGELOG.md" | cut -d ' ' -f 2)" "[$version]"
	grep -q "image: .*/portl:$version$" "$ROOT/examples/parts/kubernetes.yaml"
	grep -oE 'man/pictures/[a-z]+\.svg' "$ROOT/README.md" >pictures
	[ -s pictures ]
	while read -r picture; do
		grep -q '^<svg' "$ROOT/$picture" || fail "README shows $picture" || return
	done <pictures
}

@test "make deps says nothing where nothing is missing" {
	try "$ROOT/tests/deps.sh"
	assert_status 0
	assert_silent
}

@test "the demo shows what it promises and leaves nothing behind" {
	local tmp

	tmp=$(mktemp -d "$SUITE_CLUSTER/demo.XXXXXX") # which goes, whatever becomes of the test
	chmod 711 "$tmp"
	TMPDIR=$tmp ROWS=100000 try "$ROOT/tests/demo.sh"
	assert_status 0
	assert_out_has $'\nEqual.\n'
	assert_out_has 'of 100000 rows are committed.  A script would go on.'
	# Which of the two libpq gets to see is a matter of luck.
	[[ $stderr =~ 'upstream failed: '('the connection to the server was lost'|'terminating connection') ]] ||
		show_run 'no reason from upstream'
	assert_stderr_has 'the stream ends too early, it is incomplete'
	assert_eq "$(grep -c 'exit status 4' <<<"$output")" 2
	assert_out_has $'\n100000\n'
	[[ $output != *$'\e'* ]]
	rmdir "$tmp"
}

@test "an interrupted demo leaves nothing behind" {
	local tmp

	tmp=$(mktemp -d "$SUITE_CLUSTER/demo.XXXXXX") # which goes, whatever becomes of the test
	chmod 711 "$tmp"
	TMPDIR=$tmp env --default-signal=INT setsid "$ROOT/tests/demo.sh" >demo.out 2>&1 3>&- &
	demo_pid=$!
	wait_until 20 grep -q 'CREATE TABLE orders' demo.out
	kill -INT -- "-$demo_pid"
	status=0
	wait "$demo_pid" || status=$?
	assert_eq "$status" 130
	rmdir "$tmp"
}

@test "make proof goes on where it was, and begins anew for other sources" {
	commit()
	{
		git -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m "$1"
	}

	mkdir -p repo/{common,extract,load,tests/property}
	touch repo/{common,extract,load}/one repo/tests/property/{run.sh,names.py,two.py}
	echo 'import os, two' >repo/tests/property/hostile.py
	cp "$ROOT/tests/proof.sh" repo/tests
	cat >stand-in <<-END
		#!/bin/bash -e
		echo "\$2" >>"$PWD/ran"
		echo "\$2 says | this"
		case \$2 in
		names) [ -e "$PWD/mended" ] ;;
		fuzz)
			mkdir -p "$PWD"/build/fuzz/{fuzz,obj/common,obj/tests/fuzz}
			for source in common/a tests/fuzz/fuzz_csv; do
				gcc -g -I. -MMD -MP -MT a.o -o "$PWD/build/fuzz/obj/\$source.o" -c \$source.c
			done
			gcc -o "$PWD/build/fuzz/fuzz/fuzz_csv" "$PWD"/build/fuzz/obj/{common,tests/fuzz}/*.o
			;;
		esac
	END
	chmod +x stand-in
	export MAKE=$PWD/stand-in BUILD=$PWD/build
	cd repo
	git -c init.defaultBranch=main init -q
	git add -A
	commit one

	try tests/proof.sh hostile names
	assert_status 1
	assert_eq "${lines[-1]}" '1 passed, 1 failed'
	assert_out_has '| names |  |  | FAILED: names says \| this |'
	assert_eq "$(cat ../ran)" $'hostile\nnames'

	touch ../mended
	try tests/proof.sh hostile names
	assert_status 0
	assert_eq "${lines[-1]}" '2 passed, 0 failed'
	assert_eq "$(cat ../ran)" $'hostile\nnames\nnames'

	touch NOTES
	git add -A
	commit two
	try tests/proof.sh hostile
	assert_status 0
	assert_eq "$(grep -c hostile ../ran)" 1

	for path in load/two tests/property/two.py tests/property/names.py; do
		echo '"again"' >>"$path"
		git add -A
		commit three
		try tests/proof.sh hostile
		try tests/proof.sh hostile
	done
	assert_eq "$(grep -c hostile ../ran)" 3

	try tests/proof.sh check
	touch tests/other
	git add -A
	commit four
	try tests/proof.sh check
	try tests/proof.sh check
	assert_eq "$(grep -c check ../ran)" 2

	# Nothing is kept of sources that are not committed.
	echo >>load/two
	try tests/proof.sh hostile
	try tests/proof.sh hostile
	assert_eq "$(grep -c hostile ../ran)" 5

	# Each fuzzer is a step of its own, about what it is made of.
	mkdir -p tests/fuzz/corpus/csv
	touch tests/fuzz/run.sh tests/fuzz/corpus/csv/one
	echo 'int a(void);' >common/a.h
	printf '#include "common/a.h"\nint a(void) { return 0; }\n' >common/a.c
	printf '#include "common/a.h"\nint main(void) { return a(); }\n' >tests/fuzz/fuzz_csv.c
	for path in load/three common/a.h common/b.h tests/fuzz/corpus/csv/two; do
		git add -A
		commit five
		try tests/proof.sh fuzz-csv
		assert_status 0
		echo >>"$path"
	done
	assert_eq "$(grep -c '^fuzz$' ../ran)" 2
	git add -A
	commit six
	try tests/proof.sh fuzz-csv
	assert_eq "$(grep -c '^fuzz$' ../ran)" 3

	try tests/proof.sh nothing
	assert_status 64
}
