#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# make install, modules_install and dkms-install: which files are installed
# where.  The tests run on the host and install below temporary directories.
# ../bats/systemd-long.bats tests the installed files.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
KERNEL=${STABLETAP_KERNEL:-6.1}

# Paths below the target directory
MAN=usr/share/man

# List files, symlinks and empty directories, with their modes
tree() {
	(cd "$1" && find . \( ! -type d -o -empty \) -printf '%m %P\n' |
		sort -k 2)
}

setup_file() {
	export ROOT=$BATS_FILE_TMPDIR/root

	make -s -C "$TOP" install DESTDIR="$ROOT" PREFIX=/usr
	make -s -C "$TOP" dkms-install DESTDIR="$BATS_FILE_TMPDIR/dkms"
}

@test "everything is installed, and nothing else" {
	local arch

	arch=$(cc -print-multiarch)
	diff - <(tree "$ROOT") <<-TREE
		755 etc/stabletap
		644 usr/include/libstabletap.h
		644 usr/include/linux/stabletap.h
		777 usr/lib/libstabletap.so
		777 usr/lib/libstabletap.so.0
		755 usr/lib/libstabletap.so.0.1
		644 usr/lib/pkgconfig/libstabletap.pc
		644 usr/lib/systemd/network/05-stabletap-child.network
		644 usr/lib/systemd/network/05-stabletap.network
		644 usr/lib/systemd/network/80-stabletap-child.link
		644 usr/lib/systemd/network/80-stabletap.link
		644 usr/lib/systemd/system/stabletapd.service
		644 usr/lib/sysusers.d/stabletap.conf
		644 usr/lib/tmpfiles.d/stabletap.conf
		644 usr/lib/udev/rules.d/80-stabletap.rules
		644 usr/lib/$arch/ip/link_stabletap.so
		777 usr/lib/$arch/ip/link_stabletap_slave.so
		755 usr/sbin/stabletap
		755 usr/sbin/stabletap-libvirt-hook
		755 usr/sbin/stabletapd
		644 usr/share/bash-completion/completions/stabletap
		644 usr/share/bash-completion/completions/stabletapd
		644 usr/share/doc/stabletap/examples/guests.conf
		644 usr/share/doc/stabletap/examples/port.c
		644 usr/share/man/man3/libstabletap.3
		644 usr/share/man/man4/stabletap.4
		644 usr/share/man/man5/stabletap-json.5
		644 usr/share/man/man5/stabletap.conf.5
		644 usr/share/man/man8/stabletap-libvirt-hook.8
		644 usr/share/man/man8/stabletap.8
		644 usr/share/man/man8/stabletapd.8
		755 usr/share/stabletap/libvirt-qemu-hook
		644 usr/share/stabletap/stabletap-dashboard.json
		644 usr/share/stabletap/stabletap.rules.yml
		644 usr/share/stabletap/stabletap.schema.json
	TREE
}

@test "libvirt's hook ends with 0 and prints nothing, whatever its program does" {
	local program=$BATS_TEST_TMPDIR/program hook=$BATS_TEST_TMPDIR/hook
	local what operation

	sed "s|/usr/sbin/stabletap-libvirt-hook|$program|" \
		"$ROOT/usr/share/stabletap/libvirt-qemu-hook" >"$hook"
	chmod 755 "$hook"
	for what in "" "exit 1" "kill -SEGV \$\$" "echo x; exit 0" "cat >&2"; do
		rm -f "$program"
		if [ -n "$what" ]; then
			printf '#!/bin/sh\n%s\n' "$what" >"$program"
			chmod 755 "$program"
		fi
		for operation in prepare start started stopped release migrate \
			restore reconnect attach new-one; do
			run --separate-stderr "$hook" -web "$operation" begin - \
				<<<"<domain/>"
			[ "$status" -eq 0 ]
			[ -z "$output" ]
		done
	done
	# Not executable, as for AppArmor
	chmod 644 "$program"
	run --separate-stderr "$hook" web prepare begin - <<<"<domain/>"
	[ "$status" -eq 0 ]
}

@test "libvirt's hook calls its program only when a domain starts or has ended" {
	local program=$BATS_TEST_TMPDIR/program hook=$BATS_TEST_TMPDIR/hook
	local operation

	sed "s|/usr/sbin/stabletap-libvirt-hook|$program|" \
		"$ROOT/usr/share/stabletap/libvirt-qemu-hook" >"$hook"
	printf '#!/bin/sh\necho "$@" >>%s/calls\ncat >>%s/calls\n' \
		"$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR" >"$program"
	chmod 755 "$hook" "$program"
	for operation in migrate restore prepare start started reconnect attach \
		stopped release; do
		"$hook" "a b" "$operation" begin - <<<"<domain/>"
	done
	diff - "$BATS_TEST_TMPDIR/calls" <<-CALLS
		a b prepare begin -
		<domain/>
		a b release begin -
		<domain/>
	CALLS
}

