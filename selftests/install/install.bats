#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# In a machine on which apt has installed the packages, and which has been booted
# since then.
#
# shellcheck disable=SC2154

load machine.bash

@test "apt has installed all packages, and dkms the module" {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' stabletap \
		stabletap-dkms libstabletap0 libstabletap-dev
	[ "$(dpkg-query -W -f '${db:Status-Status}\n' stabletap stabletap-dkms \
		libstabletap0 libstabletap-dev | sort -u)" = installed ]
	dkms status stabletap
	[[ $(dkms status stabletap) == *"$(uname -r)"*installed* ]]
	[ -z "$(dpkg --verify stabletap stabletap-dkms libstabletap0)" ]
}

@test "the machine has started whole, and the service runs" {
	systemctl --failed --no-legend
	[ -z "$(systemctl --failed --no-legend)" ]
	[ "$(systemctl is-active stabletapd)" = active ]
	[ "$(systemctl is-enabled stabletapd)" = enabled ]
	[ "$(stat -c '%U %G %a' /run/stabletap)" = "root stabletap 2755" ]
}

@test "the service has loaded the module" {
	is_loaded
	[ "$(cat /sys/module/stabletap/version)" = \
		"$(dpkg-query -W -f '${Version}' stabletap-dkms)" ]
}

@test "the page's check of an installation finds nothing wrong" {
	page / install 3 >/job/said 2>&1 || {
		cat /job/said
		return 1
	}
	cat /job/said
	grep -q "$(uname -r)" /job/said
	doctor_is_silent
}

@test "the command loads the module" {
	systemctl stop stabletapd
	rmmod stabletap
	not is_loaded
	stabletap add vm9
	is_loaded
	stabletap del vm9
}

@test "ip link add loads the module, by its link kind" {
	rmmod stabletap
	not is_loaded
	ip link add vm9 type stabletap
	is_loaded
	stabletap del vm9
}

@test "the service loads the module when it is started" {
	rmmod stabletap
	systemctl start stabletapd
	is_loaded
}

@test "the version is the package's, everywhere" {
	local version

	version=$(dpkg-query -W -f '${Version}' stabletap)
	stabletap version
	stabletap -j version | jq -e --arg v "$version" '.release == $v'
	[ "$(modinfo -F version stabletap)" = "$version" ]
	[ "$(stabletapd --version)" = "stabletapd $version" ]
}

@test "each manual page can be formatted, and completion is there" {
	[ -e /usr/share/man/man8/stabletap.8.gz ]
	[ -e /usr/share/man/man8/stabletapd.8.gz ]
	[ -e /usr/share/man/man4/stabletap.4.gz ]
	[ -e /usr/share/man/man5/stabletap.conf.5.gz ]
	[ -e /usr/share/bash-completion/completions/stabletap ]
}

@test "ip knows the options of a port by the plug-in" {
	ip link add vm9 type stabletap queues 3
	[[ $(ip -d link show vm9) == *"queues 3"* ]]
	ip link del vm9
}

@test "the example in the documentation has no errors" {
	run stabletapd --check --config \
		/usr/share/doc/stabletap/examples/guests.conf
	echo "$output"
	[ "$status" = 0 ]
}

@test "a guest runs on a port that the daemon makes" {
	make_lan
	plug_nic
	configure_port
	systemctl reload stabletapd
	guest_is_up
}

@test "the guest keeps its network when the device goes and comes back" {
	local pid

	pid=$(guest_pid vm1)
	ip link del nic0
	eventually stabletap wait vm1 detached timeout 10
	not answers
	plug_nic
	eventually answers
	[ "$(guest_pid vm1)" = "$pid" ]
}

@test "with the guest running, the doctor finds nothing wrong" {
	doctor_is_silent
}

@test "what a report of a defect should have is printed" {
	page / troubleshooting 1
	page / troubleshooting 2 >/job/said 2>&1 || {
		cat /job/said
		return 1
	}
	grep -q '^vm1' /job/said
	grep -q 'installed module' /job/said
	grep -q 'stabletap: loading out-of-tree module' /job/said
}
