# SPDX-License-Identifier: GPL-2.0
#
# gnuplot -e "data='FILE'" plot.gp - draw the file that report has written as SVG
#
# Ports are green, other setups grey and blue.

set terminal svg size 1000,640 font "sans-serif,12" background "#ffffff"
set datafile separator "\t"
set style data histogram
set style histogram clustered gap 2
set style fill solid border -1
set boxwidth 0.9
set logscale y
set yrange [0.8:14000]
set ytics ("0 or 1 ms" 1, "10 ms" 10, "100 ms" 100, "1 s" 1000, "for ever" 10000)
set grid ytics
set xtics scale 0 font ",11"
set bmargin 4
set lmargin 11
set rmargin 2
array colour[9] = ["#d9d9d9", "#bdbdbd", "#969696", "#636363", "#9ecae1", \
	"#3182bd", "#c7e9c0", "#74c476", "#238b45"]

set multiplot layout 2,1
set key outside top center horizontal
set title "Time for which frames from the guest were lost"
plot for [i = 1:9] data using (column(i + 1)):xtic(1) title columnheader(i + 1) \
	linecolor rgb colour[i]
unset key
set title "Time for which frames to the guest were lost"
plot for [i = 1:9] data using (column(i + 10)):xtic(1) title columnheader(i + 10) \
	linecolor rgb colour[i]
