#!/bin/sh
# portl: run what a job file describes, check whether it could run, compare both sides.
#
# The work is done by portl-extract and portl-load, which read the job file themselves:
# no secret passes through here.  The two are started in the background, so that a signal
# to this shell reaches them at once; their pipe is a named one that is gone before they
# begin.  What the options are called is asked of the programs.
set -u

nl='
'
tab=$(printf '\t')

usage()
{
	cat <<-'EOF'
		portl runs and checks jobs: what is read where, and how it is loaded.

		Usage:
		  portl run JOB [OPTION]...
		  portl check JOB [OPTION]...
		  portl verify JOB [OPTION]...
		  portl state [OPTION]...
		  portl ls [OPTION]... [FILE]...

		run    moves the rows: portl-extract --job JOB | portl-load --job JOB
		check  tests both connections, the privileges, the tables and the plan,
		       and moves no row
		verify compares both sides row by row, and what differs once more; writes
		       nothing
		state  lists what is kept of jobs with a state: portl-load --list-states
		ls     says what is in streams, and whether they are whole: portl-ls

		Options are those of portl-extract and portl-load, and win over the job file.
		The most useful here:
		  -n, --dry-run               load everything, then roll back
		  -b, --batch-size=ROWS       rows in a batch
		  --source=CONNSTR            read from another database than the job says
		  --destination=CONNSTR       load into another database than the job says
		  --reset-state               begin anew with all rows
		  --summary=FILE              write the receipt to FILE as one line of JSON
		  -q, --quiet                 print errors only
		  -v, --verbose               print what is done; twice: with the SQL
		  -V, --version               print the version and exit
		  -?, --help                  print this help and exit

		Exit status: 0 only if every row is committed (run), it could start (check),
		all rows are equal (verify).

		Manual: man portl. Job files: man portl-job
	EOF
}

# end_with COMMAND...: that was all there is to do; what cannot be printed is an error.
end_with()
{
	"$@" || exit 1
	exit 0
}

# die STATUS MESSAGE [HINT]
die()
{
	printf 'portl: error: %s\n' "$2" >&2
	[ $# -lt 3 ] || printf 'portl: hint: %s\n' "$3" >&2
	exit "$1"
}

# find_program NAME: print the path of the one beside this script, or else on PATH.
find_program()
{
	self=$(command -v -- "$0") && self=$(readlink -f -- "$self") || self=$0
	if [ -x "${self%/*}/$1" ]; then
		printf '%s\n' "${self%/*}/$1"
	else
		command -v "$1" || die 127 "$1 is neither beside portl nor on PATH"
	fi
}

# options_of PROGRAM: print a line "NAME LETTER ARGUMENT" for each option, with - for
# no letter, and = or - for an argument or none.
options_of()
{
	"$1" --help | sed -n \
		-e 's/^  -\(.\), --\([a-z-]*\)\(=\{0,1\}\).*/\2 \1 \3/' \
		-e 's/^      --\([a-z-]*\)\(=\{0,1\}\).*/\1 - \2/' \
		-e 's/ $/ -/' -e '/^[a-z-]* . .$/p'
}

# lookup LIST NAME, lookup_letter LIST LETTER: set name, letter and argument.
lookup()
{
	case "$nl$1$nl" in
	*"$nl$2 "*) ;;
	*) return 1 ;;
	esac
	letter=$nl$1$nl
	letter=${letter#*"$nl$2 "}
	letter=${letter%%"$nl"*}
	name=$2 argument=${letter#* } letter=${letter%% *}
}

lookup_letter()
{
	case "$nl$1$nl" in
	*" $2 "*) ;;
	*) return 1 ;;
	esac
	name=$nl$1
	name=${name%%" $2 "*}
	lookup "$1" "${name##*"$nl"}"
}

quoted()
{
	printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

extract_args=''
load_args=''
differences=''
order=''
either='dbname host port username table columns bare csv' # the job says it for each side
neither='output check completion digest-only print-state list-states'

# route SHOWN [VALUE]: give option ${name} to those who have it.
route()
{
	word=$(quoted "--$name${2+=$2}")
	case " $either " in
	*" $name "*)
		die 64 "$1 could be meant for either side" \
			'Say it in the blocks source and destination of the job, or use --source and --destination.'
		;;
	esac
	case " $neither " in
	*" $name "*)
		die 64 "$1 has no meaning here" 'Run portl-extract and portl-load by themselves.'
		;;
	esac
	case $name in
	summary | dry-run) # one file, one writer; and a rehearsal has rows
		load_args="$load_args $word"
		return
		;;
	differences) # what is found at two looks is put together here
		[ "$command" != verify ] || {
			differences=$2
			return
		}
		;;
	order) order=given ;;
	esac
	! lookup "$extract_options" "$name" || extract_args="$extract_args $word"
	! lookup "$load_options" "$name" || load_args="$load_args $word"
}

