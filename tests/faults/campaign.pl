#!/usr/bin/perl
# campaign.pl RUNS [SEED]: RUNS transfers, to each of which something happens; run.sh has
# made servers and mounts, and says in the environment where.  A run is its seed: all that is
# drawn comes from it, and only the exact moment is the machine's.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Draw;
use Judge;
use Pair;
use Server;

my ($runs, $seed) = @ARGV;
my ($work, $portl) = @ENV{qw(WORK PORTL)};
my $source = Server->new(name => 'source', dir => $ENV{SOURCE});
my $target = Server->new(name => 'target', dir => $ENV{TARGET});
my %space = (table => $ENV{SMALL}, temp => $ENV{SMALL}); # where which disk is; else full/
my %usual;  # seconds, and bytes, of such a transfer that nothing happened to
my (%seen, %rivals, @failed);
my ($done, $stop) = (0, 0);

$| = 1;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };
$SIG{INT} = $SIG{TERM} = sub { $stop = 1 }; # after the run, with a summary

# A proxy that resets connections on USR1.
sub start_proxy {
	my ($dir) = @_;
	my $pid = open my $out, '-|', $^X, "$FindBin::Bin/../lib/proxy.pl", $work, $dir, 'reset' or die;

	readline($out) =~ /^ready (\d+)/ or die "no proxy\n";
	return { pid => $pid, port => $1, out => $out };
}
my %proxies = (source => start_proxy($ENV{SOURCE}), target => start_proxy($ENV{TARGET}));

END {
	my $status = $?;

	kill 'TERM', map { $_->{pid} } values %proxies;
	$? = $status;
}

# Use up a disk but for so many bytes.
sub fill {
	my ($dir, $leave) = @_;

	open my $f, '>', "$dir/filler" or die "$dir/filler: $!";
	while (syswrite $f, "\0" x 65536) { }
	truncate $f, (-s $f) > $leave ? (-s $f) - $leave : 0;
}

