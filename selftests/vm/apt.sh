# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by prepare and by selftests/install: packages of Debian, of this
# machine's suite and of others.  The callers source lib.sh first, and hold
# descriptor 9 as a lock, if they hold one.

APT_OPTIONS=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=600 -o APT::Sandbox::User=root
	     -o Acquire::Retries=3)

updated=
apt_update() {
	[ -z "$updated" ] || return 1
	say "apt-get update"
	apt-get "${APT_OPTIONS[@]}" update >&2 9>&- ||
		say "apt-get update failed in part; continuing"
	updated=1
}

# Print the arguments that are not installed packages
missing() {
	local package

	for package; do
		dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>&1 |
			grep -qx installed || echo "$package"
	done
}

install_packages() {
	local -a wanted

	# Mostly this single call shows that everything is installed.
	if [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$@" 2>/dev/null |
		grep -cx installed)" = $# ]; then
		return
	fi
	mapfile -t wanted < <(missing "$@")
	[ ${#wanted[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die 1 "not root; install: ${wanted[*]}"

	known "${wanted[@]}" || apt_update || :
	say "installing ${wanted[*]}"
	install_now "${wanted[@]}" ||
		{ finish_interrupted && install_now "${wanted[@]}"; } ||
		{ apt_update && install_now "${wanted[@]}"; } || {
			cat "$CACHE/install.log" >&2
			die 1 "apt-get can't install ${wanted[*]}"
		}
}

# Returns true if apt can download all of these.
known() {
	[ "$(apt-cache show "$@" 2>/dev/null | grep -c '^Filename:')" -ge $# ]
}

install_now() {
	LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get "${APT_OPTIONS[@]}" \
		install --yes --no-install-recommends "$@" \
		</dev/null >"$CACHE/install.log" 2>&1 9>&-
}

# A run that was interrupted during an installation leaves dpkg unfinished, and
# apt-get refuses to work before that is completed.
finish_interrupted() {
	grep -q 'dpkg was interrupted' "$CACHE/install.log" || return 1
	say "completing an interrupted installation"
	DEBIAN_FRONTEND=noninteractive dpkg --configure -a \
		</dev/null >>"$CACHE/install.log" 2>&1 9>&-
}

# Print the packages that $1 depends on and whose names match pattern $2
depends() {
	apt-cache depends --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances "$1" |
		sed -n 's/^ *Depends: \([^<]*\)$/\1/p' | grep -E -- "$2" || :
}

# Download packages into the current directory. apt's lists may be older than
# the mirror, which then no longer has the listed version.
download() {
	apt-get "${APT_OPTIONS[@]}" download "$@" >&2 ||
		{ apt_update &&
			apt-get "${APT_OPTIONS[@]}" download "${@%%=*}" >&2; }
}

# Download packages into the current directory and unpack them below $1
unpack() {
	local root=$1

	shift
	download "$@" || die 1 "apt-get can't download $*"
	for deb in *.deb; do
		dpkg-deb -x "$deb" "$root" || die 1 "$deb can't be unpacked"
		rm -f "$deb"
	done
}

# This machine's settings of apt for its mirror: proxy, certificates, passwords
acquire_options() {
	local netrc netrcparts

	apt-config dump | grep -E '^Acquire::(https?|Retries|ForceIPv|Check-|Max-Valid|Min-Valid)' || :
	eval "$(apt-config shell netrc Dir::Etc::netrc/f \
		netrcparts Dir::Etc::netrcparts/d)"
	echo "Dir::Etc::netrc \"${netrc:-}\";"
	echo "Dir::Etc::netrcparts \"${netrcparts:-}\";"
}

# Print the first of this machine's mirrors that has that release of Debian,
# including a password in its address
mirror_of() {
	apt-get indextargets --format '$(REPO_URI)' "Codename: $1" \
		'Origin: Debian' 'Component: main' | head -n 1 |
		sed 's/^file:/copy:/'
}

# apt_of SUITE DIR [SUITE]... - make further calls of apt use these suites of
# Debian, with their lists in DIR, from the mirrors of this machine, but without
# this machine's lists and installed packages.  If this machine's apt has a
# source for a suite, that source is used; it may be an archive whose lists are
# not renewed any more.  APT_ARCH: another architecture than this machine's.
apt_of() {
	local dir=$2 mirror security suite own from options
	local -a sources=()

	mirror=$(mirror_of bookworm)
	# A mirror is unknown until its lists have been downloaded.
	[ -n "$mirror" ] || { apt_update && mirror=$(mirror_of bookworm); } || :
	[ -n "$mirror" ] || die 1 "apt knows no mirror of Debian"
	security=$(mirror_of bookworm-security)
	for suite in "$1" "${@:3}"; do
		options=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
		from=$mirror
		[[ $suite != *-security ]] || from=$security
		own=$(mirror_of "$suite")
		if [ -n "$own" ]; then
			from=$own
			options+=" check-valid-until=no"
		fi
		# Accept expired lists: an old kernel is better than none.
		[ -z "$from" ] || sources+=("deb [$options] $from $suite main")
	done
	mkdir -p "$dir/none" "$dir/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	printf '%s\n' "${sources[@]}" >"$dir/sources.list"
	# Prefer the newest kernels of all suites, and other packages of the
	# first suite.
	cat >"$dir/preferences" <<-PREFERENCES
		Package: linux-*
		Pin: release n=*-backports
		Pin-Priority: 600

		Package: linux-*
		Pin: release a=experimental
		Pin-Priority: 600
	PREFERENCES
	: >"$dir/apt.conf"
	[ -z "${APT_CONFIG:-}" ] ||
		echo "#include \"$APT_CONFIG\";" >"$dir/apt.conf"
	[ -z "${APT_ARCH:-}" ] || cat >>"$dir/apt.conf" <<-CONF
		APT::Architecture "$APT_ARCH";
		APT::Architectures "$APT_ARCH,amd64";
	CONF
	cat >>"$dir/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/none";
		Dir::Etc::preferences "$dir/preferences";
		Dir::Etc::preferencesparts "$dir/none";
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		Acquire::Languages "none";
		APT::Get::List-Cleanup "false";
	CONF
	export APT_CONFIG=$dir/apt.conf
	# /etc/apt/apt.conf of this machine would be read after that file.
	APT_OPTIONS+=(-o APT::Default-Release=)
	updated=
}
