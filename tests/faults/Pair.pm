# Two programs with a pipe between them, and what happens to them.  Where the moment is a
# byte of the stream, or the fault is one of the pipe, the pipe leads through us.
package Pair;
use strict;
use warnings;
use Errno qw(EAGAIN EINTR);
use Fcntl qw(F_GETFL F_SETFL O_NONBLOCK);
use POSIX ();
use Time::HiRes ();
use Clock;

use constant LIMIT => 30; # seconds for a run
use constant TAIL => 100; # bytes that the moment "end" may keep back

# new(draw, {extract => [...], load => [...]}, env => {extract => {}, load => {}},
#     dir, source, target, proxies, shape => bytes of such a stream)
sub new {
	my ($class, %arg) = @_;

	return bless { %arg, pids => {}, status => {}, fired => 0, sent => 0, kept => '' }, $class;
}

sub _spawn {
	my ($p, $name, $stdin, $stdout) = @_;
	my @command = @{ $p->{command}{$name} };
	my $pid = fork // die "fork: $!";

	return $p->{pids}{$name} = $pid if $pid;
	%ENV = (%ENV, %{ $p->{env}{$name} });
	$SIG{$_} = 'DEFAULT' for qw(PIPE CHLD INT HUP TERM);
	POSIX::dup2(fileno $stdin, 0);
	POSIX::dup2(fileno $stdout, 1);
	open STDERR, '>', "$p->{dir}/$name.err" or POSIX::_exit(126);
	exec { $command[0] } @command or POSIX::_exit(127);
}

sub _pipe {
	pipe my $r, my $w or die "pipe: $!";
	return ($r, $w);
}

