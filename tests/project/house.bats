# What `make lint` says of the house: tests/lint/house.py on a small house of its own.

load ../lib/common

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
	mkdir -p common/base common/os tests/lint
	printf '%s\n' '# a house' 'common/base:' '@low: common/base' 'common/os: @low' >tests/lint/arrows.txt
	module common/base/a 'int a_value(void) { return 1; }'
	module common/base/b '#include "common/base/a.h"' 'int b_value(void) { return a_value(); }'
	module common/os/c '#include "common/base/a.h"' 'int c_value(void) { return a_value(); }'
}

# module NAME LINE...: NAME.h, and NAME.c with its lines.
module()
{
	local word=${1##*/}

	printf 'int %s_value(void);\n' "$word" >"$1.h"
	printf '%s\n' "#include \"$1.h\"" "${@:2}" >"$1.c"
}

# house: compile all, and hold it against the plan.
house()
{
	local source

	for source in common/*/*.c; do
		mkdir -p "obj/${source%/*}"
		gcc -I. -c -o "obj/${source%.c}.o" "$source"
	done
	try python3 "$ROOT/tests/lint/house.py" obj
}

# says LINE: it fails, and this is what it says.
says()
{
	house
	assert_status 1
	assert_eq "$output" "$1"
}

@test "a house as planned has nothing said of it" {
	house
	assert_status 0
	assert_eq "$output" ''
}

@test "a circle by headers" {
	module common/base/a '#include "common/base/b.h"' 'int a_value(void) { return 1; }'
	says 'circle: common/base/a common/base/b'
}

@test "a circle by symbols that no header shows" {
	module common/base/a 'int b_value(void);' 'int a_value(void) { return b_value(); }'
	says 'circle: common/base/a common/base/b'
}

@test "an arrow that is not allowed" {
	module common/base/b '#include "common/os/c.h"' 'int b_value(void) { return 1; }'
	says 'common/base/b.c: common/base/ may not use common/os/ (common/os/c.h)'
}

@test "a plan that allows a circle of folders" {
	sed -i 's|^common/base:|& common/os|' tests/lint/arrows.txt
	says 'tests/lint/arrows.txt: a circle of folders: common/base common/os'
}

@test "a private header used from outside" {
	echo 'int d_one(void);' >common/base/d_parts.h
	printf '%s\n' '#include "common/base/d_parts.h"' 'int d_one(void) { return 1; }' >common/base/d_one.c
	house
	assert_status 0
	module common/os/c '#include "common/base/d_parts.h"' 'int c_value(void) { return 1; }'
	says 'common/os/c.c: common/base/d_parts.h is private to common/base/'
}

@test "a .c without its header, and one that is a part of nothing" {
	rm common/base/b.h
	sed -i 1d common/base/b.c
	says 'common/base/b.c: no b.h, and it is a part of nothing'
}

@test "a folder that the plan does not have, a header that is not there, a name without its folder" {
	mkdir common/new
	module common/new/e 'int e_value(void) { return 1; }'
	says 'common/new/: not in tests/lint/arrows.txt'
	rm -r common/new
	echo '#include "common/base/gone.h"' >>common/base/b.h
	try python3 "$ROOT/tests/lint/house.py" obj
	assert_out_has 'common/base/b.h: there is no common/base/gone.h'
	echo '#include "a.h"' >common/base/b.h
	try python3 "$ROOT/tests/lint/house.py" obj
	assert_out_has 'common/base/b.h: "a.h" is included without its folder'
}

@test "an object that is missing is said, for it would hide a circle" {
	house
	rm obj/common/base/b.o
	try python3 "$ROOT/tests/lint/house.py" obj
	assert_status 1
	assert_eq "$output" 'common/base/b.c: no object below obj'
}