@test "ip looks for its plug-in where it is installed" {
	local dir

	dir=$(cd "$ROOT" && echo usr/lib/*/ip)
	strings "$(command -v ip)" | grep -qx "/$dir"
}

@test "uninstall leaves nothing, but what the operator has written" {
	local root=$BATS_TEST_TMPDIR/root

	make -s -C "$TOP" install DESTDIR="$root"
	[ -x "$root/usr/local/sbin/stabletapd" ]
	grep -q '^ExecStart=/usr/local/sbin/stabletapd$' \
		"$root/usr/local/lib/systemd/system/stabletapd.service"
	touch "$root/etc/stabletap/mine.conf"
	make -s -C "$TOP" uninstall DESTDIR="$root"
	[ "$(find "$root" ! -type d -printf '%P\n')" = etc/stabletap/mine.conf ]
	rm "$root/etc/stabletap/mine.conf"
	make -s -C "$TOP" install uninstall DESTDIR="$root"
	[ ! -e "$root/etc/stabletap" ]
	[ ! -e "$root/usr/local/share/doc/stabletap" ]
	[ ! -e "$root/usr/local/share/stabletap" ]
}

@test "sysusers and tmpfiles make the group and its directory" {
	local gid

	systemd-sysusers --root="$ROOT"
	gid=$(sed -n 's/^stabletap:x:\([0-9]*\):$/\1/p' "$ROOT/etc/group")
	[ -n "$gid" ]
	# By its number, since the group may not exist on the host.
	sed "s/ stabletap$/ $gid/" "$ROOT/usr/lib/tmpfiles.d/stabletap.conf" \
		>"$BATS_TEST_TMPDIR/tmpfiles"
	systemd-tmpfiles --root="$ROOT" --create "$BATS_TEST_TMPDIR/tmpfiles"
	[ "$(stat -c '%u %g %a' "$ROOT/run/stabletap")" = "0 $gid 2755" ]
}

@test "every manual page of this project that is referred to exists" {
	local name section

	{
		sed -n 's/^Documentation=//p' \
			"$ROOT/usr/lib/systemd/system/stabletapd.service" |
			tr ' ' '\n' | sed -n 's/^man:\(.*\)(\(.\))$/\1 \2/p'
		sed -n 's/^\.Xr \(stabletap[^ ]*\) \([0-9]\).*/\1 \2/p' \
			"$ROOT"/$MAN/man?/*
	} | sort -u >"$BATS_TEST_TMPDIR/pages"
	grep -qx "stabletapd 8" "$BATS_TEST_TMPDIR/pages"
	while read -r name section; do
		[ -e "$ROOT/$MAN/man$section/$name.$section" ]
	done <"$BATS_TEST_TMPDIR/pages"
}

@test "the example has no errors" {
	run -0 "$ROOT/usr/sbin/stabletapd" --check --config \
		"$ROOT/usr/share/doc/stabletap/examples/guests.conf"
	[ "$output" = "1 port, no errors" ]
}

@test "a new version in META is built without make clean" {
	local tree=$BATS_TEST_TMPDIR/tree

	mkdir "$tree"
	cp -r "$TOP/userspace" "$TOP/include" "$TOP/META" "$tree"
	make -s -C "$tree/userspace" BUILT_FROM=first
	[ "$("$tree/build/bin/stabletapd" --version)" = \
		"stabletapd $(sed -n 's/^Version: *//p' "$TOP/META")" ]
	sed -i 's/^Version: .*/Version: 99.0/' "$tree/META"
	make -s -C "$tree/userspace" BUILT_FROM=first
	[ "$("$tree/build/bin/stabletapd" --version)" = "stabletapd 99.0" ]
	[[ $("$tree/build/bin/stabletap" version) == "stabletap 99.0"* ]]
	# Nothing is built again if nothing has changed.
	touch "$tree/META" "$tree/before"
	make -s -C "$tree/userspace" BUILT_FROM=first
	[ "$tree/before" -nt "$tree/build/bin/stabletapd" ]
}

@test "stabletapd says so if its output can't be written" {
	local daemon=$ROOT/usr/sbin/stabletapd conf=$BATS_TEST_TMPDIR/conf
	local options to

	: >"$conf"
	for options in "--check $conf" --keys --help --version; do
		# The last reader is gone when something is written.
		for to in '>/dev/full' '>&-' '| :'; do
			run -1 bash -o pipefail -c \
				"{ sleep 0.3; $daemon $options; } $to"
			[ "$output" = "stabletapd: can't write the output" ]
		done
	done
}

