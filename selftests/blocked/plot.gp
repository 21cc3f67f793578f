# SPDX-License-Identifier: GPL-2.0
#
# gnuplot -e "data='FILE'" plot.gp - draw the file that report has written, as SVG
#
# Setups that are not ours are grey and blue, ports green.

set terminal svg size 960,460 font "sans-serif,12" background "#ffffff"
set datafile separator "\t"
set title "Time for which frames were lost, in the direction that was blocked longer"
set style data histogram
set style histogram clustered gap 2
set style fill solid border -1
set boxwidth 0.9
set logscale y
set yrange [0.8:14000]
set ytics ("0 or 1 ms" 1, "10 ms" 10, "100 ms" 100, "1 s" 1000, "for ever" 10000)
set grid ytics
set xtics rotate by -15 scale 0
set key outside right top
array colour[9] = ["#d9d9d9", "#bdbdbd", "#969696", "#636363", "#9ecae1", \
	"#3182bd", "#c7e9c0", "#74c476", "#238b45"]
plot for [i = 2:10] data using i:xtic(1) title columnheader(i) \
	linecolor rgb colour[i - 1]
