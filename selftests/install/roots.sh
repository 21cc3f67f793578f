# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Roots of Debian's releases, below $CACHE/roots: directories in which packages
# are built, and disk images that are booted.  The caller has sourced
# ../vm/lib.sh and ../vm/apt.sh.

ROOTS=$CACHE/roots

# For each release of Debian: its other suites that a host has
declare -A SUITES=([bullseye]="bullseye-security"
		   [bookworm]="bookworm-updates bookworm-security"
		   [trixie]="trixie-updates trixie-security"
		   [sid]="")

# What a machine has besides Debian's essential packages: a kernel, systemd, and
# what the tests themselves run
IMAGE_PACKAGES="linux-image-amd64 initramfs-tools systemd-sysv udev dbus kmod
	iproute2 iputils-ping procps less ca-certificates
	debian-archive-keyring zstd bats jq"
# Megabytes; the file is sparse
IMAGE_SIZE=8000

# Only in these roots can apt trust the packages to be written.
UNSAFE_IO=(-o Dpkg::Options::=--force-unsafe-io)

# inside DIR COMMAND [ARGUMENT]... - run a command in a root.  Packages that it
# downloads are kept for later roots.
inside() {
	local root=$1 archives

	shift
	archives=$ROOTS/archives/$(cat "$root/etc/stabletap-suite")
	mkdir -p "$archives/partial"
	# shellcheck disable=SC2016
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive TERM=dumb \
		unshare --mount --pid --fork --kill-child bash -c '
		root=$1
		mount -t proc proc "$root/proc" &&
		mount -t sysfs -o ro sys "$root/sys" &&
		mount --rbind /dev "$root/dev" &&
		mount --bind "$2" "$root/var/cache/apt/archives" || exit
		cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
		shift 2
		exec chroot "$root" "$@"' - "$root" "$archives" "$@" 9>&-
}

# apt_inside DIR ARGUMENT...
apt_inside() {
	local root=$1

	shift
	inside "$root" apt-get -qq -y -o Dpkg::Use-Pty=0 \
		-o APT::Sandbox::User=root -o Acquire::Retries=3 \
		"${UNSAFE_IO[@]}" "$@" </dev/null
}

# make_root SUITE VARIANT PACKAGES DIR - unpack and configure a root
make_root() {
	local suite=$1 variant=$2 packages=$3 dir=$4 tmp

	install_packages mmdebstrap
	tmp=$(mktemp -d "$ROOTS/tmp.XXXXXX")
	# shellcheck disable=SC2086
	(
		apt_of "$suite" "$tmp/apt" ${SUITES[$suite]}
		acquire_options >"$tmp/acquire"
		mmdebstrap --quiet --mode=root --variant="$variant" \
			--aptopt="$tmp/acquire" \
			--dpkgopt="force-unsafe-io" \
			--essential-hook="$(initramfs_hook)" \
			--include="$(printf '%s,' $packages)" \
			"$suite" "$dir" "$tmp/apt/sources.list" \
			</dev/null >"$tmp/log" 2>&1 9>&- || {
				cat "$tmp/log" >&2
				die 1 "mmdebstrap can't make a root of $suite"
			}
	) || return
	echo "$suite" >"$dir/etc/stabletap-suite"
	rm -rf "$tmp"
	apt_inside "$dir" update
}

# complete FILE STAMP - true if FILE was made from STAMP
complete() {
	[ -e "$1" ] && [ "$(cat "$1.stamp" 2>/dev/null)" = "$2" ]
}

# build_root SUITE - print the root in which packages are built
build_root() {
	local suite=$1 dir=$ROOTS/build-$1 stamp

	stamp=$(sha256sum <"$TOP/debian/control")
	if ! complete "$dir" "$stamp"; then
		say "making a root of $suite to build packages"
		rm -rf "$dir"
		mkdir -p "$ROOTS"
		make_root "$suite" buildd "debian-archive-keyring" "$dir" || return
		mkdir -p "$dir/build/source"
		cp -r "$TOP/debian" "$dir/build/source"
		apt_inside "$dir" build-dep /build/source >"$dir.log" 2>&1 ||
			{ cat "$dir.log" >&2; return 1; }
		echo "$stamp" >"$dir.stamp"
	fi
	echo "$dir"
}

# base_image SUITE - print the disk image of a clean machine
base_image() {
	local suite=$1 image=$ROOTS/$1.img dir=$ROOTS/$1 stamp

	stamp=$({ echo "$IMAGE_PACKAGES $IMAGE_SIZE"
		declare -f make_root initramfs_hook configure_machine
	} | sha256sum)
	if ! complete "$image" "$stamp"; then
		say "making a disk image of a machine with $suite"
		rm -rf "$dir" "$image"
		mkdir -p "$ROOTS"
		make_root "$suite" minbase "$IMAGE_PACKAGES" "$dir" || return
		configure_machine "$dir" || return
		truncate -s "${IMAGE_SIZE}M" "$image"
		mke2fs -q -t ext4 -E root_owner=0:0 -O ^metadata_csum_seed \
			-d "$dir" "$image" || return
		rm -rf "$dir"
		echo "$stamp" >"$image.stamp"
	fi
	echo "$image"
}

# What the installer of Debian would have done
configure_machine() {
	local dir=$1

	echo "/dev/vda / ext4 defaults 0 1" >"$dir/etc/fstab"
	echo machine >"$dir/etc/hostname"
	echo "127.0.0.1 localhost machine" >"$dir/etc/hosts"
	: >"$dir/etc/machine-id"
}

# In an initramfs only the drivers that the emulated machine needs: it is made
# and unpacked faster.  For a hook of mmdebstrap; the directories are those of the
# package initramfs-tools.
initramfs_hook() {
	cat <<-'HOOK'
	mkdir -p "$1/etc/initramfs-tools/conf.d" \
		"$1/usr/share/initramfs-tools/modules.d"
	echo MODULES=list >"$1/etc/initramfs-tools/conf.d/machine"
	printf '%s\n' virtio_pci virtio_blk ext4 \
		>"$1/usr/share/initramfs-tools/modules.d/machine"
	HOOK
}

# with_image IMAGE COMMAND [ARGUMENT]... - run a command of this shell with the
# image's root as its first argument after the name
with_image() {
	local image=$1 command=$2 mounted status=0

	shift 2
	mounted=$(mktemp -d "$ROOTS/mounted.XXXXXX")
	mount -o loop "$image" "$mounted" || die 1 "can't mount $image"
	"$command" "$mounted" "$@" || status=$?
	umount "$mounted"
	rmdir "$mounted"
	return $status
}
