# SPDX-License-Identifier: GPL-2.0
#
# The names of the setups in tables and plots

BEGIN {
	label["macvtap-default"] = "macvtap, bridge, default qdisc"
	label["macvtap-bridge"] = "macvtap, bridge"
	label["macvtap-others"] = "macvtap, bridge, not alone"
	label["macvtap-vepa"] = "macvtap, vepa"
	label["macvtap-private"] = "macvtap, private"
	label["macvtap-passthru"] = "macvtap, passthru"
	label["macvtap-passthru-queue"] = "macvtap, passthru, lower with queue"
	label["macvtap-bond"] = "macvtap on a bond"
	label["tap-bridge"] = "tap and bridge"
	label["tap-mirred"] = "tap and tc mirred"
	label["port-bridge"] = "port, bridge"
	label["macvtap-bridge-queue"] = "macvtap, bridge, lower with queue"
	label["macvtap-others-queue"] = \
		"macvtap, bridge, not alone, lower with queue"
	label["port-bridge-queue"] = "port, bridge, lower with queue"
	label["port-others-queue"] = \
		"port, bridge, not alone, lower with queue"
	label["port-others"] = "port, bridge, not alone"
	label["port-vepa"] = "port, vepa"
	label["port-private"] = "port, private"
	label["port-passthru"] = "port, passthru"
	label["port-direct"] = "port, direct"
	label["port-direct-queue"] = "port, direct, lower with queue"
}
