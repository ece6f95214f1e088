#!/usr/bin/perl
# proxy.pl DIR SERVER WHAT [OTHER]: listen on a unix socket in DIR as a PostgreSQL server
# would, pass everything on to the server whose socket is in SERVER, and fail in one way:
#
#   before      drop the connection when COMMIT arrives, and do not pass it on
#   after       pass COMMIT on, wait for the answer, keep it, drop the connection
#   elsewhere   the same, but further connections go to the server in OTHER
#   gone        the same, but there is no server for further connections
#   hang        take connections and never say a word; prints "held" for each
#   status      report a setting to the client when its first row comes
#   drip        pass the client's bytes on in pieces of 7
#
# WHAT:N is that at the N-th COMMIT.  Prints "ready" when it listens; ends when killed.
use strict;
use warnings;
use IO::Select;
use IO::Socket::UNIX;
use Socket qw(SOCK_STREAM);

my ($dir, $server, $what, $other) = @ARGV;
my $path = "$dir/.s.PGSQL.5432";
my $tripped = 0;
my $commits = $what =~ s/:(\d+)$// ? $1 : 1;

$SIG{CHLD} = 'IGNORE';
$| = 1;
my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 5)
	or die "$path: $!";
chmod 0777, $path;
print "ready\n";

sub send_all {
	my ($to, $bytes) = @_;
	my $step = $what eq 'drip' ? 7 : length $bytes;

	for (my $at = 0; $at < length $bytes;) {
		my $n = syswrite $to, $bytes, $step, $at;
		return 0 unless defined $n;
		$at += $n;
	}
	return 1;
}

# Returns once the client has been dropped or has left.
sub serve {
	my ($client) = @_;
	my $upstream = IO::Socket::UNIX->new(Type => SOCK_STREAM,
		Peer => ($tripped && $other ? $other : $server) . '/.s.PGSQL.5432') or return;
	my $select = IO::Select->new($client, $upstream);

	while (1) {
		for my $from ($select->can_read) {
			my $n = sysread $from, my $bytes, 65536;
			return unless $n;
			my $to = $from == $client ? $upstream : $client;
			my $is_commit = $from == $client && $what !~ /drip|status|reported/ && !$tripped
				&& $bytes =~ /^Q....COMMIT\0/s && --$commits == 0;
			if ($is_commit) {
				$tripped = 1;
				return if $what eq 'before';
				send_all($to, $bytes);
				sysread $upstream, my $answer, 65536;
				if ($what eq 'gone') {
					close $listener;
					unlink $path;
				}
				return;
			}
			if ($what eq 'status' && $bytes =~ /^d/) {
				$what = 'reported';
				send_all($client, pack 'aNa*', 'S', 17, "TimeZone\0UTC\0") or return;
			}
			send_all($to, $bytes) or return;
		}
	}
}

while (my $client = $listener->accept) {
	if ($what eq 'hang') {
		our @held;
		push @held, $client;
		print "held\n";
		next;
	}
	serve($client);
	close $client;
	last unless $listener->opened;
}
sleep; # until killed
