# A bar for each line of `data`: what, and below it its rival, in the label, and the ratio of their
# wall times, parted by a tab.  Called by tests/pictures.sh, which sets data and out.
set datafile separator "\t"
stats data using 2 nooutput
set terminal svg size 960, 400 font "sans-serif,13" background "white"
set output out
set title "Sets, parts, second runs: wall time beside the other way, which takes 1"
set style data histograms
set style fill solid border rgb "white"
set boxwidth 0.6
set xrange [-0.6:STATS_records - 0.4]
set yrange [0:*]
set offsets 0, 0, graph 0.08, 0
set ylabel "less is better"
set grid ytics linecolor rgb "#e0e0e0"
set border 3
set bmargin 6
set tics nomirror
set xtics scale 0 font ",11" noenhanced
set key off
set arrow from graph 0, first 1 to graph 1, first 1 nohead linewidth 2 linecolor rgb "#b0b0b0" back
plot data using 2:xtic(1) linecolor rgb "#336791", \
	data using 0:2:(sprintf("%.2f", column(2))) with labels font ",11" offset 0, 0.5
