# What a seed stands for: which transfer, and what happens to it.
package Draw;
use strict;
use warnings;
use Errno qw(EIO ENOSPC ECONNRESET ETIMEDOUT ENOMEM);

sub pick { return $_[rand @_] }
sub chance { return rand() * 100 < $_[0] }

# weighted(5 => 'a', 3 => 'b')
sub weighted {
	my @pairs = @_;
	my @all;

	while (my ($weight, $what) = splice @pairs, 0, 2) {
		push @all, ($what) x $weight;
	}
	return pick(@all);
}

# The transfer.
sub _journey {
	my %r = (
		rows => weighted(1 => 0, 1 => 1, 2 => 10, 4 => 300, 9 => 3000, 2 => 20000),
		format => pick('binary', 'ndjson'),
		zstd => chance(25),
		from => weighted(9 => 'table', 1 => 'csv'),
		to => weighted(16 => 'table', 2 => 'csv', 2 => 'file'),
		how => weighted(4 => 'fail', 2 => 'skip', 3 => 'overwrite', 2 => 'merge', 1 => 'truncate',
			1 => 'create'),
		summary => chance(60),
		log => chance(15),
	);

	$r{how} = 'fail' if $r{to} ne 'table' || ($r{from} eq 'csv' && $r{how} eq 'create'); # it has no types
	$r{set} = $r{from} eq 'table' && $r{to} eq 'table' && chance(25);
	$r{min0} = $r{how} eq 'truncate' && $r{rows} == 0;
	$r{batch} = int($r{rows} / (1 + int rand 8)) + 1
		if $r{to} eq 'table' && $r{how} ne 'truncate' && !$r{set} && chance(35);
	$r{rejects} = $r{to} eq 'table' && $r{how} ne 'create' && !$r{set} && chance(20);
	$r{source} = $r{rejects} && $r{from} eq 'table' && chance(70) ? 'bad' : 'good';
	_again(\%r) if $r{from} eq 'table' && $r{to} eq 'table' && !$r{set} && !$r{rejects};
	return \%r;
}

# A state, of which it may be the second run; what is gone; or a look whether both are equal.
sub _again {
	my ($r) = @_;

	if (chance(12)) {
		@$r{qw(verify batch min0 summary)} = (1, 0, 0, 0);
		$r->{how} = chance(50) ? "verify=$r->{rows}" : 'verify'; # what the target holds: the same, or not
		$r->{order} = chance(60);
	} elsif ($r->{how} =~ /overwrite|merge/) {
		$r->{state} = chance(50);
		$r->{again} = $r->{state} && chance(60);
		$r->{delete} = !$r->{batch} && !$r->{again} && chance(50);
	}
}

# Those that drip would take minutes; the target of a look has as many.
sub _fewer {
	my ($r) = @_;

	$r->{rows} = 300;
	$r->{how} =~ s/^verify=\d+/verify=300/;
}

# What the target's functions call it.
sub how {
	my ($r) = @_;

	return $r->{how} . ($r->{delete} ? '+delete' : '');
}

my %errors = (
	read => [EIO], write => [EIO, ENOSPC], send => [ECONNRESET], recv => [ECONNRESET, ETIMEDOUT],
	poll => [ENOMEM], fsync => [EIO, ENOSPC], rename => [EIO], close => [EIO], ftruncate => [EIO],
	link => [EIO],
);

sub _shim {
	my ($r, $seed) = @_;
	my $kind = weighted(3 => 'eintr', 3 => 'short', 2 => 'both', 5 => 'fail', 4 => 'malloc');

	$r->{side} = pick('extract', 'load');
	$r->{harmless} = $kind =~ /eintr|short|both/;
	if ($kind eq 'fail') {
		my $call = pick(sort keys %errors);
		my $at = $call =~ /fsync|rename|ftruncate|link|close/ ? 1 + int rand 4 : 1 + int rand 50;
		$r->{shim} = "fail=$call:$at:" . pick(@{ $errors{$call} });
	} elsif ($kind eq 'malloc') {
		$r->{shim} = 'malloc=' . (1 + int exp rand 8) . pick('', '+');
	} else {
		my $rate = pick(20, 200, 500);
		$r->{shim} = join ' ', "seed=$seed", $kind ne 'short' ? "eintr=$rate" : (),
			$kind ne 'eintr' ? "short=$rate" : ();
	}
}

my @signals = qw(INT TERM HUP KILL STOP);
my @moments = qw(start header rows rows end apply commit any any);

