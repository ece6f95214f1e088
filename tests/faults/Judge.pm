# What must hold after a run, whatever has happened in it.
package Judge;
use strict;
use warnings;
use JSON::PP;
use POSIX ();
use Clock;
use Draw;

use constant PATIENCE => 10; # seconds for backends to go

my @faults; # of the run that is looked at

sub _wrong { push @faults, @_ }

sub _slurp {
	my ($path) = @_;

	open my $f, '<', $path or return '';
	local $/;
	return scalar <$f> // '';
}

# 128 + n after signal n, as in a shell.
sub _code {
	my ($status) = @_;

	return $status & 127 ? 128 + ($status & 127) : $status >> 8;
}

# Nobody is killed but by us, or extract by its reader's end; and who fails says why.
sub _end_of {
	my ($p, $name) = @_;
	my $r = $p->{draw};
	my $by = $p->{status}{$name} & 127;
	my $sent = $r->{fault} eq 'signal' && ($r->{side} eq $name || $r->{side} eq 'both')
		? eval "POSIX::SIG$r->{signal}()" : 0;

	my $libc = _slurp("$ENV{WORK}/told") =~ /\(getpwuid\+/; # its own end, before anything is done

	_wrong("$name died of signal $by") if $by && $by != $sent && !$libc && !($by == 13 && $name eq 'extract');
	_wrong("$name ended with $p->{status}{$name} and said nothing") if $p->{status}{$name} != 0 && $p->{status}{$name} != 3 << 8 && !$by
		&& $p->{err}{$name} !~ /^portl(-$name)?: error: ./m;
}

sub _is {
	my ($p, $n) = @_;
	my $r = $p->{draw};

	return $p->{print} eq $p->{target}->sql(
		"SELECT print_of(\$\$expected('" . Draw::how($r) . "', '$r->{source}', $n)\$\$)");
}

sub _is_before {
	my ($p) = @_;

	return $p->{print} eq $p->{target}->sql("SELECT print_of(\$\$before('" . Draw::how($p->{draw}) . "')\$\$)");
}

# The target's fingerprint; with --create it may not be there.
sub _look {
	my ($p) = @_;

	$p->{print} = $p->{target}->sql("SELECT to_regclass('t') IS NULL") eq 't'
		? $p->{target}->sql("SELECT print_of(\$\$before('create')\$\$)")
		: $p->{target}->sql("SELECT print_of('t')");
	return $p->{print};
}

# Killed or without an answer: which number of batches is it?
sub _is_some_batch {
	my ($p) = @_;
	my $r = $p->{draw};

	return $p->{target}->sql("SELECT count(*) FROM (SELECT $r->{rows} AS k UNION SELECT
		generate_series(0, $r->{rows}, $r->{batch})) s
		WHERE print_of(format('expected(''%s'', ''%s'', %s)', '$r->{how}', '$r->{source}', k)) = '$p->{print}'") > 0;
}

sub _gone {
	my ($p, $n) = @_;

	return $p->{target}->sql("SELECT count(*) FROM before('$p->{draw}{how}') b WHERE id < 1 OR id > $n");
}

# The receipt's counts are those of the first n rows.
sub _counts {
	my ($p, $n, $receipt) = @_;
	my $r = $p->{draw};
	my ($of_t) = grep { $_->{relation} =~ /\bt$/ } @{ $receipt->{relations} // [] };
	my $c = $r->{set} ? $of_t->{rows} : $receipt->{rows};
	my ($new, $there) = split /\|/, $p->{target}->sql(
		"SELECT count(*) FILTER (WHERE b.id IS NULL), count(b.id) FROM taken('$r->{source}', $n) i
		LEFT JOIN before('$r->{how}') b ON b.id = i.id");
	my $had = $r->{how} eq 'skip' ? 'skipped' : 'updated';
	my $sum = $c->{inserted} + $c->{updated} + $c->{unchanged} + $c->{skipped} + $c->{rejected};

	_wrong("receipt does not balance: " . encode_json($c)) if $sum != $n;
	_wrong("receipt: inserted $c->{inserted}, not $new") if $c->{inserted} != $new;
	_wrong("receipt: $had $c->{$had}, not $there") if $had eq 'updated' && $c->{updated} != $there;
	_wrong("receipt: $c->{deleted} deleted, not " . _gone($p, $n)) if $r->{delete} && $c->{deleted} != _gone($p, $n);
	_wrong("receipt: $c->{rejected} rejected of $n") if $c->{rejected} != $n - $new - $there;
}

# What a load that failed says it has done: a number of rows
# (no row may be a change, too), "unknown", or -1 for nothing.
sub _claim {
	my ($p, $receipt) = @_;
	my $r = $p->{draw};
	my $err = $p->{err}{load};

	return $1 if $err =~ /The first (\d+) rows are committed/;
	return $r->{rows} if $err =~ /The rows are committed/;
	return 'unknown' if $err =~ /is not known/;
	return $r->{rows} if ($receipt->{committed} // '') eq '1' && !$r->{batch};
	return -1;
}

sub _failed_table {
	my ($p, $receipt) = @_;
	my $r = $p->{draw};
	my $killed = ($p->{status}{load} & 127) == 9;
	my $gone = $p->{err}{load} =~ /out of memory/; # as suddenly, with a last word
	my $claim = _claim($p, $receipt);

	if ($killed || $gone || $claim eq 'unknown') {
		return if _is_before($p) || _is($p, $r->{rows}) || ($r->{batch} && _is_some_batch($p));
		return _wrong("load ended with $p->{status}{load}: neither old nor new: $p->{print}");
	}
	my $right = $claim < 0 ? _is_before($p) : _is($p, $claim);
	_wrong("load ended with $p->{status}{load} and claims $claim rows: $p->{print}") unless $right;
	_counts($p, $claim, $receipt) if $right && $receipt && $claim > 0;
}

# Status 0 or 3: all rows, and the receipt says so.
sub _done_table {
	my ($p, $receipt) = @_;
	my $r = $p->{draw};
	my $refused = $r->{source} eq 'bad' ? int($r->{rows} / 13) : 0;

	return _wrong("a lie: load ended with " . _code($p->{status}{load}) . ": $p->{print}")
		unless _is($p, $r->{rows}) || ($r->{how} eq 'create' && $r->{rows} == 0);
	_wrong('status ' . _code($p->{status}{load}) . " with $refused rejects")
		if _code($p->{status}{load}) != ($refused ? 3 : 0);
	_counts($p, $r->{rows}, $receipt) if $receipt;
	_rejects($p, $r->{rows}) if $r->{rejects};
}

# The reject file can be loaded, and holds what the target does not.
sub _rejects {
	my ($p, $n) = @_;
	my $log = `$ENV{PORTL}/portl-load -h $p->{target}{dir} -d faults -t refused $p->{paths}{rejects} 2>&1`;

	_wrong("rejects cannot be loaded: $log") if $?;
	_wrong('rejects are not those') if $p->{target}->sql("SELECT print_of('refused')")
		ne $p->{target}->sql("SELECT print_of('(SELECT * FROM bad WHERE n < 0 AND id <= $n AND ''$p->{draw}{source}'' = ''bad'')')");
}

sub _receipt {
	my ($p) = @_;
	my $text = _slurp($p->{paths}{summary});

	return if $text !~ /\n\z/; # it was killed, or the disk is full
	my $receipt = eval { decode_json($text) } or _wrong("not JSON: $text");
	return $receipt;
}

# The other members of a set came with t, or none has come.
sub _set {
	my ($p, $receipt) = @_;
	my $others = $p->{target}->sql('SELECT others()');
	my $done = $p->{status}{load} == 0;
	my $in_doubt = $p->{status}{load} & 127 || $p->{err}{load} =~ /out of memory/
		|| _claim($p, $receipt) ne '-1';

	_wrong("a part of a set: $others") unless $others eq '50 100' || $others eq '0 0';
	_wrong("load ended with 0, but of the set $others") if $done && $others ne '50 100';
	_wrong("load failed, but of the set $others") if !$done && !$in_doubt && $others ne '0 0';
	_wrong("of the set $others, but t is not new: $p->{print}")
		if $others eq '50 100' && $p->{draw}{rows} > 0 && !_is($p, $p->{draw}{rows});
}

# The state has come as far as the rows have: never ahead of them, nor behind.
sub _state {
	my ($p) = @_;
	my $r = $p->{draw};
	my $before = $r->{again} ? 1 : 0;
	my $runs = $p->{target}->sql("SELECT to_regclass('portl_ledger.states') IS NULL") eq 't' ? 0
		: $p->{target}->sql("SELECT coalesce(max(runs), 0) FROM portl_ledger.states WHERE name = 's'");
	my $all = _is($p, $r->{rows});

	return if $all && _is_before($p); # nothing tells one from the other
	_wrong("the state is ahead of the rows: run $runs, $p->{print}") if !$all && $runs != $before;
	_wrong("the state is behind the rows: run $runs, $p->{print}") if $all && !$r->{batch} && $runs != $before + 1;
	_wrong("load ended with 0, and the state is of run $runs") if $p->{status}{load} == 0 && $runs != $before + 1;
}

# Equal is said only of what is, and different of what is not; nothing is written.
sub _verified {
	my ($p) = @_;
	my $equal = $p->{draw}{how} ne 'verify';
	my $code = _code($p->{status}{load});

	_look($p);
	_wrong("verify has written: $p->{print}") unless _is_before($p);
	_wrong("a lie: $code, and both sides are " . ($equal ? 'equal' : 'different'))
		if $code =~ /^[06]$/ && $code != ($equal ? 0 : 6);
}

sub _table {
	my ($p) = @_;
	my $receipt = $p->{draw}{summary} ? _receipt($p) : undef;

	return _verified($p) if $p->{draw}{verify};
	_look($p);
	_state($p) if $p->{draw}{state};
	_set($p, $receipt) if $p->{draw}{set};
	if (_code($p->{status}{load}) =~ /^[03]$/) {
		_done_table($p, $receipt);
	} else {
		_failed_table($p, $receipt);
	}
	_wrong('a staging table is left')
		if $p->{target}->sql("SELECT count(*) FROM pg_class WHERE relname LIKE 'portl\\_%'") > 0;
}

# A file is whole or as it was before: "old".
sub _file {
	my ($p, $name) = @_;
	my $r = $p->{draw};
	my $text = _slurp($p->{paths}{output});
	my $late = $p->{err}{$name} =~ /of ".*" to disk|could not close|rows are committed|(output|file) is complete|summary|log file|could not write ".*json"/;

	if ($p->{status}{$name} != 0) {
		return if $text eq 'old' || ($p->{status}{$name} & 127) == 9 || $late;
		return _wrong("$name failed, but " . length($text) . ' bytes are in its file') ;
	}
	if ($name eq 'load') {
		_wrong('the CSV file is not the server\'s')
			if $text ne _slurp("$ENV{WORK}/csv/$r->{rows}.csv");
		return;
	}
	my $log = `$ENV{PORTL}/portl-load -h $p->{target}{dir} -d faults -t t $p->{paths}{output} 2>&1`;
	_wrong("$name ended with 0, but its file cannot be loaded: $log") if $?;
	_look($p);
	_wrong("$name ended with 0, but its file is something else") unless _is($p, $r->{rows});
}

# Only kill -9 and the end of all memory may leave something, which is known by its name.
sub _leftovers {
	my ($p) = @_;
	my $killed = grep({ ($_ & 127) == 9 } values %{ $p->{status} })
		|| grep({ /out of memory/ } values %{ $p->{err} });
	my %known = map { $_ => 1 } values %{ $p->{paths} };

	for my $file (glob("$ENV{WORK}/out/* $ENV{WORK}/full/* $ENV{WORK}/tmp/*")) {
		next if $known{$file} || $file =~ /filler$/;
		_wrong("left behind: $file") unless $killed && $file =~ /\.part$|\.\d+\.old$/;
		unlink $file;
	}
}

sub backends_go {
	my ($p) = @_;
	my $end = Clock::now() + PATIENCE;

	for my $server ($p->{source}, $p->{target}) {
		while ($server->backends > 0) {
			return 0 if Clock::now() > $end;
			select undef, undef, undef, 0.01;
		}
	}
	return 1;
}

# Returns what is wrong: nothing, most of the time.
sub judge {
	my ($p) = @_;
	my $r = $p->{draw};
	my $last = $p->{command}{load} ? 'load' : 'extract';

	@faults = ();
	_wrong("$p->{hung} did not end") if $p->{hung};
	_end_of($p, $_) for sort keys %{ $p->{command} };
	_wrong('a backend is left') unless backends_go($p);
	_wrong("a harmless fault, but $last ended with " . _code($p->{status}{$last}))
		if $r->{harmless} && _code($p->{status}{$last}) !~ ($r->{verify} ? qr/^[06]$/ : qr/^[03]$/);
	$r->{to} eq 'table' ? _table($p) : _file($p, $last);
	_leftovers($p);
	return @faults;
}

# psql's: "complete", "refused", "part" (it ended with 0), "denied" (it failed, but the rows
# are there), "between" (failed, and a part is there); and whether a backend stayed.
sub judge_rival {
	my ($p) = @_;
	my $ok = $p->{status}{load} == 0;

	my $stayed = !$p->{hung} && backends_go($p) ? 0 : 1;
	$_->signal_backends('terminate') for $p->{source}, $p->{target};
	_look($p);
	my $verdict = _is($p, $p->{draw}{rows}) ? ($ok ? 'complete' : 'denied')
		: _is_before($p) ? ($ok ? 'part' : 'refused') : $ok ? 'part' : 'between';
	$verdict = 'refused' if $p->{draw}{rows} == 0 && $verdict eq 'denied';
	return ($verdict, $stayed);
}

1;