# Print the completions of the last word by bash-completion, which loads the
# installed file
offers() {
	# shellcheck disable=SC2016
	env -i PATH="$ROOT/usr/sbin:$PATH" XDG_DATA_DIRS="$ROOT/usr/share" \
		bash --norc -c '
		. /usr/share/bash-completion/bash_completion
		_completion_loader "$1"
		words=$(complete -p "$1")
		words=${words#*-F }
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		${words%% *}
		printf "%s\n" "${COMPREPLY[@]}"' - "$@" 2>&1
}

@test "completion is found, and works without a daemon" {
	[[ $(offers stabletap pre) == prefer ]]
	[[ $(offers stabletapd --c) == --check$'\n'--config ]]
	[ "$(offers stabletapd --keys MTU)" = MTUBytes ]
	[ "$(offers stabletap help "" | head -n 1)" = add ]
	[ "$(offers stabletapd --config "$ROOT/usr/sb")" = "$ROOT/usr/sbin" ]
	[ "$(offers stabletap pin vm1 l)" = lo ]
	# Without module, daemon, pins
	for verb in show status events pin prefer unpin failback attach; do
		[ -z "$(offers stabletap $verb nosuch)" ]
	done
	[ "$(offers stabletap events vm1 "")" = since$'\n'instance$'\n'follow ]
	[ -z "$(offers stabletap events vm1 since "")" ]
}

# Print the path of the kernel's headers
in_root() {
	"$TOP/selftests/vm/in-root" "$KERNEL" "$@"
}

# Run Kbuild as if for a kernel with these variables.  Not with the kernel's own
# makefile: given another version, 5.10's would write its configuration again,
# in the tree that all tests share.
kbuild_with() {
	run make -n -f "$TOP/kmod/Kbuild" CONFIG_MODULES=y CONFIG_TAP=m \
		CONFIG_MACVLAN=m VERSION=7 PATCHLEVEL=0 KERNELRELEASE=7.0 "$@"
}

@test "a kernel without the tap core is refused in one sentence" {
	kbuild_with CONFIG_TAP=
	[ "$status" -ne 0 ]
	[[ $output == *"stabletap needs a kernel with CONFIG_TAP"* ]]
	kbuild_with
	[[ $output != *"stabletap needs a kernel with CONFIG_TAP"* ]]
}

@test "a notice is printed for a kernel without macvlan, or newer than those tested" {
	kbuild_with CONFIG_MACVLAN= VERSION=99
	[[ $output == *"stabletap: "*" has no CONFIG_MACVLAN"* ]]
	[[ $output == *" is newer than "*", the newest kernel that was tested"* ]]
	kbuild_with
	[[ $output != *CONFIG_MACVLAN* ]]
	[[ $output != *" is newer than "* ]]
}

# build_differently VARIABLE=VALUE... - build the module for the kernel
build_differently() {
	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	cp -r "$TOP/kmod" "$TOP/include" "$TOP/META" "$BATS_TEST_TMPDIR/tree"
	in_root make -C "$BATS_TEST_TMPDIR/tree/kmod" \
		KDIR="$(kernel_build "$KERNEL")" "$@"
}

@test "if no probe can be compiled, the compiler says why" {
	run build_differently KCFLAGS="-include /nonexistent.h"
	[ "$status" -ne 0 ]
	[[ $output == *"nonexistent.h: No such file"* ]]
	[[ $output == *"The compiler can't compile a file that includes"* ]]
}

@test "a compiler that is killed in a probe fails the build, and is asked again" {
	local tree=$BATS_TEST_TMPDIR/tree command

	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	mkdir "$tree"
	cp -r "$TOP/kmod" "$TOP/include" "$TOP/META" "$tree"
	cat >"$tree/cc" <<-CC
	#!/bin/sh
	case "\$*" in
	*probe-netdev-hold.c*) [ -e "$tree/well" ] || kill -KILL \$\$ ;;
	esac
	exec gcc "\$@"
	CC
	chmod +x "$tree/cc"
	command=(make -C "$(kernel_build "$KERNEL")" M="$tree/kmod"
		CC="$tree/cc" release.o)
	run in_root "${command[@]}"
	[ "$status" -ne 0 ]
	[[ $output == *Killed* ]]
	[ ! -e "$tree/kmod/probed.h" ]
	touch "$tree/well"
	in_root "${command[@]}"
	cmp "$tree/kmod/probed.h" \
		"$TOP/build/$(kernel_release "$KERNEL")/kmod/probed.h"
}