# Which disk is full, of those that this transfer writes to; leaves bytes there.
sub _full {
	my ($r) = @_;
	my @places = ('log');

	push @places, 'table', 'table', 'temp' if $r->{to} eq 'table' && $r->{how} ne 'create';
	push @places, 'output', 'output' if $r->{to} ne 'table';
	push @places, 'rejects' if $r->{rejects};
	push @places, 'summary' if $r->{to} ne 'file';
	$r->{full} = pick(@places);
	$r->{leave} = 4096 * int rand($r->{full} =~ /summary|log/ ? 2 : 150);
	$r->{log} = 1 if $r->{full} eq 'log';
	$r->{summary} = 1 if $r->{full} eq 'summary';
}

# What happens.  "at" is a part of the way, from 0 to 1.
sub draw {
	my ($seed) = @_;

	srand $seed;
	my $r = _journey();
	my $has_target = $r->{to} eq 'table';
	my @servers = ($r->{from} eq 'table' ? 'source' : (), $has_target ? 'target' : ());
	my @sides = $r->{to} eq 'file' ? ('extract') : qw(extract load both);

	$r->{seed} = $seed;
	$r->{fault} = weighted(14 => 'signal', @servers ? (2 => 'stop', 4 => 'terminate', 2 => 'cancel',
			5 => 'reset') : (), $r->{to} ne 'file' ? (3 => 'cut', 2 => 'stall', 2 => 'drip') : (),
		7 => 'full', 9 => 'shim', 1 => 'none');
	my $f = $r->{fault};
	$r->{at} = rand;
	$r->{delay} = pick(0, 0, 1, 5, 20) * rand;   # ms, between the moment and the fault
	$r->{pause} = pick(1, 10, 100) * rand;       # ms, until STOP's CONT, start after stop, or unlock
	if ($f =~ /signal|stop|terminate|cancel|reset/) {
		$r->{moment} = pick(@moments);
		$r->{moment} = 'any' if ($r->{moment} =~ /apply|commit/ && (!$has_target || $r->{how} =~ /create|verify/
				|| $r->{rows} == 0)) || ($r->{moment} =~ /header|rows|end/ && $r->{to} eq 'file');
		$r->{server} = pick(@servers) if $f ne 'signal';
		$r->{server} = 'target' if $f ne 'signal' && $r->{moment} =~ /apply|commit/;
	}
	if ($f eq 'signal') {
		$r->{side} = pick(@sides);
		$r->{signal} = pick(@signals);
		$r->{harmless} = $r->{signal} eq 'STOP';
	}
	$r->{moment} = pick('header', 'rows', 'rows', 'end') if $f eq 'cut';
	$r->{wait_id} = 1 + 2 * int rand($r->{rows} / 2) if ($r->{moment} // '') =~ /apply|commit/;
	$r->{wait_id}-- if $r->{wait_id} && $r->{wait_id} % 13 == 0; # not a bad row
	_fewer($r) if $f eq 'drip' && $r->{rows} > 300;
	$r->{harmless} = 1 if $f =~ /stall|drip|none/;
	_shim($r, $seed) if $f eq 'shim';
	$r->{side} = 'extract' if $r->{to} eq 'file' && $f eq 'shim';
	_full($r) if $f eq 'full';
	return $r;
}

# The same for psql, or nothing where it has no such thing.
sub rival {
	my ($r) = @_;

	return if $r->{set} || $r->{verify} || $r->{from} ne 'table' || $r->{to} ne 'table' || $r->{fault} eq 'shim'
		|| ($r->{full} // '') =~ /temp|log|summary|rejects/;
	return { %$r, psql => 1, how => 'fail', source => 'good', rejects => 0, batch => 0, zstd => 0,
		summary => 0, log => 0, state => 0, again => 0, delete => 0 };
}

# In a line, for people.
sub describe {
	my ($r) = @_;
	my @words = ($r->{set} ? "set_$r->{rows}" : "$r->{source}_$r->{rows}", "$r->{from} to $r->{to}", $r->{format}, $r->{zstd} ? 'zstd' : (),
		$r->{how}, $r->{batch} ? "batches of $r->{batch}" : (), $r->{rejects} ? 'rejects' : (),
		(map { $r->{$_} ? $_ : () } qw(delete state again order)),
		$r->{summary} ? 'summary' : (), $r->{log} ? 'log' : ());

	push @words, map { defined $r->{$_} ? "$_=$r->{$_}" : () }
		qw(fault side signal server moment at wait_id full leave shim);
	return join ', ', @words;
}

1;
