#!/usr/bin/env bats
# Completions: each shell itself says what it would propose.
# shellcheck disable=SC2154 # bats sets stderr

load ../lib/common

# bash_proposes FUNCTION WORD...: what bash proposes for the last word, on one line.
bash_proposes()
{
	bash -c '. ./completion; COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2)); "$1"; echo "${COMPREPLY[*]}"' - "$@"
}

setup()
{
	cd "$BATS_TEST_TMPDIR" || return
}

@test "bash proposes options, values and files" {
	portl-extract --completion=bash >completion
	shellcheck -s bash completion
	touch my-orders.portl
	assert_eq "$(bash_proposes _portl_extract portl-extract --query)" '--query= --query-file='
	assert_eq "$(bash_proposes _portl_extract portl-extract -d x --form)" '--format='
	assert_eq "$(bash_proposes _portl_extract portl-extract --format = b)" binary
	assert_eq "$(bash_proposes _portl_extract portl-extract --format =)" 'binary ndjson'
	assert_eq "$(bash_proposes _portl_extract portl-extract -F '')" 'binary ndjson'
	assert_eq "$(bash_proposes _portl_extract portl-extract --output = my-)" my-orders.portl
	assert_eq "$(bash_proposes _portl_extract portl-extract -d my-)" ''
	assert_eq "$(bash_proposes _portl_extract portl-extract my-)" ''
	portl-load --completion=bash >completion
	assert_eq "$(bash_proposes _portl_load portl-load my-)" my-orders.portl
	assert_eq "$(bash_proposes _portl_load portl-load --extra-columns = i)" ignore
}

@test "bash itself completes with it" {
	portl-extract --completion=bash >completion
	printf '%s\n' '. ./completion' $'portl-extract --form\tnd\t --version' 'exit' >keys
	TERM=dumb run script -qec 'bash --norc --noprofile -i' /dev/null <keys
	assert_out_has 'portl-extract --format=ndjson  --version'
	assert_out_has 'portl-extract (Portl)'
}

@test "zsh itself completes with it" {
	portl-extract --completion=zsh >_portl-extract
	printf '%s\n' "fpath=($PWD \$fpath); autoload -U compinit; compinit -u -D" \
		$'portl-extract --format=nd\t--version' exit >keys
	TERM=vt100 HOME=$PWD run script -qec 'zsh -f -i' /dev/null <keys
	assert_out_has '--format=ndjson'
	assert_out_has 'portl-extract (Portl)'
}

@test "fish proposes options, values and files" {
	touch my-orders.portl
	HOME=$PWD try fish -c 'portl-load --completion=fish | source
		complete -C "portl-load --extra-columns="; complete -C "portl-load --trunc"; complete -C "portl-load my-"'
	assert_status 0
	assert_eq "$(cut -f 1 <<<"$output")" \
		$'--extra-columns=error\n--extra-columns=ignore\n--truncate\nmy-orders.portl'
	HOME=$PWD try fish -c 'portl-extract --completion=fish | source
		complete -C "portl-extract -F "; complete -C "portl-extract my-"'
	assert_eq "$(cut -f 1 <<<"$output")" $'binary\nndjson'
}

@test "portl itself: its commands, the job, and the options that have a meaning there" {
	touch my-job.yaml
	portl --completion=bash >completion
	shellcheck -s bash completion
	assert_eq "$(bash_proposes _portl portl '')" 'run check verify plan part parts publish hold drop runs state ls --help --version'
	assert_eq "$(bash_proposes _portl portl r)" 'run runs'
	assert_eq "$(bash_proposes _portl portl run my-)" my-job.yaml
	assert_eq "$(bash_proposes _portl portl run my-job.yaml --batch)" '--batch-size='
	assert_eq "$(bash_proposes _portl portl run my-job.yaml --conflict = s)" skip
	assert_eq "$(bash_proposes _portl portl run my-job.yaml --format = n)" ndjson
	assert_eq "$(bash_proposes _portl portl run my-job.yaml --ta)" ''
	assert_eq "$(bash_proposes _portl portl run my-job.yaml --jo)" '--job= --jobs='
	assert_eq "$(bash_proposes _portl portl run --resume = my-)" my-job.yaml
	portl --completion=zsh >_portl
	printf '%s\n' "fpath=($PWD \$fpath); autoload -U compinit; compinit -u -D" \
		$'portl che\tmy-\t--conflict=me\t--version' exit >keys
	TERM=vt100 HOME=$PWD run script -qec 'zsh -f -i' /dev/null <keys
	assert_out_has my-job.yaml
	assert_out_has --conflict=merge
	assert_out_has 'portl (Portl)'
	HOME=$PWD try fish -c 'portl --completion=fish | source; complete -C "portl "
		complete -C "portl run my-"; complete -C "portl run my-job.yaml --rej"'
	assert_status 0
	assert_eq "$(cut -f 1 <<<"$output" | grep -v '^-')" $'check\ndrop\nhold\nls\npart\nparts\nplan\npublish\nrun\nruns\nstate\nverify\nmy-job.yaml'
	assert_out_has --rejects
}

@test "every option of the two is one of portl's, or refused by it" {
	local option in_bash in_zsh in_fish known

	portl-extract --help >help
	portl-load --help >>help
	sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p' help | sort -u >options
	in_bash=$(portl --completion=bash) in_zsh=$(portl --completion=zsh) in_fish=$(portl --completion=fish)
	while read -r option; do
		try portl run "--$option" x
		known=1
		[[ $stderr != *'either side'* && $stderr != *'no meaning here'* ]] || known=0
		[ "$option" != output ] || known=1 # of portl plan
		has "$in_bash" " --${option}[= ']" $known || fail "bash: $option"
		has "$in_zsh" "'\\*?--${option}[]=['\\[]" $known || fail "zsh: $option"
		has "$in_fish" " -l $option " $known || fail "fish: $option"
	done <options
	try portl --completion=fisch
	assert_status 64
}

# has TEXT REGEX 1|0: TEXT has it, or has not.
has()
{
	local found=0

	[[ ! $1 =~ $2 ]] || found=1
	[ $found = "$3" ]
}

@test "every shell knows every option" {
	local program shell option completion

	for program in portl-extract portl-load; do
		"$program" --help | sed -nE 's/^  (-., |    )--([a-z-]+).*/\2/p' >options
		[ "$(wc -l <options)" -gt 25 ]
		for shell in bash zsh fish; do
			"$program" --completion="$shell" >completion
			completion=$(<completion)
			while read -r option; do
				has "$completion" "(--|-l )$option([^[:alnum:]_]|\$)" 1 || fail "$shell: $option"
			done <options
			"$shell" -n completion
		done
	done
}

@test "a shell that is not known" {
	try portl-load --completion=fisch
	assert_status 64
	assert_stderr_has 'Perhaps you meant "fish".'
}