# at_most A B - true if version A (for example 6.12) is not later than B
at_most() {
	[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

# The first comment of a probe says "(6.2)", "(6.2 to 6.19)", or "(by 7.3)": 7.3
# has it, and earlier kernels were not examined.
@test "each probe's result matches the versions in its first comment" {
	local release version name macro text until want has wrong="" n=0

	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	release=$(kernel_release "$KERNEL")
	version=$(grep -oE '^[0-9]+\.[0-9]+' <<<"$release")
	for name in "$TOP"/kmod/compat/probe-*.c; do
		name=${name##*/probe-}
		name=${name%.c}
		[ "$name" != any ] || continue
		macro=STABLETAP_HAVE_$(tr a-z- A-Z_ <<<"$name")
		text=$(sed -n '2s/.*(\(by \)\?\([^)]*\)): .*/\2/p' \
			"$TOP/kmod/compat/probe-$name.c")
		until=999
		[[ $text != *" to "* ]] || until=${text#* to }
		want=no
		! at_most "${text% to *}" "$version" ||
			! at_most "$version" "$until" || want=yes
		has=no
		! grep -qx "#define $macro" \
			"$TOP/build/$release/kmod/probed.h" || has=yes
		[ "$want" = "$has" ] || wrong+=" $name"
		n=$((n + 1))
	done
	echo "# wrong:$wrong"
	[ -z "$wrong" ]
	[ $n -ge 11 ]
}

@test "dkms.conf says what META says" {
	# shellcheck disable=SC1091
	. "$TOP/dkms.conf"
	[ "$PACKAGE_NAME" = "$(sed -n 's/^Name: *//p' "$TOP/META")" ]
	[ "$PACKAGE_VERSION" = "$(sed -n 's/^Version: *//p' "$TOP/META")" ]
	[ "$BUILD_EXCLUSIVE_KERNEL_MIN" = \
		"$(sed -n 's/^Linux-Minimum: *//p' "$TOP/META")" ]
	[[ $(sed -n 's/^Linux-Maximum: *//p' "$TOP/META") =~ \
		$BUILD_EXCLUSIVE_KERNEL ]]
}

@test "dkms skips kernels that the probes don't know" {
	local release

	# shellcheck disable=SC1091
	. "$TOP/dkms.conf"
	for release in 5.10.0-46-amd64 5.15.1 6.1.0-56-amd64 7.3.4+deb13-amd64; do
		[[ $release =~ $BUILD_EXCLUSIVE_KERNEL ]]
	done
	for release in 4.19.0-1-amd64 5.4.0 5.9.16 8.0.1 10.2.0; do
		[[ ! $release =~ $BUILD_EXCLUSIVE_KERNEL ]]
	done
}

@test "dkms builds the module of what dkms-install copies, and cleans up" {
	local version release module built=$BATS_TEST_TMPDIR/built
	local where=()

	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	release=$(kernel_release "$KERNEL")
	version=$(sed -n 's/^Version: *//p' "$TOP/META")
	mkdir "$built"
	# The source tree must be in dkms's default place: for any other, dkms
	# before 3.0 writes the kernel's configuration again.
	in_root test -d "/lib/modules/$release/build" ||
		where=(--kernelsourcedir "$(kernel_build "$KERNEL")")
	run -0 in_root dkms build "stabletap/$version" -k "$release" \
		${where[@]+"${where[@]}"} \
		--sourcetree "$BATS_FILE_TMPDIR/dkms/usr/src" \
		--dkmstree "$built"
	[[ $output != *"bad exit status"* ]] || { echo "$output"; false; }
	[ ! -e "$built/stabletap/$version/build" ]
	module=$(find "$built" -name 'stabletap.ko*')
	[ "$(modinfo -F version "$module")" = "$version" ]
	[[ $(modinfo -F vermagic "$module") == "$release "* ]]
}

@test "modules_install puts the module where modprobe finds it" {
	local tree modules=$BATS_TEST_TMPDIR/modules release

	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	release=$(kernel_release "$KERNEL")
	# From the copied files only
	tree=$(echo "$BATS_FILE_TMPDIR"/dkms/usr/src/stabletap-*)
	cp "$TOP/Makefile" "$tree"
	in_root make -s -C "$tree" modules_install \
		KDIR="$(kernel_build "$KERNEL")" \
		INSTALL_MOD_PATH="$modules" >"$BATS_TEST_TMPDIR/log" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/log"; false; }
	[ "$(modinfo -b "$modules" -k "$release" -n stabletap)" = \
		"$(find "$modules" -name 'stabletap.ko*')" ]
}
