# judged.pl: that Judge.pm is able to say what is wrong with rows and their state.  Runs that
# never were are put before it, with a target that answers as told.  The last line is "ok".
use strict;
use warnings;
use lib "$ENV{ROOT}/tests/faults";
use Judge;

package Target {
	sub sql {
		my ($t, $sql) = @_;

		return 'f' if $sql =~ /to_regclass/; # all are there
		return $t->{runs} if $sql =~ /max\(runs\)/;
		return 'new' if $sql =~ /expected\(/;
		return 'old' if $sql =~ /before\(/;
		return $t->{rows} if $sql =~ /print_of\('t'\)/;
		return 0; # staging tables that are left
	}
	sub backends { return 0 }
}

$ENV{WORK} //= '/nowhere';
my $wrong = 0;

# judged ROWS, RUNS, STATUS, MESSAGE: what is said of a second run that leaves these behind.
sub judged {
	my ($rows, $runs, $status, $message) = @_;
	my $target = bless { rows => $rows, runs => $runs }, 'Target';

	return join '; ', Judge::judge({
		draw => { to => 'table', state => 1, again => 1, rows => 5, how => 'overwrite', source => 'good', fault => 'none' },
		command => { load => 1 }, status => { load => $status }, err => { load => $message },
		paths => {}, source => $target, target => $target,
	});
}

sub expect {
	my ($name, $said, $wanted) = @_;

	return if $wanted eq '' ? $said eq '' : $said =~ $wanted;
	print "$name: \"$said\", not \"$wanted\"\n";
	$wrong++;
}

my $failed = 'portl-load: error: it failed';
expect('done', judged('new', 2, 0, ''), '');
expect('failed', judged('old', 1, 1 << 8, $failed), '');
expect('the state of rows that are not there', judged('old', 2, 1 << 8, $failed), qr/the state is ahead of the rows: run 2/);
expect('rows without their state', judged('new', 1, 1 << 8, "$failed\nThe rows are committed"), qr/the state is behind the rows: run 1/);
expect('a state that is not stored', judged('new', 1, 0, ''), qr/load ended with 0, and the state is of run 1/);
expect('a run that is counted twice', judged('new', 3, 0, ''), qr/behind the rows: run 3/);
expect('rows that are not there', judged('old', 1, 0, ''), qr/a lie/);
expect('rows that are neither', judged('some', 1, 1 << 8, $failed), qr/claims -1 rows: some/);
print $wrong ? "$wrong wrong\n" : "ok\n";
exit($wrong ? 1 : 0);
