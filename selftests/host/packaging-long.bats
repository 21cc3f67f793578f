#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# The RPM packages, which rpmbuild builds here once, and the kmod image for KMM,
# whose Containerfile's steps are executed here without a container.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
VERSION=$(sed -n 's/^Version: *//p' "$TOP/META")
KERNEL=${STABLETAP_KERNEL:-6.1}

setup_file() {
	export RPMS=$BATS_FILE_TMPDIR/rpm

	# Nobody runs the programs in these packages.
	"$TOP/packaging/rpm/build" "$RPMS" --define 'optflags -O0' >&2
}

# Print the path of a package's file
package() {
	echo "$RPMS"/RPMS/*/"$1-$VERSION"-[0-9]*.rpm
}

# query PACKAGE OPTION... - ask rpm about a package's file.  The database of the
# host has nothing to do with it.
query() {
	rpm --dbpath "$BATS_TEST_TMPDIR/db" -qp "${@:2}" "$(package "$1")"
}

@test "rpmlint accepts the spec and the packages" {
	run rpmlint -c "$TOP/packaging/rpm/rpmlint.toml" \
		"$TOP/packaging/rpm/stabletap.spec" "$RPMS"/RPMS/*/*.rpm \
		"$RPMS"/SRPMS/*.rpm
	echo "$output"
	[ "$status" = 0 ]
	[[ $output == *"6 packages and 1 specfiles checked; 0 errors, 0 warnings"* ]]
}

@test "each filter of rpmlint is needed" {
	local filter unneeded=""

	sed '/^Filters/,$d' "$TOP/packaging/rpm/rpmlint.toml" \
		>"$BATS_TEST_TMPDIR/conf.toml"
	rpmlint -c "$BATS_TEST_TMPDIR/conf.toml" \
		"$TOP/packaging/rpm/stabletap.spec" "$RPMS"/RPMS/*/*.rpm \
		"$RPMS"/SRPMS/*.rpm >"$BATS_TEST_TMPDIR/out" || :
	while read -r filter; do
		grep -qE -- "$filter" "$BATS_TEST_TMPDIR/out" ||
			unneeded+=" $filter"
	done < <(sed -n '/^Filters/,$s/^ *"\(.*\)",$/\1/p' \
		"$TOP/packaging/rpm/rpmlint.toml")
	[ -z "$unneeded" ] || { echo "unneeded:$unneeded"; false; }
}

@test "each installed file is in one package, and nothing else is" {
	local root=$BATS_TEST_TMPDIR/root lib

	lib=$(cc -print-multiarch)
	make -s -C "$TOP" install DESTDIR="$root" PREFIX=/usr \
		LIBDIR="/usr/lib/$lib"
	make -s -C "$TOP" dkms-install DESTDIR="$root"
	mkdir -p "$root/usr/share/doc/stabletap-devel" \
		"$root/etc/libvirt/hooks/qemu.d"
	mv "$root/usr/share/stabletap/libvirt-qemu-hook" \
		"$root/etc/libvirt/hooks/qemu.d/stabletap"
	mv "$root/usr/share/doc/stabletap/examples/port.c" \
		"$root/usr/share/doc/stabletap-devel"
	# Fedora compresses manual pages, and has the plug-in in lib64.
	(cd "$root" && find . \( ! -type d -o -empty \) -printf '/%P\n') |
		sed "s|/usr/lib/$lib/|/usr/lib64/|; s|/man/.*|&.gz|" |
		sort >"$BATS_TEST_TMPDIR/installed"
	for name in stabletap stabletap-dkms stabletap-libvirt stabletap-libs \
		stabletap-devel; do
		query $name --qf '[%{FILEMODES:perms} %{FILENAMES}\n]'
	done | sed -n '/^d/!s/^[^ ]* //p; s/^d[^ ]* \(\/etc\/stabletap\)$/\1/p' |
		grep -vE '^/usr/share/(licenses|doc/stabletap/(README|Doc))' |
		sort >"$BATS_TEST_TMPDIR/packed"
	diff -u "$BATS_TEST_TMPDIR/installed" "$BATS_TEST_TMPDIR/packed"
}

@test "which package has what" {
	query stabletap -l | grep -qx /usr/sbin/stabletapd
	query stabletap -l | grep -qx /usr/lib/systemd/system/stabletapd.service
	query stabletap -l |
		grep -qx /usr/share/doc/stabletap/Documentation/limits.md
	query stabletap-devel -l | grep -qx /usr/include/linux/stabletap.h
	query stabletap-dkms -l | grep -qx "/usr/src/stabletap-$VERSION/dkms.conf"
	[ "$(query stabletap-dkms --qf '%{ARCH}')" = noarch ]
	query stabletap-dkms --requires | grep -qx dkms
	query stabletap-dkms --provides | grep -qx "stabletap-kmod = $VERSION"
	query stabletap --recommends | grep -qx "stabletap-kmod = $VERSION"
	query stabletap-libs --provides | grep -q '^libstabletap.so.0(LIBSTABLETAP_0.1)'
	query stabletap-devel --requires | grep -q '^stabletap-libs(x86-64) = '
	for name in stabletap stabletap-dkms stabletap-libvirt stabletap-libs \
		stabletap-devel; do
		query $name -L | grep -q /COPYING
	done
}

@test "the unit starts the daemon that is in the package" {
	(cd "$BATS_TEST_TMPDIR" && rpm2cpio "$(package stabletap)" |
		cpio -idm --quiet)
	grep -qx 'ExecStart=/usr/sbin/stabletapd' \
		"$BATS_TEST_TMPDIR/usr/lib/systemd/system/stabletapd.service"
	[[ $("$BATS_TEST_TMPDIR/usr/sbin/stabletap" version) == \
		"stabletap $VERSION"* ]]
}

# scriptlet PACKAGE TAG - print a scriptlet
scriptlet() {
	query "$1" --qf "%{$2}\n"
}

@test "the scriptlets are correct shell, and say which macros they come from" {
	local name tag n=0

	for name in stabletap stabletap-dkms stabletap-libvirt stabletap-libs \
		stabletap-devel; do
		for tag in PREIN POSTIN PREUN POSTUN; do
			scriptlet $name $tag >"$BATS_TEST_TMPDIR/script"
			! grep -qx '(none)' "$BATS_TEST_TMPDIR/script" || continue
			[ "$(query $name --qf "%{${tag}PROG}")" = /bin/sh ]
			dash -n "$BATS_TEST_TMPDIR/script"
			shellcheck -s sh "$BATS_TEST_TMPDIR/script"
			# A macro that was not expanded
			run -1 grep -E '%[{a-z]' <(sed 's/%%\?\/build//' \
				"$BATS_TEST_TMPDIR/script")
			n=$((n + 1))
		done
	done
	[ $n = 5 ]
	[[ $(scriptlet stabletap POSTIN) == *systemd-sysusers*systemd-tmpfiles*"systemd_post stabletapd.service"* ]]
	[[ $(scriptlet stabletap PREUN) == *"systemd_preun stabletapd.service"* ]]
	[[ $(scriptlet stabletap POSTUN) == \
		*"systemd_postun_with_restart stabletapd.service"* ]]
}

# A dkms that keeps its tree as the real one does, and writes down its calls
fake_dkms() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	cat >"$BATS_TEST_TMPDIR/bin/dkms" <<-'DKMS'
		#!/bin/sh
		echo "$*" >>"$TREE/log"
		case $1 in
		add)	mkdir -p "$TREE/$5" && : >"$TREE/$5/source" ;;
		remove)	rm -r "${TREE:?}/${5:?}" ;;
		build)	[ "$7" != broken ] || exit 10 ;;
		esac
	DKMS
	chmod +x "$BATS_TEST_TMPDIR/bin/dkms"
}

# of_dkms TAG VERSION REMAINING - run a scriptlet of stabletap-dkms as if it was
# that version's; prints the calls of dkms
of_dkms() {
	local tree=$BATS_TEST_TMPDIR/dkms modules=$BATS_TEST_TMPDIR/modules

	mkdir -p "$tree" "$modules"/{one,broken,two}/build "$modules/none"
	touch "$modules"/{one,broken,two}/build/Makefile
	# A kernel whose headers are not installed
	ln -sfn /nonexistent "$modules/none/build"
	: >"$tree/log"
	scriptlet stabletap-dkms "$1" | sed "s|/var/lib/dkms/stabletap|$tree|g
		s|/lib/modules|$modules|g; s/${VERSION//./\\.}/$2/g" \
		>"$BATS_TEST_TMPDIR/script"
	TREE=$tree PATH=$BATS_TEST_TMPDIR/bin:$PATH \
		sh -e "$BATS_TEST_TMPDIR/script" "$3" >&2
	sed 's/ -m stabletap -v / /' "$tree/log"
}

@test "stabletap-dkms builds for each kernel with headers, in any order of upgrades" {
	local install

	fake_dkms
	# The second build fails, and prevents no other.
	install=$'build V -k broken\nbuild V -k one\ninstall V -k one --force'
	install+=$'\nbuild V -k two\ninstall V -k two --force'
	[ "$(of_dkms POSTIN 1 1)" = "add 1"$'\n'"${install//V/1}" ]
	# Upgrade: rpm runs the new package's scriptlet first.
	[ "$(of_dkms POSTIN 2 2)" = "add 2"$'\n'"${install//V/2}" ]
	[ "$(of_dkms PREUN 1 1)" = "remove 1 --all" ]
	[ ! -e "$BATS_TEST_TMPDIR/dkms/1" ]
	# The same version in a new release of the package
	[ "$(of_dkms POSTIN 2 2)" = \
		"remove 2 --all"$'\n'"add 2"$'\n'"${install//V/2}" ]
	[ -z "$(of_dkms PREUN 2 1)" ]
	[ -e "$BATS_TEST_TMPDIR/dkms/2" ]
	[ "$(of_dkms PREUN 2 0)" = "remove 2 --all" ]
}

# Print the RUN instructions of the first stage, each in one line
run_steps() {
	sed -n '/^FROM .* AS builder$/,/^FROM/s/^RUN //p' \
		"$TOP/packaging/kmm/Containerfile"
}

@test "the Containerfile's steps build an image from which KMM's worker loads the module" {
	local dir=$BATS_TEST_TMPDIR/image host=$BATS_TEST_TMPDIR/host out release
	local source step n=0

	# shellcheck disable=SC1091
	. "$TOP/selftests/vm/lib.sh"
	release=$(kernel_release "$KERNEL")
	# Of the node's modules, those that in-root can see
	mkdir -p "$host/$release/kernel/drivers/net" "$dir/usr/src/stabletap"
	cp "$CACHE/kernels/$KERNEL/lib/modules/$release/modules.dep" \
		"$host/$release"
	cp "$CACHE/kernels/$KERNEL/lib/modules/$release/kernel/drivers/net"/tap.ko* \
		"$host/$release/kernel/drivers/net"

	# ADD and WORKDIR
	source=$("$TOP/packaging/dist")
	cp "$TOP/$source" "$dir/usr/src/stabletap"
	grep -qx 'ADD ${SOURCE} /usr/src/stabletap/' \
		"$TOP/packaging/kmm/Containerfile"
	grep -qx 'WORKDIR /usr/src/stabletap' "$TOP/packaging/kmm/Containerfile"
	while read -r step; do
		"$TOP/selftests/vm/in-root" "$KERNEL" \
			env -C "$dir/usr/src/stabletap" \
			KERNEL_FULL_VERSION="$release" MODULES="$host" \
			KDIR="$(kernel_build "$KERNEL")" \
			sh -c "${step//\/opt/$dir/opt}" >&2
		n=$((n + 1))
	done < <(run_steps)
	[ $n = 2 ]
	grep -qx 'COPY --from=builder /opt/lib/modules/ /opt/lib/modules/' \
		"$TOP/packaging/kmm/Containerfile"

	# As the worker does, in a machine whose /lib/modules is the node's
	mkdir -p "$TOP/build/out"
	out=$(mktemp -d "$TOP/build/out/kmm.XXXXXX")
	mkdir -p "$out/opt/lib/modules"
	cp -R "$dir/opt/lib/modules/$release" "$out/opt/lib/modules"
	run "$TOP/selftests/vm/run" --kernel "$KERNEL" -- sh -e -c '
		mkdir -p /host/lib
		ln -s /lib/modules /host/lib/modules
		modprobe -d "$1" -D stabletap
		modprobe -vd "$1" stabletap
		ip link add vm1 type stabletap
		ls /dev/stabletap
		ip link del vm1
		modprobe -rvd "$1" stabletap' - "/out/${out##*/}/opt"
	rm -rf "$out"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(grep -c '^insmod .*/tap\.ko' <<<"$output")" = 2 ]
	[ "$(grep -c '^insmod .*/stabletap\.ko' <<<"$output")" = 2 ]
	[[ $output == *rmmod\ stabletap* ]]
}
