#!/bin/bash
# valgrind.sh BUILD [FILE.bats...]: run a slice of the suite (or these files) with both
# programs under valgrind: a build directory of wrappers stands in front of the real one.
# An error or a leak is a report in check/san, and fails the run as a sanitizer's does.
set -eu
build=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")"
wrapped=$build/valgrind

[ $# -gt 0 ] || set -- stream.bats csv.bats conflict.bats rejects.bats rejects_exactly.bats job.bats

mkdir -p "$wrapped/lib"
cp "$build/portl" "$wrapped"
cp "$build/lib/client" "$wrapped/lib"
for program in portl-extract portl-load; do
	cat >"$wrapped/$program" <<-END
		#!/bin/sh
		exec valgrind -q --error-exitcode=99 --leak-check=full \\
			--show-leak-kinds=definite,indirect,possible \\
			--errors-for-leak-kinds=definite,indirect,possible \\
			--suppressions=$PWD/lib/valgrind.supp \\
			--log-file=$wrapped/check/san/report.%p $build/$program "\$@"
	END
	chmod +x "$wrapped/$program"
done
exec ./check.sh "$wrapped" "$@"