# take OPTION REST...: take one word of options apart; sets taken to 2 if it used REST.
take()
{
	taken=1
	case $1 in
	--*)
		name=${1#--}
		name=${name%%=*}
		lookup "$extract_options" "$name" || lookup "$load_options" "$name" ||
			die 64 "unknown option --$name" 'Try "portl --help".'
		value=${1#"--$name"}
		case $argument$value in
		-) route "--$name" ;;
		-*) die 64 "option --$name takes no argument" ;;
		==*) route "--$name" "${value#=}" ;;
		*)
			[ $# -gt 1 ] || die 64 "option --$name needs an argument"
			route "--$name" "$2"
			taken=2
			;;
		esac
		;;
	*)
		rest=${1#-}
		while [ -n "$rest" ]; do
			value=${rest#?}
			rest=${rest%"$value"}
			lookup_letter "$extract_options" "$rest" || lookup_letter "$load_options" "$rest" ||
				die 64 "unknown option -$rest" 'Try "portl --help".'
			if [ "$argument" = - ]; then
				route "-$letter"
				rest=$value
				continue
			fi
			if [ -z "$value" ]; then
				[ $# -gt 1 ] || die 64 "option -$letter needs an argument"
				value=$2 taken=2
			fi
			route "-$letter" "$value"
			rest=
		done
		;;
	esac
}

# parse ARGUMENT...: set job, extract_args and load_args.
parse()
{
	job=
	while [ $# -gt 0 ]; do
		case $1 in
		--help | '-?') end_with usage ;;
		--version | -V) end_with version ;;
		-f | --job)
			[ $# -gt 1 ] || die 64 "option $1 needs an argument"
			set_job "$2"
			shift 2
			;;
		--job=*) set_job "${1#*=}" && shift ;;
		-f?*) set_job "${1#-f}" && shift ;;
		-?*)
			take "$@"
			shift "$taken"
			;;
		*) set_job "$1" && shift ;;
		esac
	done
	[ -n "$job" ] || die 64 'which job?' 'For example: portl run nightly.yaml'
	[ ! -e "$job" ] || [ -f "$job" ] || die 78 "$job is not a file" \
		'Both programs read the job, so that it has to be a file.'
}

set_job()
{
	case $1 in
	*://*) die 64 'a connection string is no job' 'Say it with --source or --destination.' ;;
	esac
	[ -z "$job" ] || die 64 "unexpected argument \"$1\"" 'One run has one job.'
	job=$1
}

