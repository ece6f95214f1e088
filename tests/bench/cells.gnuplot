# Two bars for each line of `data`: what, and below it its rival, in the label, the seconds of Portl and
# those of the rival, parted by tabs.  Called by tests/pictures.sh, which sets data, out and
# caption.
set datafile separator "\t"
stats data using 2 nooutput
set terminal svg size 960, 400 font "sans-serif,13" background "white"
set output out
set title caption
set style data histograms
set style histogram clustered gap 1
set style fill solid border rgb "white"
set boxwidth 0.9 relative
set xrange [-0.6:STATS_records - 0.4]
set yrange [0:*]
set offsets 0, 0, graph 0.08, 0
set ylabel "seconds, less is better"
set grid ytics linecolor rgb "#e0e0e0"
set border 3
set bmargin 6
set tics nomirror
set xtics scale 0 font ",11" noenhanced
set key outside top center horizontal
array colour[2] = ["#336791", "#b0b0b0"]
array name[2] = ["Portl", "the other way"]
plot for [i = 1:2] data using (column(i + 1)):xtic(1) linecolor rgb colour[i] title name[i], \
	for [i = 1:2] data using ($0 - 0.167 + 0.333 * (i - 1)):(column(i + 1)):(sprintf("%.1f", column(i + 1))) \
	with labels font ",11" offset 0, 0.5 notitle
