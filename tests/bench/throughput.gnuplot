# A cluster of bars for each line of `data`: what, and the MB/s of Portl, psql, pgcopydb and
# pgloader, parted by tabs.  Called by tests/pictures.sh, which sets data, out and caption.
set datafile separator "\t"
set datafile missing "-"
stats data using 2 nooutput
set terminal svg size 800, 380 font "sans-serif,13" background "white"
set output out
set title caption
set style data histograms
set style histogram clustered gap 1
set style fill solid border rgb "white"
set boxwidth 0.9 relative
set xrange [-0.6:STATS_records - 0.4]
set yrange [0:*]
set offsets 0, 0, graph 0.08, 0
set ylabel "MB/s, more is better"
set grid ytics linecolor rgb "#e0e0e0"
set border 3
set bmargin 4
set tics nomirror
set xtics scale 0
set key outside top center horizontal
array colour[4] = ["#336791", "#7f7f7f", "#b0b0b0", "#d9d9d9"]
array name[4] = ["Portl", "psql | psql", "pgcopydb", "pgloader"]
plot for [i = 1:4] data using (column(i + 1)):xtic(1) linecolor rgb colour[i] title name[i], \
	for [i = 1:4] data using ($0 - 0.3 + 0.2 * (i - 1)):(column(i + 1)):(sprintf("%.0f", column(i + 1))) \
	with labels font ",11" offset 0, 0.5 notitle
