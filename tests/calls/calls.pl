#!/usr/bin/perl
# calls.pl N [CASE:CALL:N[:FATE]]: journeys through all that the programs do, in each of which
# something happens at the N-th call of one kind, for each kind and each N: read, write, send,
# recv, poll, fsync, ...  It fails (the connection is lost at that message), and once more a
# signal comes, TERM or KILL by turns; N of them by chance, and about five of a journey at
# least, 0: all.
#
# A run in which nothing fails says what there is behind a journey.  In all others the status
# decides: as in that run, then all of it is there; another, then nothing is, unless the
# message says what.  What may go on then does, and all of it is there at last.
use strict;
use warnings;
use Errno qw(EIO ECONNRESET ENOMEM);
use FindBin;
use lib $FindBin::Bin;
use Clock;
use Journeys;
use Judge;
use List::Util qw(shuffle);
use POSIX qw(WNOHANG);
use Server;
use Text::ParseWords qw(shellwords);

use constant LIMIT => 30; # seconds for a run; who needs more is killed
use constant PATIENCE => 10; # seconds for backends to go

my %errors = (send => ECONNRESET, recv => ECONNRESET, poll => ENOMEM,
	map { $_ => EIO } qw(read write fsync rename close ftruncate link));

my %signals = (TERM => 15, KILL => 9);

my ($some, $only) = @ARGV;
my ($work, $portl, $dir) = @ENV{qw(WORK PORTL SERVER)};
my ($src, $dst) = map { Server->new(name => $_, dir => $dir, db => $_) } qw(src dst);
my %words = (src => "-h $dir -d src", dst => "-h $dir -d dst", w => "$work/kept", out => "$work/out/output",
	o => "$work/out");
my ($passed, $failed) = (0, 0);

sub words {
	my ($text) = @_;

	$text =~ s/\{(\w+)\}/$words{$1} \/\/ die "{$1}?"/ge;
	my @words = shellwords($text);
	$words[0] = "$portl/$words[0]" if $words[0] =~ /^portl/;
	return @words;
}

# Returns status and standard error; with SHIM, a call fails.
sub run {
	my ($text, $shim) = @_;
	my @command = words($text);
	my $pid = fork // die;

	if ($pid == 0) {
		open STDIN, '<', '/dev/null' or die;
		open STDOUT, '>', "$work/stdout" or die;
		open STDERR, '>', "$work/stderr" or die;
		@ENV{qw(LD_PRELOAD SHIM)} = ($ENV{SHIM_SO}, $shim) if $shim;
		exec { $command[0] } @command or die;
	}
	my $end = Clock::now() + LIMIT;
	while (waitpid($pid, WNOHANG) == 0) {
		kill 'KILL', $pid if Clock::now() > $end;
		select undef, undef, undef, 0.002;
	}
	return ($?, Judge::_slurp("$work/stderr"));
}

sub do_all {
	for my $command (@_) {
		my ($status, $err) = run($command);
		die "$command: $status: $err\n" if $status;
	}
}

