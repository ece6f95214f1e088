#!/usr/bin/perl
# sweep.pl RUNS [CASE:CALL:N|all]: short runs of either program, in which the N-th call of
# one kind fails, for each kind and each N: read, write, send, recv (the connection is lost
# at that message), poll, fsync, ... and malloc.  With fewer than 2000 RUNS, a sample: so many
# of the allocations, and four times as many of the others.  SHARE=K/N: the K-th of each N.
# Judge says what must hold.
use strict;
use warnings;
use Errno qw(EIO ECONNRESET ENOMEM);
use FindBin;
use lib $FindBin::Bin;
use Clock;
use Judge;
use POSIX qw(WNOHANG);
use Server;

use constant LIMIT => 30; # seconds for a run; who needs more is killed

my %errors = (send => ECONNRESET, recv => ECONNRESET, poll => ENOMEM,
	map { $_ => EIO } qw(read write fsync rename close ftruncate link));

my ($runs, $only) = @ARGV;
($runs, $only) = (2000) if ($only // '') eq 'all';
my ($work, $portl) = @ENV{qw(WORK PORTL)};
my $source = Server->new(name => 'source', dir => $ENV{SOURCE});
my $target = Server->new(name => 'target', dir => $ENV{TARGET});
my %paths = map { $_ => "$work/out/$_" } qw(output rejects summary log);
my @told = ("--summary=$paths{summary}", "--log-file=$paths{log}");
my @extract = ("$portl/portl-extract", '-h', $ENV{SOURCE}, qw(-d faults));
my ($passed, $failed) = (0, 0);
my %cases;

# A case: Draw's words for the journey, and the command.
sub extract_case {
	my ($name, @from) = @_;

	$cases{"extract-$name"} = { rows => 10, source => 'good', to => 'file', how => 'fail', name => 'extract',
		command => [$from[0] =~ /csv/ ? $extract[0] : @extract, @from, '-o', $paths{output}, @told] };
}

sub load_case {
	my ($name, $format, %draw) = @_;
	my $draw = { rows => 10, source => 'good', to => 'table', how => 'fail', name => 'load', summary => 1, %draw };
	my $stream = "$work/stream.$name";

	system(@extract, '-t', "$draw->{source}_300", '--where', "id <= $draw->{rows}", '-F', $format, '-o', $stream) == 0
		or die "no stream\n";
	$draw->{command} = ["$portl/portl-load", @told,
		$draw->{to} eq 'csv' ? "--csv=$paths{output}" : ('-h', $ENV{TARGET}, qw(-d faults -t t)),
		$draw->{how} =~ /truncate|create/ ? "--$draw->{how}" : $draw->{to} eq 'table' ? "--conflict=$draw->{how}" : (),
		$draw->{batch} ? ('--commit=batch', "--batch-size=$draw->{batch}") : (),
		$draw->{rejects} ? "--rejects=$paths{rejects}" : (), $stream];
	$cases{"load-$name"} = $draw;
}

extract_case('binary', qw(-F binary -t good_10));
extract_case('ndjson', qw(-F ndjson -Z zstd -t good_10));
extract_case('query', '-F', 'binary', '--values=text', '-c', 'SELECT * FROM good_10');
extract_case('csv', "--csv=$work/csv/10.csv");
for my $format (qw(binary ndjson)) {
	load_case("$format-direct", $format);
	load_case("$format-staged", $format, how => 'overwrite');
}
load_case('batch', 'binary', how => 'merge', batch => 4);
load_case('create', 'binary', how => 'create');
load_case('truncate', 'ndjson', how => 'truncate');
load_case('rejects', 'binary', source => 'bad', rows => 30, rejects => 1);
load_case('rejects-ndjson', 'ndjson', source => 'bad', rows => 30, rejects => 1);
load_case('rejects-batch', 'binary', source => 'bad', rows => 30, rejects => 1, how => 'merge', batch => 20);
load_case('csv', 'binary', to => 'csv');

sub put_old {
	open my $f, '>', $_[0] or die "$_[0]: $!";
	print $f 'old';
}

# Run it with SHIM; returns a pair, as Judge has it.
sub run {
	my ($case, $shim) = @_;
	my $name = $case->{name};
	my %pair = (draw => { %$case, fault => 'shim' }, command => { $name => $case->{command} }, paths => \%paths,
		source => $source, target => $target);

	unlink glob "$work/out/* $work/full/* $work/told";
	$target->begin;
	if ($case->{to} eq 'table') {
		$target->sql("CALL renew('$case->{how}', '', '', 0)");
	} else {
		$target->sql("CALL renew('fail', '', '', 0)");
		put_old($paths{output});
	}
	put_old($paths{rejects}) if $case->{rejects};
	my $pid = fork // die;
	if ($pid == 0) {
		open STDERR, '>', "$work/sweep.err" or die;
		@ENV{qw(LD_PRELOAD SHIM)} = ($ENV{SHIM_SO}, "$shim told=$work/told");
		exec { $case->{command}[0] } @{ $case->{command} } or die;
	}
	my $end = Clock::now() + LIMIT;
	while (waitpid($pid, WNOHANG) == 0) {
		kill 'KILL', $pid if Clock::now() > $end;
		select undef, undef, undef, 0.002;
	}
	$pair{status}{$name} = $?;
	$pair{err}{$name} = Judge::_slurp("$work/sweep.err");
	return \%pair;
}

sub try {
	my ($name, $call, $n) = @_;
	my $case = $cases{$name} // die "no such case: $name\n";
	my $pair = run($case, $call eq 'malloc' ? "malloc=$n" : "fail=$call:$n:$errors{$call}");
	my $told = Judge::_slurp("$work/told");
	my @wrong = Judge::judge($pair);

	push @wrong, 'the old reject file is gone, and nothing is committed' if $case->{rejects}
		&& $pair->{status}{load} !~ /^(?:0|768)$/ && $pair->{err}{load} !~ /are committed|out of memory/
		&& Judge::_slurp($paths{rejects}) ne 'old';
	@wrong ? $failed++ : $passed++;
	return if !@wrong && !$only;
	print @wrong ? 'FAILED: ' : '', "SWEEP=$name:$call:$n: status $pair->{status}{$case->{name}}: @wrong\n",
		"  $pair->{err}{$case->{name}}\n  $told\n";
}

sub try_some {
	my ($number, @all) = @_;
	my $step = $runs < 2000 && $number < @all ? @all / $number : 1;

	for (my $i = rand $step; $i < @all; $i += $step) { try(@{ $all[$i] }) }
}

$| = 1;
if ($only) {
	try(split /:/, $only);
} else {
	my (@allocations, @calls);
	for my $name (sort keys %cases) {
		my $pair = run($cases{$name}, "tally=$work/tally");
		my %tally = map { split } split /\n/, Judge::_slurp("$work/tally");
		my @wrong = Judge::judge($pair);
		die "$name: @wrong: $pair->{err}{$cases{$name}{name}}\n" if @wrong;
		die "$name: the shim does not see it\n"
			if grep { !$tally{$_} } 'malloc', $name =~ /csv/ ? () : qw(poll send recv), $name =~ /load/ ? 'read' : 'write';
		push @allocations, map { [$name, 'malloc', $_] } 1 .. delete $tally{malloc};
		my $before = @calls;
		for my $call (sort keys %tally) { push @calls, map { [$name, $call, $_] } 1 .. $tally{$call} }
		printf "sweep: %s: %d allocations so far, %d other calls\n", $name, scalar @allocations, @calls - $before;
	}
	my ($share, $shares) = split '/', $ENV{SHARE} // '1/1';
	for my $all (\@calls, \@allocations) {
		@$all = @$all[grep { $_ % $shares == $share - 1 } 0 .. $#$all];
	}
	try_some(4 * $runs, @calls);
	try_some($runs, @allocations);
}
print "sweep: $passed passed, $failed failed\n";
