# shellcheck shell=bash disable=SC2154 # run.sh sets work
# One table read by several processes, each a part of it, into files; and what threads of zstd
# bring.

rows=$(scaled 1000000)
title="$rows rows into files"

make_tables mixed
cat >"$work/read_parts.sh" <<-'EOF'
	# read_parts.sh PLAN: all of its parts, two at a time
	n=$(jq '.parts | length' "$1") && cd "$(dirname "$1")" &&
		seq "$n" | xargs -P 2 -I K portl-extract --plan="$1" --part=K -o part.K
EOF
for n in 2 8; do
	mkdir "$work/parts$n"
	portl-extract -d src -t mixed --make-plan --parts="$n" -o "$work/parts$n/plan"
done

parts_one()
{
	sample parts_one portl-extract -d src -t mixed -o "$work/whole"
}

# parts N
parts()
{
	sample "parts_$1" bash "$work/read_parts.sh" "$work/parts$1/plan"
}

# zstd_as NAME HOW
zstd_as()
{
	sample "$1" portl-extract -d src -t mixed -Z "$2" -o "$work/packed"
}

rounds parts_one 'parts 2' 'parts 8' 'zstd_as zstd_plain zstd:9' 'zstd_as zstd_threads zstd:9,threads=2'

compare "$title: 2 parts, two at a time, against one stream" wall parts_2 parts_one 0.6
compare "$title: 8 parts, two at a time, against one stream" wall parts_8 parts_one
compare "$title: 2 parts against one stream" cpu parts_2 parts_one
compare "$title: zstd:9 with two threads against none" wall zstd_threads zstd_plain
at_most "$title: peak memory of one stream" rss parts_one 10
