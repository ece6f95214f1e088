#!/bin/sh
# Turn receipts into metrics for Prometheus, by node_exporter's textfile collector:
#
#   metrics.sh FILE RECEIPT...
#
# FILE (NAME.prom in the collector's directory) is replaced in one step.  A receipt is what
# --summary=NAME.json has written; its job label is NAME.  Run this behind each job, whatever
# the job's status was: the receipt says it.
set -eu

if [ $# -lt 2 ]; then
	echo "usage: ${0##*/} FILE RECEIPT..." >&2
	exit 64
fi

file=$1
shift
new=$file.$$
for receipt; do # there is none while its run is at work
	shift
	[ ! -e "$receipt" ] || set -- "$@" "$receipt"
done
trap 'rm -f "$new"' EXIT

jq -rn '
	[inputs | .job = (input_filename | sub(".*/"; "") | sub("[.]json$"; ""))] as $receipts |
	def samples(name; help; values):
		"# HELP portl_\(name) \(help)", "# TYPE portl_\(name) gauge",
		($receipts[] | "job=\(.job | tojson)" as $job | values | select(.[1] != null) |
			"portl_\(name){\($job)\(.[0])} \(.[1])");

	samples("status"; "Exit status of the last run."; ["", .status]),
	samples("committed"; "Whether the last run has committed.";
		select(.committed != null) | ["", if .committed == true then 1 else 0 end]),
	samples("finished_timestamp_seconds"; "When the last run has ended.";
		["", (.finished | sub("[.][0-9]+Z"; "Z") | fromdate)]),
	samples("duration_seconds"; "How long the last run took."; ["", .seconds]),
	samples("bytes"; "Bytes of the last stream."; ["", .bytes]),
	samples("rows"; "Rows of the last run, by what became of them.";
		.rows | to_entries[] | [",what=\(.key | tojson)", .value])
' "$@" </dev/null >"$new"
chmod 644 "$new"
mv "$new" "$file"
