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
#   at=TEXT     drop the connection, and each one after it, when a client sends TEXT
#   silent=TEXT keep that to itself when a client sends TEXT, and say no word, and to no other; prints "held"
#   deaf=TEXT   the same, but whoever comes is let in
#   drip        pass the client's bytes on in pieces of 7
#   late=MS     pass the server's bytes on so much later
#   reset       listen on a port of the loopback that the kernel picks, serve many, and
#               on signal USR1 reset (RST) all connections that there are
#
# WHAT:N is that at the N-th COMMIT.  Prints "ready" when it listens, and the port if it is
# one; ends when killed.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Socket qw(IPPROTO_TCP SOCK_STREAM SOL_SOCKET SO_LINGER TCP_NODELAY);

my ($dir, $server, $what, $other) = @ARGV;
my $path = "$dir/.s.PGSQL.5432";
my $tripped = 0;
my $commits = $what =~ s/:(\d+)$// ? $1 : 1;

$SIG{CHLD} = 'IGNORE';
$| = 1;
my $listener = $what eq 'reset'
	? IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
	: IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $path, Listen => 5);
die "$path: $!" unless $listener;
chmod 0777, $path;
print $what eq 'reset' ? 'ready ' . $listener->sockport : 'ready', "\n";

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
			return if $from == $client && $what =~ /^at=(.*)/s && index($bytes, $1) >= 0;
			if ($from == $client && $what =~ /^(silent|deaf)=(.*)/s && index($bytes, $2) >= 0) {
				if ($1 eq 'silent') {
					close $listener;
					unlink $path;
				}
				print "held\n";
				next;
			}
			my $is_commit = $from == $client && $what !~ /^at=|^silent=|^deaf=|late=|drip|status|reported|reset/ && !$tripped
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
			select undef, undef, undef, $1 / 1000 if $to == $client && $what =~ /^late=(\d+)/;
			send_all($to, $bytes) or return;
		}
	}
}

# A process for each client; a socket that does not linger is closed by RST.  Without
# TCP_NODELAY a short answer may wait 40 ms for the acknowledgement of the one before.
sub serve_until_reset {
	my ($client) = @_;

	setsockopt $client, IPPROTO_TCP, TCP_NODELAY, 1;
	local $SIG{TERM} = 'DEFAULT';
	local $SIG{USR1} = sub {
		setsockopt $client, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
		exit;
	};
	serve($client);
	exit;
}

my %children;
if ($what eq 'reset') {
	$SIG{CHLD} = sub {
		while ((my $pid = waitpid -1, 1) > 0) { delete $children{$pid} }
	};
	$SIG{USR1} = sub { kill 'USR1', keys %children };
	$SIG{TERM} = sub { kill 'TERM', keys %children; exit };
}
while ($what eq 'reset') {
	my $client = $listener->accept or next; # a signal
	my $pid = fork;
	serve_until_reset($client) if defined $pid && $pid == 0;
	$children{$pid} = 1 if $pid;
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
