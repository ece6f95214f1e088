# Horizontal bars: for each line of `data` (what, Portl's seconds, its rival's; parted by
# tabs) a pair.  Called by tests/pictures.sh, which sets data, out and caption.
set datafile separator "\t"
stats data using 2 nooutput
n = STATS_records
set terminal svg size 800, (70 + 44 * n) font "sans-serif,13" background "white"
set output out
set title caption
set style fill solid
set yrange [n - 0.4:-0.6] # the first on top
set xrange [0:*]
set lmargin 46
set grid xtics
set border 3
set tics nomirror
set key outside bottom center horizontal
set boxwidth 0.36
plot data using (0.5 * $2):($0 - 0.2):(0.5 * $2):(0.18):ytic(strcol(1)) \
	with boxxyerrorbars linecolor rgb "#336791" title "Portl", \
	data using (0.5 * $3):($0 + 0.2):(0.5 * $3):(0.18) \
	with boxxyerrorbars linecolor rgb "#b0b0b0" title "psql | psql"
