#!/bin/bash
# shellcheck disable=SC2317 # the checks are called by name
# make lint: run every check, print what each one found, fail if any did.  LINT_BASE=COMMIT
# looks at the subjects of the commits since then as well.  LINT_GCC= says that what is in
# build/ was compiled with -Werror, by gcc; else that is done in build/lint-gcc.
set -u
cd "$(dirname "$0")/../.." || exit
make=${MAKE:-make}
max_lines=600
gcc_variant=${LINT_GCC-lint-gcc}
gcc_out=build${gcc_variant:+/$gcc_variant}

# Names a file in common/, extract/ or load/ may export besides STEM_*: "STEM NAME-PATTERN".
exported_exceptions='xalloc x(malloc|calloc|realloc|strdup|strdup_null|strndup|asprintf|vasprintf)'

files()
{
	find . \( -path ./build -o -path ./.git \) -prune -o -type f \( "$@" \) -print |
		sed 's|^\./||' | sort
}

mapfile -t c_files < <(files -name '*.c' -o -name '*.h')
mapfile -t shell_files < <(files -name '*.sh' -o -name '*.bash' -o -path './.ci/run')
mapfile -t bats_files < <(files -name '*.bats')
mapfile -t man_pages < <(files -path './man/*.[157]')
mapfile -t text_files < <(files -name '*.[ch157]' -o -name '*.sh' -o -name '*.bash' -o -name '*.bats' \
	-o -name '*.md' -o -name '*.mk' -o -name '*.yaml' -o -name Makefile)

# run_make VARIANT CC GOAL...: build with warnings as errors, in build/VARIANT.
run_make()
{
	{ $make -k --no-print-directory VARIANT="$1" CC="$2" "${@:3}" >/dev/null; } 2>&1
}

check_gcc()
{
	run_make "$gcc_variant" gcc objects
}

# With clang-tidy, for it needs the same flags and the same knowledge of what changed.
check_clang()
{
	run_make lint-clang clang objects fuzz-objects tidy
}

check_format()
{
	clang-format --dry-run -Werror "${c_files[@]}" 2>&1
}

check_shellcheck()
{
	shellcheck -x "${shell_files[@]}" || return
	# bats and fresh_db set variables that shellcheck cannot see.
	((${#bats_files[@]} == 0)) || shellcheck -x -e SC2030,SC2031,SC2154 "${bats_files[@]}"
}

check_mandoc()
{
	((${#man_pages[@]} == 0)) || mandoc -T lint -W warning "${man_pages[@]}"
}

# nothing_has PATTERN FILE...: print what does, and remember it in found_any.
found_any=0
nothing_has()
{
	! grep -nE -e "$@" || found_any=1
}

# The folders, the arrows between them, and no circle; the objects say who calls whom.
check_house()
{
	python3 tests/lint/house.py "$gcc_out/obj"
}

# foo.c exports only foo and foo_*; dir_foo_* where both programs have a foo.c.  No name is
# there twice: what links both programs' modules, as fuzzers do, would take one for the other.
check_exports()
{
	local object source stem twin name allowed status=0 names=$gcc_out/exports

	: >"$names"
	for object in "$gcc_out"/obj/{common,extract,load}{,/*}/*.o; do
		stem=$(basename "$object" .o)
		source=${object#"$gcc_out"/obj/}
		[ -f "${source%.o}.c" ] || continue # the file is gone, its object is not
		allowed="${stem}(_[a-z0-9_]+)?"
		twin=${source#*/} twin=${twin%.o}.c
		[[ $source == common/* || ! -f extract/$twin || ! -f load/$twin ]] ||
			allowed="${source%%/*}_$allowed"
		[ "$stem" != main ] || allowed=main
		allowed+=$(sed -n "s/^$stem /|/p" <<<"$exported_exceptions")
		while read -r name; do
			echo "$object: exports $name"
			status=1
		done < <(nm -g --defined-only -f posix "$object" | cut -d ' ' -f 1 |
			tee -a "$names" | grep -vxE "$allowed")
	done
	sort "$names" | uniq -d | grep -vx main | sed 's/^/exported twice: /' >"$names.twice"
	cat "$names.twice"
	[ ! -s "$names.twice" ] || status=1
	return "$status"
}

check_length()
{
	wc -l "${c_files[@]}" "${shell_files[@]}" "${bats_files[@]}" |
		awk -v max="$max_lines" '$2 != "total" && $1 > max {
			print $2 ": " $1 " lines, at most " max; bad = 1 } END { exit bad }'
}

# The commits that LINT_BASE does not have: an area, and at most 72 characters.
check_subjects()
{
	[ -n "${LINT_BASE:-}" ] || return 0
	! git log --no-merges --format='%h %s' "$LINT_BASE..HEAD" |
		grep -vE '^[0-9a-f]+ .{1,72}$' && ! git log --no-merges --format='%h %s' "$LINT_BASE..HEAD" |
		grep -vE '^[0-9a-f]+ [a-z][a-z_/., -]*(\([0-9a-z]+\))?: '
}

check_leftovers()
{
	nothing_has '\<(TO[D]O|FIX[M]E|X[X]X)\>' "${text_files[@]}"
	nothing_has '[[:blank:]]+$' "${text_files[@]}"
	return $((found_any))
}

failed=0
for check in gcc clang format shellcheck mandoc house exports length subjects leftovers; do
	if ! found=$("check_$check"); then
		printf 'lint: %s:\n%s\n' "$check" "$found"
		failed=$((failed + 1))
	fi
done
[ $failed -eq 0 ] || echo "lint: $failed checks failed"
exit $((failed > 0))