# As it is before each run of this journey.
sub renew {
	my ($case) = @_;

	system('rm', '-rf', "$work/out", "$work/told");
	mkdir "$work/out" or die;
	$dst->begin;
	$dst->sql('CALL clear()');
	$dst->sql($_) for @{ $case->{target} };
	do_all(@{ $case->{each} // [] });
	return unless $case->{look};
	open my $f, '>', $words{out} or die;
	print $f 'old';
}

# What there is: in the target, and in the file.
sub look {
	my ($case) = @_;
	my $text = Judge::_slurp($words{out});
	my $print = $dst->sql('SELECT print_all()');

	return $print if !$case->{look} || $text eq 'old';
	return "$print$text" if $case->{look} eq 'text';
	return "$print a file" if $case->{look} eq 'file';
	system('rm', '-rf', "$work/seen");
	my ($status, $err) = run("portl-load --quiet --csv=$work/seen/ {out}");
	return "$print not a stream: $err" if $status;
	return $print . join '', map { "$_: " . Judge::_slurp($_) } sort glob "$work/seen/*";
}

sub backends_go {
	my $end = Clock::now() + PATIENCE;

	while ($dst->sql("SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'portl%'") > 0) {
		return 0 if Clock::now() > $end;
		select undef, undef, undef, 0.005;
	}
	return 1;
}

# What a failed run says about what it has done: "all", "unknown", or nothing.
sub claim {
	my ($err) = @_;

	return 'unknown' if $err =~ /is not known/;
	return 'all' if $err =~ /(?:is|are) committed|(?:file|output|plan|stream) is complete|of ".*\/output" to disk/;
	return 'unknown' if $err =~ /could not close|to disk|summary|log file|could not write ".*json"|standard output|stdout/;
	return 'nothing';
}

sub judge {
	my ($case, $status, $err, $fate) = @_;
	my @wrong;
	my $by = $status & 127;
	my $told = Judge::_slurp("$work/told");
	my $libc = $told =~ /\(getpwuid\+/; # its own end, before anything is done
	my $sent = $told =~ /^signalled/m ? $signals{$fate} // 0 : 0;

	push @wrong, "died of signal $by" if $by && !$libc && $by != $sent;
	push @wrong, "ended with $status and said nothing" if $status != $case->{status} && !$by
		&& $err !~ /^portl[-a-z]*: (?:error: .|portl-\w+ was killed)/m
		&& !($sent == 15 && $case->{of}); # before it was able to say something
	push @wrong, 'a backend is left' unless backends_go();
	my $print = look($case);
	my $claim = $by == 9 ? 'unknown' : claim($err);
	if ($status == $case->{status}) {
		push @wrong, "a lie: all is well, and there is\n$print\nnot\n$case->{after}" if $print ne $case->{after};
	} elsif ($claim eq 'all') {
		push @wrong, "it says that it is done, and there is\n$print\nnot\n$case->{after}"
			if $print ne $case->{after} && !$case->{part};
	} elsif ($print ne $case->{before} && !($claim eq 'unknown' && $print eq $case->{after}) && !$case->{part}) {
		push @wrong, "it failed, and there is\n$print\nnot\n$case->{before}";
	}
	my @left = grep { !/\/(?:output|rejects|summary|log|differences|keys)$/ } glob("$work/out/* $work/tmp/*");
	@left = grep { !/\.part\/?$/ } @left if $by == 9;
	push @wrong, "left behind: @left" if @left && !$case->{files};
	unlink glob "$work/tmp/*";
	push @wrong, 'a staging table is left: ' . join ' ', $dst->sql('SELECT staged()')
		if !$case->{part} && $dst->sql('SELECT count(*) FROM staged()') > 0;
	push @wrong, go_on($case) if $case->{part} && $status != $case->{status};
	return @wrong;
}

# The same again, without a fault, brings the rest.
sub go_on {
	my ($case) = @_;
	my ($status, $err) = run($case->{run});

	return "again, it ends with $status: $err" if $status != $case->{status};
	my $print = look($case);
	return $print eq $case->{after} ? () : "again, there is\n$print\nnot\n$case->{after}";
}

# The program in which calls fail; {plan} is of this journey.
sub of {
	my ($name, $case) = @_;

	$words{plan} = "$work/kept/$name.plan";
	return ($case->{of} // (words($case->{run}))[0]) =~ s/.*\///r;
}

sub try {
	my ($name, $call, $n, $fate) = @_;
	my $case = $Journeys::all{$name} // die "no such case: $name\n";
	my $of = of($name, $case);
	my $what = $fate eq 'fail' ? "fail=$call:$n:$errors{$call}" : "kill=$call:$n:$signals{$fate}";

	renew($case);
	my ($status, $err) = run($case->{run}, "of=$of $what told=$work/told");
	my $told = Judge::_slurp("$work/told");
	my @wrong = judge($case, $status, $err, $fate);
	@wrong ? $failed++ : $passed++;
	return if !@wrong && !$only;
	print @wrong ? 'FAILED: ' : '', "CALL=$name:$call:$n:$fate: status $status: @wrong\n  $err\n  $told\n";
}

# Without a fault: what is there before and behind, and all calls.
sub learn {
	my ($name) = @_;
	my $case = $Journeys::all{$name} // die "no such case: $name\n";
	my $of = of($name, $case);

	$dst->sql('CALL clear()');
	do_all(@{ $case->{once} // [] });
	renew($case);
	$case->{before} = look($case);
	unlink "$work/tally";
	my ($status, $err) = run($case->{run}, "of=$of tally=$work/tally");
	$case->{status} //= 0;
	die "$name: $status: $err\n" if $status >> 8 != $case->{status};
	$case->{status} = $status;
	backends_go();
	$case->{after} = look($case);
	die "$name: it changes nothing\n" if $case->{after} eq $case->{before} && !$case->{still};
	my %tally = map { split } split /\n/, Judge::_slurp("$work/tally");
	delete $tally{malloc};
	my @calls;
	for my $call (sort keys %tally) {
		push @calls, map { ([$name, $call, $_, 'fail'], [$name, $call, $_, $_ % 2 ? 'TERM' : 'KILL']) } 1 .. $tally{$call};
	}
	die "$name: the shim does not see it\n" if @calls < 6;
	return @calls;
}

# All, or by chance so many that some calls of each can be tried.
sub some_journeys {
	my @names = sort keys %Journeys::all;

	return @names if $some <= 0 || $some >= 5 * @names;
	return (shuffle(@names))[0 .. ($some - 1) / 5];
}

$| = 1;
my @calls;
for my $name ($only ? $only =~ /^([^:]+)/ : some_journeys()) {
	my @these = learn($name);
	printf "calls: %s: %d\n", $name, scalar @these;
	push @calls, @these;
}
if ($only && $only =~ /:/) {
	@calls = [split /:/, $only =~ /:.*:.*:/ ? $only : "$only:fail"];
}
my $step = $some > 0 && $some < @calls ? @calls / $some : 1;
for (my $i = $step > 1 ? rand $step : 0; $i < @calls; $i += $step) { try(@{ $calls[$i] }) }
print "calls: $passed passed, $failed failed\n\n$passed passed, $failed failed\n";
exit($passed > 0 && $failed == 0 ? 0 : 1);
