#!/usr/bin/perl
# screen.pl [-f] FILE: what a terminal shows in the end that was sent FILE, as script(1)
# records it; with -f each line as it was whenever it was drawn anew.
use strict;
use warnings;

my $frames = @ARGV > 1 && shift eq '-f';
local $/;
open my $in, '<', $ARGV[0] or die "$ARGV[0]: $!\n";
my $sent = <$in>;
$sent =~ s/\AScript started on [^\n]*\n//;
$sent =~ s/\n*Script done on [^\n]*\n\z/\n/;

my ($line, $column) = ('', 0);
while ($sent =~ /\G(?:(\r)|(\n)|(\e\[K)|(\e\[[0-9;?]*[a-zA-Z])|(.))/gs) {
	if (defined $1) {
		$column = 0;
	} elsif (defined $2) {
		print "$line\n";
		($line, $column) = ('', 0);
	} elsif (defined $3) {
		$line = substr($line, 0, $column);
		print "$line\n" if $frames && $line ne '';
	} elsif (defined $5) {
		$line .= ' ' x ($column - length $line) if length $line < $column;
		substr($line, $column++, 1) = $5;
	}
}
print $line;