# completion SHELL: print a completion script, made of those of the two programs: their lines
# for each option that has a meaning here, once, in the frame of the second.
completion()
{
	scripts=$("$extract" --completion="$1" && echo && "$load" --completion="$1") || exit
	printf '%s\n' "$scripts" | awk -v shell="$1" -v skip=" $either $neither " '
		function name_in(line) {
			sub(shell == "fish" ? "^.* -l " : "^[^\\[]*--", "", line)
			sub("[^a-z-].*", "", line)
			return line
		}
		function is_new(line) {
			name = name_in(line)
			return index(skip, " " name " ") == 0 && !seen[name]++
		}
		{ gsub(/portl-(extract|load)/, "portl"); gsub(/_portl_(extract|load)/, "_portl") }
		shell == "bash" && /^\t--/ || shell == "zsh" && /--.*\[/ || shell == "fish" && / -l / {
			if (is_new($0))
				options = options $0 "\n"
			next
		}
		shell == "bash" && /^\t\t-\*\) words=/ {
			n = split($0, list, /[ \047]+/)
			for (i = 1; i <= n; i++)
				if (list[i] ~ /^--/ && index(skip, " " name_in(list[i]) " ") == 0 && !had[list[i]]++)
					words = words " " list[i]
			frame = frame "\t\t-*) words=\047" words "\047 ;;\n"
			next
		}
		/^$/ && ++parts == 0 { next }
		/^(#|#compdef).*portl$/ { frame = before = "" }
		shell == "bash" && /case \$prev in/ {
			before = frame "\t[ \"$COMP_CWORD\" -ne 1 ] || prev=portl\n" $0 "\n"
			before = before "\tportl) words=\047run check verify state ls --help --version\047 ;;\n"
			frame = ""
			next
		}
		shell == "zsh" && /^_arguments/ { before = frame $0 "\n"; frame = ""; next }
		shell == "zsh" && /_files/ { frame = frame "\t\0471:command:(run check verify state ls)\047 \0472:job:_files\047\n"; next }
		{ frame = frame $0 "\n" }
		END {
			if (shell == "fish") {
				before = frame "complete -c portl -n __fish_use_subcommand -f -a \"run check verify state ls\"\n"
				frame = ""
			}
			printf "%s%s%s", before, options, frame
		}'
}

version()
{
	set -- "$("$load" --version)"
	printf 'portl %s\n' "${1#* }"
}

# --- processes -----------------------------------------------------------------

extract_pid=''
load_pid=''
load_status=''
scratch=''

clean_up()
{
	[ -z "$scratch" ] || rm -rf "$scratch"
}

# stop SIGNAL: pass it on as TERM, for the shell has its background ignore INT; wait, so
# that nothing is left behind; die of it.  If everything was committed before, say so.
stop()
{
	trap '' HUP INT TERM
	exec 5<&- 6>&-
	for pid in $extract_pid $load_pid; do
		kill -s TERM "$pid" 2>/dev/null
	done
	[ -z "$extract_pid" ] || wait "$extract_pid"
	if [ -n "$load_pid" ] && [ -z "$load_status" ]; then
		wait "$load_pid"
		load_status=$?
	fi
	clean_up
	[ "${load_status:-1}" -ne 0 ] || exit 0
	trap - "$1"
	kill -s "$1" "$$"
	exit 1
}

# extract ARGUMENT..., load ARGUMENT...: start it in the background, where the shell would
# take standard input away: extract's is the one that we have, load's is descriptor 7.
extract()
{
	eval "set -- \"\$@\" $extract_args"
	PORTL_RUN=1 "$extract" --job="$job" "$@" <&3 3<&- &
	extract_pid=$!
}

load()
{
	eval "set -- \"\$@\" $load_args"
	PORTL_RUN=1 "$load" --job="$job" "$@" <&7 7<&- 3<&- 8<&- &
	load_pid=$!
}

# ask_state: where a job keeps one, extract is to go on from what load says of it.  It reads
# the word, which may be long, from descriptor 8.
ask_state()
{
	load --print-state 7</dev/null >"$scratch/since"
	wait "$load_pid" || exit_clean $?
	load_pid=
	exec 8<"$scratch/since"
	[ ! -s "$scratch/since" ] || extract_args="--since=@/dev/fd/8$extract_args"
}

exit_clean()
{
	clean_up
	exit "$1"
}

# One message for one mistake: what is wrong with the job is said before anything runs.
check_job()
{
	extract --check=job >/dev/null
	wait "$extract_pid" || exit
	extract_pid=
	load --check=job 7</dev/null
	wait "$load_pid" || exit
	load_pid=
}

# make_pipe: descriptor 6 writes what descriptor 5 reads.
make_pipe()
{
	mkfifo "$scratch/pipe" || exit 1
	exec 4<>"$scratch/pipe" # so that neither of the next two waits for the other
	exec 5<"$scratch/pipe"
	exec 6>"$scratch/pipe" 4<&-
	rm -f "$scratch/pipe"
}

# pair ARGUMENT...: run both programs on the pipe, the arguments are load's; sets status to
# that of both.
pair()
{
	load_status=
	extract >&6 5<&- 6>&-
	load "$@" 7<&5 5<&- 6>&-
	exec 5<&- 6>&-
	wait "$load_pid"
	load_status=$?
	wait "$extract_pid"
	extract_status=$?
	load_pid='' extract_pid='' status=$load_status

	# Where load has nothing of its own to say, extract knows why.
	case $load_status in
	0 | 3) [ "$extract_status" -eq 0 ] || status=$extract_status ;;
	4) [ "$extract_status" -eq 0 ] || [ "$extract_status" -gt 128 ] || status=$extract_status ;;
	esac
}

run()
{
	check_job
	scratch=$(mktemp -d) || exit 1
	ask_state
	make_pipe
	clean_up # before they begin, for nobody cleans up behind a shell that is killed
	scratch=''
	pair
	exit "$status"
}

