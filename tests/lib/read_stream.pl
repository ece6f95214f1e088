#!/usr/bin/perl
# A reader of streams that knows only what portl-stream(5) says, written to hold that
# page to being complete.  Reads standard input, checks framing, documents, count and
# digests (that of the rows in binary streams), refuses members that the page does not name, and prints the rows: one line
# each, fields parted by "|", as hexadecimal digits (binary) or as they are.
use strict;
use warnings;
use JSON::PP;
use File::Temp;
use Math::BigInt;

binmode STDIN;
binmode STDOUT;
my $in = do { local $/; <STDIN> };
my $at = 0;

sub take
{
	my ($n) = @_;

	die "ends at byte $at\n" if $at + $n > length $in;
	my $bytes = substr $in, $at, $n;
	$at += $n;
	return $bytes;
}

sub u16 { return unpack 'n', take(2) }
sub u32 { return unpack 'N', take(4) }

sub document
{
	my ($text) = @_;
	my $doc = JSON::PP->new->utf8->decode($text);

	die "not an object\n" unless ref $doc eq 'HASH';
	die "aborted: $doc->{abort}\n" if exists $doc->{abort};
	return $doc;
}

sub only
{
	my ($object, @known) = @_;
	my %known = map { $_ => 1 } @known;

	for (keys %$object) {
		die "member \"$_\" is not in portl-stream(5)\n" unless $known{$_};
	}
}

sub header
{
	my ($text) = @_;
	my $doc = document($text);
	my %of_kind = (array => [qw(element delimiter)], domain => [qw(base type)], enum => ['labels'],
		composite => ['attributes'], range => ['subtype'], multirange => ['range'],
		base => ['extension']);

	only($doc, qw(version producer run relation values columns types primary_key encoding
		rows_estimate rows_rough server_version backend dry_run bare created csv rows_digest partial keys_of order
		position no_position since part));
	die "version\n" unless $doc->{version} == 1;
	die "encoding\n" unless $doc->{encoding} eq 'UTF8';
	only($_, qw(name type base collation not_null generated)) for @{$doc->{columns}};
	only($_, 'kind', @{$of_kind{$_->{kind}}}) for values %{$doc->{types}};
	only($doc->{relation}, qw(schema name)) if defined $doc->{relation};
	only($doc->{part}, qw(run number of position)) if defined $doc->{part};
	return $doc;
}

# The sum over the rows (their bytes behind the field count), as 32 hexadecimal digits.
sub rows_digest
{
	my $dir = File::Temp->newdir;
	my $sum = Math::BigInt->new(0);

	for my $i (0 .. $#_) {
		open my $out, '>:raw', "$dir/$i" or die "$dir/$i: $!\n";
		print $out $_[$i];
		close $out;
	}
	for (@_ ? `find $dir -type f -exec xxhsum -H2 {} +` : ()) {
		/^([0-9a-f]{32}) / or die "xxhsum: $_";
		$sum->badd(Math::BigInt->from_hex($1));
	}
	return substr '0' x 32 . substr($sum->as_hex, 2), -32;
}

sub check_end
{
	my ($text, $rows, $covered, $header, $fields) = @_;
	my $end = document($text);
	my $file = File::Temp->new;

	only($end, qw(end rows xxh3 rows_digest));
	die "no end document\n" unless $end->{end};
	die "rows: $end->{rows}, not $rows\n" unless $end->{rows} == $rows;
	binmode $file;
	print $file $covered;
	close $file;
	my ($digest) = `xxhsum -H3 <$file` =~ /([0-9a-f]{16})$/;
	die "xxh3: $end->{xxh3}, not $digest\n" unless $end->{xxh3} eq $digest;
	die "rows_digest\n" unless ($end->{rows_digest} // '') =~ /^(binary|text):[0-9a-f]{32}$/ xor
		!$header->{rows_digest};
	if (defined $fields && $header->{rows_digest}) {
		my $sum = "$header->{values}:" . rows_digest(@$fields);

		die "rows_digest: $end->{rows_digest}, not $sum\n" unless $end->{rows_digest} eq $sum;
	}
	die "bytes behind the end\n" unless $at == length $in;
}

# The preamble of a segment; returns its document or undef.
sub preamble
{
	my $text;

	die "signature\n" unless take(11) eq "PGCOPY\n\377\r\n\0";
	die "flags\n" unless u32() == 0;
	my $end = u32();
	die "extension\n" if $end > 16777216;
	$end += $at;
	while ($at < $end) {
		my $id = take(4);
		my $payload = take(u32());

		next unless $id eq 'PRTL';
		die "two documents\n" if defined $text;
		$text = $payload;
	}
	die "chunks\n" unless $at == $end;
	return $text;
}

sub read_binary
{
	my $text = preamble() // die "no document\n";
	my $header = header($text);
	my $rows = 0;
	my $start = $at;
	my @fields;

	while ((my $fields = u16()) != 0xffff) {
		die "fields\n" unless $fields == @{$header->{columns}};
		my $row = $at;
		my @row = map { my $n = u32(); $n == 0xffffffff ? 'NULL' : take($n) } 1 .. $fields;
		@row = map { $_ eq 'NULL' ? $_ : unpack 'H*', $_ } @row if $header->{values} eq 'binary';
		print join('|', @row), "\n";
		push @fields, substr $in, $row, $at - $row;
		$rows++;
	}
	my $covered = $text . substr $in, $start, $at - 2 - $start;
	return if $header->{bare};
	my $end = preamble() // die "no document\n";
	die "trailer\n" unless u16() == 0xffff;
	check_end($end, $rows, $covered, $header, \@fields);
}

sub read_ndjson
{
	die "last newline\n" unless $in =~ /\n\z/;
	my @lines = split /(?<=\n)/, $in;
	my $enveloped = qr/^\{"\$portl":(.*)\}\n\z/s;

	shift @lines while $lines[0] =~ /^\s*$/;
	my ($text) = shift(@lines) =~ $enveloped or die "no header\n";
	my $header = header($text);
	my ($end) = (pop(@lines) // '') =~ $enveloped or die "no end\n";
	my $rows = 0;

	for (grep { !/^\s*$/ } @lines) {
		my $row = JSON::PP->new->utf8->allow_bignum->decode($_);

		only($row, map { $_->{name} } @{$header->{columns}});
		print $_;
		$rows++;
	}
	$at = length $in;
	check_end($end, $rows, join('', $text, @lines), $header);
}

if ($in =~ /\A[ \t\r\n]*\{/) {
	read_ndjson();
} else {
	read_binary();
}
