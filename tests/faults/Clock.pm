# Time as the campaign has it: what passes while everything is stopped (a laptop asleep,
# SIGSTOP to the whole group) does not count.
package Clock;
use strict;
use warnings;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

use constant GAP => 2; # seconds between two looks that cannot have been ours

my ($last, $lost) = (clock_gettime(CLOCK_MONOTONIC), 0);

sub now {
	my $real = clock_gettime(CLOCK_MONOTONIC);

	$lost += $real - $last if $real - $last > GAP;
	$last = $real;
	return $real - $lost;
}

1;
