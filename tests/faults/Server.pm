# One of the two servers, as seen by the campaign: a session that is opened again after
# each crash, and a switch.
package Server;
use strict;
use warnings;
use IPC::Open2;

sub new {
	my ($class, %arg) = @_; # name, dir, and the database
	return bless { db => 'faults', %arg }, $class;
}

sub _connect {
	my ($s) = @_;
	local $ENV{PGAPPNAME} = 'campaign';

	$s->{pid} = open2($s->{out}, $s->{in}, 'sh', '-c', 'exec psql -XAtq -h "$0" -d "$1" 2>&1',
		@$s{qw(dir db)});
}

sub _close {
	my ($s) = @_;

	close $s->{in};
	close $s->{out};
	waitpid $s->{pid}, 0;
	$s->{pid} = undef;
}

# Rows, or undef if the session ended meanwhile.
sub _ask {
	my ($s, $sql) = @_;
	my @rows;

	$s->_connect unless $s->{pid};
	local $SIG{PIPE} = 'IGNORE';
	print { $s->{in} } "$sql;\n\\echo ::done\n";
	$s->{in}->flush;
	while (my $line = readline $s->{out}) {
		chomp $line;
		return \@rows if $line eq '::done';
		push @rows, $line;
	}
	$s->_close;
	return;
}

# sql(TEXT): the rows; a lost session is opened again, once.
sub sql {
	my ($s, $sql) = @_;
	my $rows = $s->_ask($sql) // $s->_ask($sql) // die "$s->{name}: no server for: $sql\n";

	die "$s->{name}: $sql: @$rows\n" if grep { /^(ERROR|FATAL):/ } @$rows;
	return wantarray ? @$rows : $rows->[0];
}

# begin(): a run begins.  What the tables of those before have left in the catalogs is cleared
# now and then, for no autovacuum does: ten thousand runs would take ten times as long.
sub begin {
	my ($s) = @_;

	$s->sql('VACUUM') if ++$s->{begun} % 300 == 0;
}

sub _cluster {
	my ($s, @do) = @_;

	system('sh', '-c', '. tests/lib/cluster.sh && "$@"', 'sh', @do) == 0 or die "$s->{name}: @do failed\n";
}

# As if the power had failed; start() is the electrician.
sub stop {
	my ($s) = @_;

	$s->_close if $s->{pid};
	$s->_cluster('cluster_stop', $s->{dir}, 'immediate');
}

sub start {
	my ($s) = @_;

	$s->_cluster('cluster_start', $s->{dir});
}

my $ours = "application_name IN ('portl-extract', 'portl-load', 'psql-extract', 'psql-load')";

sub backends {
	my ($s) = @_;

	return $s->sql("SELECT count(*) FROM pg_stat_activity WHERE $ours");
}

# signal_backends(cancel|terminate)
sub signal_backends {
	my ($s, $how) = @_;

	$s->sql("SELECT pg_${how}_backend(pid) FROM pg_stat_activity WHERE $ours");
}

1;