sub _start {
	my ($p) = @_;
	my $r = $p->{draw};
	my $relay = $r->{fault} =~ /cut|stall|drip/ || ($r->{moment} // '') =~ /header|rows|end/;

	open my $null, '+<', '/dev/null' or die;
	if (!$p->{command}{load}) {
		$p->_spawn('extract', $null, $null);
		return;
	}
	my ($in, $out) = _pipe();
	$p->_spawn('extract', $null, $out);
	close $out;
	if ($relay) {
		my ($in2, $out2) = _pipe();
		@$p{qw(from to)} = ($in, $out2);
		$p->_spawn('load', $in2, $null);
		fcntl $_, F_SETFL, fcntl($_, F_GETFL, 0) | O_NONBLOCK for $in, $out2;
	} else {
		$p->_spawn('load', $in, $null);
	}
}

# ---- the pipe ----

# How many bytes may go on before the moment has come; undef: all.
sub _gate {
	my ($p) = @_;
	my $r = $p->{draw};
	my $moment = $p->{fired} ? '' : $r->{moment} // '';

	return 1 + int($r->{at} * 500) if $moment eq 'header';
	return 1 + int($r->{at} * $p->{shape}) if $moment eq 'rows';
	return;
}

sub _end_pipe {
	my ($p) = @_;

	close $_ for grep { $_ } @$p{qw(from to)};
	@$p{qw(from to)} = ();
}

# Pass on what there is, in between the moments.
sub _pump {
	my ($p) = @_;
	my $r = $p->{draw};

	if (!$p->{eof} && length $p->{kept} < 65536) {
		my $n = sysread $p->{from}, $p->{kept}, 65536, length $p->{kept};
		$p->{eof} = 1 if defined $n && $n == 0;
	}
	my $room = length $p->{kept};
	$room = $room > TAIL ? $room - TAIL : 0 if ($r->{moment} // '') eq 'end' && !$p->{eof};
	if ($p->{eof} && !$p->{fired} && ($r->{moment} // '') eq 'end') {
		my $keep = int($r->{at} * TAIL);
		$room = $room > $keep ? $room - $keep : 0;
		$p->_moment if $room == 0;
	}
	if (defined(my $gate = $p->_gate)) {
		$room = $gate - $p->{sent} if $room > $gate - $p->{sent};
		$p->_moment if $room == 0 && $p->{sent} >= $gate;
	}
	return unless $p->{to};
	$room = 1 if $r->{fault} eq 'drip' && $room > 1;
	if ($room > 0) {
		my $n = syswrite $p->{to}, $p->{kept}, $room;
		return $p->_end_pipe if !defined $n && $! != EAGAIN && $! != EINTR;
		substr($p->{kept}, 0, $n // 0, '');
		$p->{sent} += $n // 0;
		Time::HiRes::sleep(0.05 * rand) if $r->{fault} eq 'stall' && rand() < 0.2;
	}
	$p->_end_pipe if $p->{eof} && $p->{kept} eq '' && ($p->{fired} || ($r->{moment} // '') ne 'end');
}

# Sleep until something may be done, a child's end included.
sub _wait {
	my ($p) = @_;
	my ($r, $w) = ('', '');

	if ($p->{from}) {
		vec($r, fileno $p->{from}, 1) = 1 if !$p->{eof} && length $p->{kept} < 65536;
		vec($w, fileno $p->{to}, 1) = 1 if length $p->{kept} > TAIL || $p->{eof};
	}
	select $r, $w, undef, $p->{from} ? 0.01 : 0.003;
}

# ---- the fault ----

sub _pids {
	my ($p) = @_;
	my $side = $p->{draw}{side};

	return map { $p->{pids}{$_} // () } $side eq 'both' ? qw(extract load) : $side;
}

sub _fire {
	my ($p) = @_;
	my $r = $p->{draw};
	my $pause = $r->{pause} / 1000;
	my $server = $r->{server} && $p->{ $r->{server} };

	if ($r->{fault} eq 'signal') {
		my @pids = $p->_pids;
		kill $r->{signal}, @pids;
		if ($r->{signal} eq 'STOP') {
			Time::HiRes::sleep($pause);
			kill 'CONT', @pids;
		}
	} elsif ($r->{fault} eq 'stop') {
		$server->stop;
		Time::HiRes::sleep($pause);
		$server->start;
	} elsif ($r->{fault} eq 'reset') {
		kill 'USR1', $p->{proxies}{ $r->{server} }{pid};
	} elsif ($r->{fault} eq 'cut') {
		$p->_end_pipe;
	} else {
		$server->signal_backends($r->{fault});
	}
}

# The moment has come.
sub _moment {
	my ($p) = @_;

	return if $p->{fired}++;
	Time::HiRes::sleep($p->{draw}{delay} / 1000);
	$p->_fire;
	$p->_unlock;
}

# A lock that the target's trigger waits for, in apply and commit.
sub _lock {
	my ($p) = @_;

	return unless $p->{draw}{wait_id};
	$p->{target}->sql('SELECT pg_advisory_lock(42)');
	$p->{locked} = 1;
}

sub _unlock {
	my ($p) = @_;

	return unless $p->{locked};
	Time::HiRes::sleep($p->{draw}{pause} / 1000);
	$p->{target}->sql('SELECT pg_advisory_unlock_all()');
	$p->{locked} = 0;
}

sub _has_come {
	my ($p) = @_;
	my $r = $p->{draw};
	my $moment = $r->{moment} // '';
	my $age = Clock::now() - $p->{started};

	return 1 if $moment eq 'start';
	return $age > $r->{at} * 1.2 * $p->{usual} if $moment eq 'any';
	return 0 unless $p->{locked};
	return $p->{target}->sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted") > 0;
}

sub _reap {
	my ($p) = @_;

	for my $name (keys %{ $p->{pids} }) {
		my $pid = waitpid $p->{pids}{$name}, POSIX::WNOHANG;
		die "$name: $!" if $pid < 0;
		next if $pid == 0;
		$p->{status}{$name} = $?;
		delete $p->{pids}{$name};
	}
	return !%{ $p->{pids} };
}

# Run it: sets status, fired, sent, seconds, and hung if something had to be killed.
sub run {
	my ($p) = @_;

	$p->_lock;
	$p->{started} = Clock::now();
	$p->_start;
	until ($p->_reap) {
		$p->_moment if !$p->{fired} && $p->_has_come;
		$p->_unlock if $p->{locked} && !$p->{pids}{load};
		$p->_pump if $p->{from};
		$p->_wait;
		next if Clock::now() - $p->{started} < LIMIT;
		$p->{hung} = join ' and ', sort keys %{ $p->{pids} };
		kill 'KILL', values %{ $p->{pids} };
		$p->_end_pipe;
		$p->_unlock;
	}
	$p->_end_pipe;
	$p->_unlock;
	$p->{seconds} = Clock::now() - $p->{started};
	for my $name (keys %{ $p->{command} }) {
		open my $f, '<', "$p->{dir}/$name.err" or next;
		local $/;
		$p->{err}{$name} = <$f> // '';
	}
}

1;
