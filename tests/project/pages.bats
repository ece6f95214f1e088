#!/usr/bin/env bats
# The manual against the programs: every option has its paragraph, every page its sections, and
# is shown as it is meant.

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

# Long options and letters, one a line, sorted.
options_of_help()
{
	"$1" --help | sed -nE 's/^  (-(.),|   ) --([a-z-]+).*/\3\n\2/p' | sed '/^$/d' | LC_ALL=C sort
}

options_of_man()
{
	sed -nE 's/\\&//g; s/^\.It (Fl .*)/\1/p' "$1" | grep -oE 'Fl -?[^ ]+' |
		sed -E 's/^Fl -?//' | LC_ALL=C sort
}

@test "every option has its paragraph, and every paragraph its option" {
	local program

	for program in portl-extract portl-load; do
		options_of_help "$program" >in_help
		options_of_man "$ROOT/man/$program.1" >in_man
		[ "$(wc -l <in_help)" -gt 25 ]
		diff in_help in_man || fail "$program: left --help, right the manual"
	done
	diff <(options_of_help portl-ls) <(options_of_man "$ROOT/man/portl-ls.1")
	for program in run plan part parts publish hold drop; do
		portl help $program | sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p'
	done | LC_ALL=C sort -u >in_help
	[ "$(wc -l <in_help)" -ge 8 ]
	options_of_man "$ROOT/man/portl.1" | LC_ALL=C sort -u >in_man
	LC_ALL=C comm -23 in_help in_man >missing
	cat missing
	[ ! -s missing ]
}

@test "EXIT STATUS and README list the codes of common/base/err.h" {
	local page

	sed -nE 's/^\tEXIT_[A-Z]+ = ([0-9]+),.*/\1/p' "$ROOT/common/base/err.h" | grep -v 128 >codes
	[ "$(wc -l <codes)" -ge 8 ]
	for page in portl.1 portl-extract.1 portl-load.1 portl.7; do
		sed -n '/^\.Sh EXIT STATUS/,/^\.Sh SIGNALS/p' "$ROOT/man/$page" |
			sed -nE 's/^\.It ([0-9]+)$/\1/p' | grep -vx 127 | diff codes - || fail "$page"
	done
	sed -nE 's/^\| ([0-9]+) \|.*/\1/p' "$ROOT/README.md" | diff codes - || fail README.md
}

@test "pages and --help keep to 80 columns, and no formatter complains" {
	local page program

	for page in "$ROOT"/man/*.[157]; do
		mandoc -T ascii -O width=80 "$page" 2>warnings | sed "s/.\x08//g" | awk 'length > 80' >long
		cat long warnings
		[ ! -s warnings ] && { [ "${page##*/}" != portl-stream.5 ] || [ ! -s long ]; }
	done
	groff -mdoc -t -Tascii -P-c -rLL=80n -ww "$ROOT/man/portl-stream.5" 2>warnings | sed "s/.\x08//g" |
		awk 'length > 80' >long
	cat long warnings
	[ ! -s long ] && [ ! -s warnings ]
	for program in portl portl-extract portl-load portl-ls; do
		"$program" --help | awk 'length > 80' >long
		cat long
		[ ! -s long ]
	done
}

@test "pages as they are shown: quotes end where they are meant to, headings say their words" {
	local page as

	for page in "$ROOT"/man/*.[157]; do
		sed -nE 's/^\.S[hs] //p' "$page" | sed 's/\\&//g; s/"//g' | sort -u >meant
		for as in "mandoc -T utf8" "groff -mdoc -t -Tutf8 -P-c"; do
			$as "$page" 2>/dev/null | sed "s/.\x08//g" >shown
			sed -nE 's/^ {0,3}([^ ].*)/\1/p' shown | sort -u | comm -23 meant - >lost
			# shellcheck disable=SC1112 # these quotes are meant
			tr -s '\n ' ' ' <shown | grep -oE '“[^”]*“.{9}|‘[^’]*‘.{9}|‘- .{9}' >open || :
			cat lost open
			[ ! -s lost ] && [ ! -s open ]
		done
	done
}

@test "portl(1): the synopsis has every command that portl --help has" {
	portl --help | sed -nE 's/^  portl ([a-z]+) .*/\1/p' | sort -u >in_help
	[ "$(wc -l <in_help)" -ge 10 ]
	sed -n '/^.Sh SYNOPSIS/,/^.Sh DESC/s/^.Cm //p' "$ROOT/man/portl.1" | grep -oE '[a-z]+' |
		sort -u | diff in_help -
}

@test "every manual page has ENVIRONMENT, EXIT STATUS, SIGNALS and EXAMPLES" {
	local page section

	for page in "$ROOT"/man/*.[157]; do
		for section in ENVIRONMENT 'EXIT STATUS' SIGNALS EXAMPLES; do
			grep -qx "\.Sh $section" "$page" || fail "${page##*/} lacks $section" || return
		done
	done
}
