# SPDX-License-Identifier: GPL-2.0
#
# Plot instructions for a frame, sent and received.  Variables: data, output,
# kernels, way.

set terminal svg size 900,640 font "sans-serif,12" background "white"
set output output
set multiplot layout 1,2 title sprintf("Instructions for a frame of 60 bytes (%s)", way)
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 noborder
set grid ytics
set yrange [0:*]
set xtics rotate by 90 right
set bmargin 17
set key outside top right horizontal

set title "sent"
plot for [k=1:words(kernels)] data.".send" \
	using (column(k + 1)):xtic(1) title word(kernels, k)
set title "received"
plot for [k=1:words(kernels)] data.".receive" \
	using (column(k + 1)):xtic(1) title word(kernels, k)
