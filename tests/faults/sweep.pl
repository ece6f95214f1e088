#!/usr/bin/perl
# sweep.pl RUNS [CASE:N|all]: memory is gone at the N-th allocation, for each N of a short run of
# either program; with fewer than 2000 RUNS, for so many of all.  The program completes, or
# it fails with a message and has changed nothing.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Clock;
use Judge;
use POSIX qw(WNOHANG);
use Server;

use constant LIMIT => 30; # seconds for a run; who needs more is killed

my ($runs, $only) = @ARGV;
($runs, $only) = (2000) if ($only // '') eq 'all';
my ($work, $portl) = @ENV{qw(WORK PORTL)};
my $target = Server->new(name => 'target', dir => $ENV{TARGET});
my ($passed, $failed) = (0, 0);
my @extract = ("$portl/portl-extract", '-h', $ENV{SOURCE}, qw(-d faults -t good_10));
my @load = ("$portl/portl-load", '-h', $ENV{TARGET}, qw(-d faults -t t));
my %cases;

for my $format (qw(binary ndjson)) {
	my $stream = "$work/stream.$format";
	system(@extract, '-F', $format, '-o', $stream) == 0 or die "no stream\n";
	$cases{"extract-$format"} = { command => [@extract, '-F', $format, '-o', "$work/out/output"], how => 'fail' };
	$cases{"load-$format-direct"} = { command => [@load, $stream], how => 'fail' };
	$cases{"load-$format-staged"} = { command => [@load, '--conflict=overwrite', $stream], how => 'overwrite' };
}

# Run it with SHIM; returns status and what it said.
sub run {
	my ($case, $shim) = @_;

	$target->sql("CALL renew('$case->{how}', '', '', 0)");
	unlink glob "$work/out/*";
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
	return ($?, Judge::_slurp("$work/sweep.err"));
}

sub is_at {
	my ($case, $n) = @_;

	return $target->sql("SELECT print_of('t') = print_of(\$\$expected('$case->{how}', 'good', $n)\$\$)") eq 't';
}

# What is wrong, or nothing.
sub look {
	my ($case, $status, $err) = @_;
	my $extract = $case->{command}[0] =~ /extract/;
	my @wrong;

	push @wrong, 'died of signal ' . ($status & 127) if $status & 127;
	push @wrong, 'said nothing' if $status != 0 && $err !~ /^portl(-extract|-load)?: error: ./m;
	my $complete = $status == 0 || $err =~ /rows are committed|output is complete/i;

	if ($extract && $complete) {
		push @wrong, 'its file cannot be loaded' if system(@load, "$work/out/output") != 0;
	} elsif ($extract) {
		push @wrong, map { "left behind: $_" } glob "$work/out/*";
	}
	push @wrong, ($status == 0 ? 'a lie: ' : '') . 'the table holds something else'
		unless is_at($case, $complete ? 10 : 0);
	return @wrong;
}

sub try {
	my ($name, $n) = @_;
	my $case = $cases{$name} // die "no such case: $name\n";

	unlink "$work/told";
	my ($status, $err) = run($case, "malloc=$n");
	my @wrong = look($case, $status, $err);
	@wrong ? $failed++ : $passed++;
	return if !@wrong && !$only;
	print @wrong ? 'FAILED: ' : '', "SWEEP=$name:$n: status $status: @wrong\n  $err\n  ", Judge::_slurp("$work/told");
}

$| = 1;
if ($only) {
	try(split /:/, $only);
} else {
	my @all;
	for my $name (sort keys %cases) {
		my ($status) = run($cases{$name}, "tally=$work/tally");
		my %tally = map { split } split /\n/, Judge::_slurp("$work/tally");
		die "$name: status $status, or the shim does not see it\n"
			if $status != 0 || grep { !$tally{$_} } qw(malloc poll send recv), $name =~ /load/ ? 'read' : 'write';
		print "sweep: $name: $tally{malloc} allocations\n";
		push @all, map { [$name, $_] } 1 .. $tally{malloc};
	}
	my $step = $runs < 2000 ? @all / $runs : 1;
	for (my $i = rand $step; $i < @all; $i += $step) { try(@{ $all[$i] }) }
}
print "sweep: $passed passed, $failed failed\n";
