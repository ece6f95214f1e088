#!/usr/bin/perl
# pgcopy.pl show              print the documents of the stream on standard input, one a
#                             line, and "rows N" or "trailer" for what stands between them
# pgcopy.pl make ITEM...      print segments: "prtl:TEXT" and "ID:TEXT" are chunks of the
#                             next segment's extension area, "rows:N" its N rows of one int4
#                             (1 to N) and its trailer; "flags:N" sets its flags
# Written from the PostgreSQL manual and portl-stream(5), not from the code under test.
use strict;
use warnings;

my $signature = "PGCOPY\n\377\r\n\0";

sub show {
	local $/;
	binmode STDIN;
	my $s = <STDIN>;
	my $at = 0;

	while ($at < length $s) {
		die "no signature at $at\n" if substr($s, $at, 11) ne $signature;
		my ($flags, $len) = unpack 'NN', substr $s, $at + 11, 8;
		my $end = $at + 19 + $len;
		for ($at += 19; $at < $end;) {
			my ($id, $n) = unpack 'A4 N', substr $s, $at, 8;
			print substr($s, $at + 8, $n), "\n" if $id eq 'PRTL';
			$at += 8 + $n;
		}
		my $rows = 0;
		while ((my $fields = unpack 'n', substr $s, $at, 2) != 0xffff) {
			$at += 2;
			for (1 .. $fields) {
				my $n = unpack 'N', substr $s, $at, 4;
				$at += 4 + ($n == 0xffffffff ? 0 : $n);
			}
			$rows++;
		}
		$at += 2;
		print $rows ? "rows $rows\n" : "trailer\n";
	}
}

sub make {
	my ($area, $flags) = ('', 0);

	binmode STDOUT;
	for (@_) {
		my ($id, $text) = /^(\w+):(.*)$/s or die $_;
		if ($id eq 'flags') {
			$flags = $text;
		} elsif ($id eq 'rows') {
			print $signature, pack('NN', $flags, length $area), $area;
			print pack 'nNN', 1, 4, $_ for 1 .. $text;
			print pack 'n', 0xffff;
			($area, $flags) = ('', 0);
		} else {
			$area .= pack 'A4 N', uc $id, length $text;
			$area .= $text;
		}
	}
}

my $what = shift;
$what eq 'show' ? show() : make(@ARGV);