# look N: compare all rows, for the Nth time; sets status, and writes down what differs.
look()
{
	make_pipe
	pair --verify --differences="$scratch/found$1"
	[ "$status" -eq 0 ] || [ "$status" -eq 6 ] || exit_clean "$status"
	# in front of each line, behind which a tab, that by which the row is known
	sed -e h -e 's/^{"kind":"[a-z]*",//' -e 's/,"columns":\[.*$/}/' -e G -e "s/\n/$tab/" \
		"$scratch/found$1" | LC_ALL=C sort >"$scratch/sorted$1" || exit_clean 1
}

# report FILE: what differs in the end.
report()
{
	[ -n "$differences" ] || return 0
	if [ "$differences" = - ]; then
		cat "$1"
	else
		cat "$1" >"$differences"
	fi || exit_clean 1
}

# A row that is in use may have been changed between the two reads: what differs is looked at
# once more, and only what differs again does.
verify()
{
	[ -n "$order" ] || extract_args="$extract_args --order=auto"
	check_job
	scratch=$(mktemp -d) || exit 1
	first=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	look 1
	if [ "$status" -eq 0 ]; then
		report "$scratch/sorted1"
		exit_clean 0
	fi
	printf 'portl: looking once more at what differs\n' >&2
	second=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	look 2
	LC_ALL=C sort -u -t "$tab" -k 1,1 "$scratch/sorted1" |
		LC_ALL=C join -t "$tab" -o 2.2 - "$scratch/sorted2" >"$scratch/both" || exit_clean 1
	report "$scratch/both"
	rows=$(wc -l <"$scratch/both")
	if [ "$rows" -eq 0 ]; then
		printf 'portl: no row differs both at %s and at %s\n' "$first" "$second" >&2
		exit_clean 0
	fi
	printf 'portl: error: %d rows differ at %s and again at %s\n' "$rows" "$first" "$second" >&2
	exit_clean 6
}

check()
{
	check_job
	scratch=$(mktemp -d) || exit 1
	ask_state
	printf 'job          %s\n' "$job"
	extract --check=plan --output="$scratch/header"
	wait "$extract_pid"
	status=$?
	extract_pid=
	if [ "$status" -eq 0 ]; then
		load --check=plan "$scratch/header" 7</dev/null
		wait "$load_pid"
		status=$?
	else
		load --check=connection 7</dev/null
		wait "$load_pid"
	fi
	load_pid=
	[ "$status" -ne 0 ] || printf 'result       the run can start\n'
	clean_up
	exit "$status"
}

# A descriptor that was closed is no reason to stop (it cannot be used, as before), and
# no number for anything else.
(: >&2) || exec 2>/dev/null
(: 3<&0) 2>/dev/null || exec 0>/dev/null
exec 3<&0
# A password among the arguments would stay in ps: they move into the environment, which
# nobody else can see, and the programs that take them from there hide it.
if [ "${PORTL_ARGUMENTS+set}" ]; then
	eval "set -- $PORTL_ARGUMENTS"
	unset PORTL_ARGUMENTS
else
	case "$*" in
	*password=* | *://*)
		PORTL_ARGUMENTS=
		for word; do
			PORTL_ARGUMENTS="$PORTL_ARGUMENTS $(quoted "$word")"
		done
		export PORTL_ARGUMENTS
		self=$(command -v -- "$0") || self=$0
		exec /bin/sh "$self" "${1:-}"
		;;
	esac
fi
extract=$(find_program portl-extract) && load=$(find_program portl-load) || exit
case ${1:-} in
ls)
	program=$(find_program portl-ls) || exit
	shift
	exec "$program" "$@"
	;;
state)
	shift
	exec "$load" --list-states "$@"
	;;
run | check | verify) command=$1 ;;
help | --help | '-?') end_with usage ;;
--version | -V) end_with version ;;
--completion=*) end_with completion "${1#*=}" ;;
'')
	usage | sed -n '3,7p' >&2
	die 64 'what shall be done?' 'Try "portl --help".'
	;;
*) die 64 "\"$1\" is neither run nor check nor verify nor state nor ls" 'Try "portl --help".' ;;
esac
shift
extract_options=$(options_of "$extract") && load_options=$(options_of "$load") || exit
parse "$@"
for signal in HUP INT TERM; do
	# shellcheck disable=SC2064 # the signal of this turn
	trap "stop $signal" "$signal"
done
"$command"