sub paths {
	my ($r) = @_;
	my %p;

	for my $name (qw(output rejects summary log)) {
		my $dir = ($r->{full} // '') eq $name ? 'full' : 'out';
		$p{$name} = "$work/$dir/$name";
	}
	return \%p;
}

sub commands {
	my ($r, $paths) = @_;
	my $table = "$r->{source}_$r->{rows}";
	my @extract = ("$portl/portl-extract", '-F', $r->{format}, $r->{zstd} ? '-Zzstd' : (),
		$r->{from} eq 'csv' ? "--csv=$work/csv/$r->{rows}.csv"
			: ('-d', 'faults', $r->{set} ? "--schema=set_$r->{rows}" : ('-t', $table)));
	my @load = ("$portl/portl-load");

	if ($r->{psql}) {
		my $as = $r->{format} eq 'binary' ? ' (FORMAT binary)' : '';
		my @psql = qw(psql -Xq -d faults -v ON_ERROR_STOP=1 -c);
		return { extract => [@psql, "COPY $table TO STDOUT$as"], load => [@psql, "COPY t FROM STDIN$as"] };
	}
	if ($r->{to} eq 'file') {
		return { extract => [@extract, "--output=$paths->{output}", $r->{summary} ? "--summary=$paths->{summary}" : (),
			$r->{log} ? "--log-file=$paths->{log}" : ()] };
	}
	push @load, $r->{to} eq 'csv' ? "--csv=$paths->{output}"
		: ('-d', 'faults', $r->{set} ? '--into-schema=public' : ('-t', 't'));
	push @extract, "--since=$r->{word}" if $r->{word};
	push @extract, '--order=key' if $r->{order};
	push @load, '--state=s' if $r->{state};
	push @load, '--delete', '--max-delete=100%' if $r->{delete};
	push @load, $r->{verify} ? '--verify' : $r->{how} =~ /truncate|create/ ? "--$r->{how}" : "--conflict=$r->{how}" if $r->{to} eq 'table';
	push @load, '--min-rows=0' if $r->{min0};
	push @load, '--commit=batch', "--batch-size=$r->{batch}" if $r->{batch};
	push @load, map { $r->{$_} ? "--$_=$paths->{$_}" : () } qw(rejects summary);
	push @load, "--log-file=$paths->{log}" if $r->{log};
	return { extract => \@extract, load => \@load };
}

sub environment {
	my ($r) = @_;
	my %env = (extract => { PGHOST => $ENV{SOURCE} }, load => { PGHOST => $ENV{TARGET} });

	if ($r->{fault} eq 'reset') {
		$env{ $r->{server} eq 'source' ? 'extract' : 'load' } = { PGHOST => '127.0.0.1',
			PGPORT => $proxies{ $r->{server} }{port} };
	}
	$env{load}{PGOPTIONS} = '-c temp_tablespaces=small' if ($r->{full} // '') eq 'temp';
	$env{ $r->{side} } = { %{ $env{ $r->{side} } }, LD_PRELOAD => $ENV{SHIM_SO},
		SHIM => "$r->{shim} told=$work/told" } if $r->{shim};
	if ($r->{psql}) {
		$env{$_}{PGAPPNAME} = "psql-$_" for qw(extract load);
	}
	return \%env;
}

# All rows have been brought, and then all were written again: the second run has them all.
sub first_run {
	my ($r) = @_;
	my $table = "$r->{source}_$r->{rows}";
	my @load = map { "$portl/portl-load -q -h $ENV{TARGET} -d faults --state=s $_" }
		'-t t --conflict=overwrite', '--print-state';

	$target->sql("CALL renew('overwrite', '', '', 0, false)");
	system("$portl/portl-extract -q -h $ENV{SOURCE} -d faults -t $table | $load[0]") == 0 or die "the first run: $?\n";
	chomp($r->{word} = `$load[1]`);
	$source->sql("UPDATE $table SET x = x");
	$source->sql("CLUSTER $table USING ${table}_pkey"); # the order of its rows, their xmin and its size
}

sub prepare {
	my ($r, $paths) = @_;

	unlink glob("$work/out/* $work/full/* $work/told");
	$target->begin;
	$target->sql('DROP SCHEMA IF EXISTS portl_ledger CASCADE');
	first_run($r) if $r->{again};
	my $space = ($r->{full} // '') eq 'table' ? 'small' : '';
	my $moment = $r->{wait_id} ? $r->{moment} : '';
	$target->sql("CALL renew('" . Draw::how($r) . "', '$space', '$moment', " . ($r->{wait_id} // 0)
		. ', ' . ($r->{again} ? 'true' : 'false') . ')');
	if ($r->{to} ne 'table') {
		open my $f, '>', $paths->{output} or die "$paths->{output}: $!";
		print $f 'old';
	}
	fill($space{ $r->{full} } // "$work/full", $r->{leave}) if $r->{full};
}

# Run one; returns the pair.
sub transfer {
	my ($r) = @_;
	my $paths = paths($r);
	prepare($r, $paths);
	my $shape = join ' ', map { $_ // '' } @$r{qw(psql set rows format zstd)};
	my $usual = $usual{$shape} // { seconds => 0.1, bytes => 30 + 50 * $r->{rows} };

	my $p = Pair->new(draw => $r, command => commands($r, $paths), env => environment($r), dir => $work,
		source => $source, target => $target, proxies => \%proxies, paths => $paths,
		usual => $usual->{seconds}, shape => $usual->{bytes});
	$p->run;
	unlink "$ENV{SMALL}/filler", "$work/full/filler";
	if ($r->{harmless} && $r->{fault} =~ /none|shim/) {
		$usual{$shape} = { seconds => $p->{seconds}, bytes => $p->{sent} || $usual->{bytes} };
	} elsif ($r->{fault} =~ /stall|drip/ && $p->{sent}) {
		$usual{$shape} = { seconds => $usual->{seconds}, bytes => $p->{sent} };
	}
	return $p;
}

sub report {
	my ($p, @wrong) = @_;
	my $r = $p->{draw};

	print "FAILED: SEED=$r->{seed}: ", Draw::describe($r), "\n", map { "  $_\n" } @wrong;
	for my $name (sort keys %{ $p->{status} }) {
		(my $err = $p->{err}{$name} // '') =~ s/^/    /mg;
		print "  $name: status $p->{status}{$name}\n", substr($err, 0, 1500), $err ne "" ? "\n" : "";
	}
	print map { "  shim: $_\n" } split /\n/, Judge::_slurp("$work/told") if $r->{shim};
	push @failed, $r->{seed};
}

my $before = $source->sql("SELECT print_of('good_3000') || print_of('bad_20000')");
for my $i (0 .. $runs - 1) {
	my $r = Draw::draw($seed + $i);
	my $p = transfer($r);
	my @wrong = Judge::judge($p);
	my $last = $p->{status}{ $p->{command}{load} ? 'load' : 'extract' };

	$seen{ $last == 0 || $last == 3 << 8 ? 'complete' : 'refused' }++;
	$seen{$r->{fault}}++;
	report($p, @wrong) if @wrong;
	print Draw::describe($r), "\n", map { "  $_: $p->{status}{$_}\n$p->{err}{$_}" } sort keys %{ $p->{status} }
		if $runs == 1 && !@wrong;
	print "campaign: ", $i + 1, " runs, ", scalar @failed, " failed\n" if $i % 100 == 99;
	$done++;
	last if $stop;
	my $q = Draw::rival($r) or next;
	my ($verdict, $stayed) = Judge::judge_rival(transfer($q));
	$rivals{$verdict}++;
	$rivals{runs}++;
	$rivals{stayed} += $stayed;
	print "psql | psql: $verdict\n" if $runs == 1;
}
push @failed, 'source' if $before ne $source->sql("SELECT print_of('good_3000') || print_of('bad_20000')");
my $none = sub { $_[0] // 0 };
printf "portl: %d runs: %d complete, %d refused; %s\n", $done, map({ $none->($seen{$_}) } qw(complete refused)),
	join ', ', map { "$_ $seen{$_}" } grep { !/complete|refused/ } sort keys %seen;
printf "psql | psql, %d of them: %d complete, %d refused; %d ended with 0 and a part of the rows, "
	. "%d failed and left a part, %d failed with all rows in, %d left a backend\n",
	map { $none->($rivals{$_}) } qw(runs complete refused part between denied stayed);
print "failed: SEED=$_\n" for @failed;
printf "campaign: %d passed, %d failed\n", $done - @failed, scalar @failed;
exit(@failed > 0);
