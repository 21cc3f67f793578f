# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034
#
# Shared by the scripts here: the kernels, paths, and error messages.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
CACHE=${STABLETAP_CACHE:-/var/cache/stabletap}

# The known kernels, and for each the end of the names of its meta packages
# (linux-image-..., linux-headers-...).
declare -A KERNEL_META=([5.10]=amd64 [6.1]=amd64 [6.12]=6.12-amd64
			[6.12-cloud]=6.12-cloud-amd64 [6.12-rt]=6.12-rt-amd64
			[7]=amd64 [7-rt]=rt-amd64)
# The suites of Debian that have a kernel, if this machine's own suite has not.
# The first suite supplies the compiler and the C library.  Of several choices
# ("|") the one with the newest kernel is taken.
SUITES_OF_7="trixie trixie-backports|sid|sid experimental"
declare -A KERNEL_SUITES=([5.10]="bullseye bullseye-security"
			  [7]=$SUITES_OF_7 [7-rt]=$SUITES_OF_7)

# Debian's names of the architectures of other kernels, which are of this
# machine's suite.  The module is cross-built for them; those in MACHINES can be
# booted.
declare -A KERNEL_ARCH=([6.1-arm64]=arm64 [6.1-armhf]=armhf
			[6.1-s390x]=s390x)
KERNEL_META+=([6.1-arm64]=arm64 [6.1-armhf]=armmp [6.1-s390x]=s390x)
# Prefixes of the names of their compilers and libraries
declare -A TRIPLETS=([amd64]=x86_64-linux-gnu [arm64]=aarch64-linux-gnu
		     [armhf]=arm-linux-gnueabihf [s390x]=s390x-linux-gnu)
MACHINES="amd64 arm64"

# kernel_arch KERNEL - print its architecture.  A path is a kernel for this
# machine.
kernel_arch() {
	echo "${KERNEL_ARCH[$1]:-amd64}"
}

# kernel_boots KERNEL - true if a machine can boot it
kernel_boots() {
	[[ " $MACHINES " == *" $(kernel_arch "$1") "* ]]
}

# kernel_root KERNEL - for another architecture, the root that prepare has made:
# libraries to link with, and programs for the machine
kernel_root() {
	echo "$CACHE/kernels/$1/root"
}

# The directory in which the programs for a kernel's machine are built: bin/,
# selftests/
kernel_programs() {
	local arch

	arch=$(kernel_arch "$1")
	if [ "$arch" = amd64 ]; then
		echo "$TOP/build"
	else
		echo "$TOP/build/${TRIPLETS[$arch]}"
	fi
}

# The kernels that are built here from Debian's source, and the release of
# Debian that has the source package; empty for this machine's.  The part after
# the dash is the configuration (see build-kernel).
declare -A BUILT_FROM=([6.1-debug]="" [6.1-kcsan]="" [6.1-kmsan]=""
		       [7-debug]=trixie-backports)

# The factor by which the debug kernels are slower than Debian's.  All time
# limits of the tests are multiplied by it.
slowness() {
	case $1 in
	*-debug|*-kcsan|*-kmsan) echo "${STABLETAP_SLOW:-4}" ;;
	*)			echo "${STABLETAP_SLOW:-1}" ;;
	esac
}

# Memory of a machine that runs tests, MiB. KASAN uses an eighth of it, and more
# for its quarantine; KMSAN uses two thirds.
test_memory() {
	case $1 in
	*-kmsan)		echo 6144 ;;
	*-debug|*-kcsan)	echo 3072 ;;
	*)			echo 2048 ;;
	esac
}

say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	local status=$1

	shift
	say "$*"
	exit "$status"
}

# kernel_release KERNEL - the release of an unpacked kernel, for example
# 6.1.0-56-amd64
kernel_release() {
	cat "$CACHE/kernels/$1/release"
}

# kernel_build KERNEL - the build tree for its modules, as in-root sees it
kernel_build() {
	local dir

	dir=usr/src/linux-headers-$(kernel_release "$1") || return
	if [ -d "$CACHE/kernels/$1/build" ]; then
		echo "/$dir"
	else
		echo "$CACHE/kernels/$1/$dir"
	fi
}

# The emulated processor: an old model is fastest.  With rdrand the kernel need
# not wait for entropy.
export CPU_EMULATED=qemu64,+rdrand,+ssse3,+sse4.1,+sse4.2,+popcnt

# machine_of ARCHITECTURE - set the variables of its emulated machine: emulator,
# machine (options for QEMU), cpu, console, and append (the kernel's command
# line)
machine_of() {
	case $1 in
	amd64)
		emulator=(qemu-system-x86_64)
		machine=(-M q35)
		cpu=$CPU_EMULATED
		console=ttyS0
		append="tsc=reliable no_timer_check" ;;
	arm64)
		emulator=(qemu-system-aarch64)
		machine=(-M "virt,gic-version=3")
		cpu=cortex-a57
		console=ttyAMA0
		append="" ;;
	*)
		return 1 ;;
	esac
}

# Patterns that must not occur in a kernel's log
SPLATS='\] RIP:|Call [Tt]race|Internal error|BUG:|WARNING:|Oops|Kernel panic|KASAN|KCSAN|KMSAN|UBSAN'
SPLATS+='|general protection fault|[Uu]nable to handle'
SPLATS+='|possible recursive locking|inconsistent lock state|possible circular'
SPLATS+='|possible irq lock inversion|suspicious RCU usage|held lock freed'
SPLATS+='|bad unlock balance|lock held when returning|DEBUG_LOCKS_WARN_ON'
SPLATS+='|scheduling while atomic|sleeping function called'
SPLATS+='|ref_tracker|refcount_t:|unreferenced object|new suspected memory leaks'
# A detector that has given up finds nothing any more.
SPLATS+='|memory leak detector disabled|turning off the locking correctness'
SPLATS+='|waiting for .* to become free|Objects remaining|[Bb]ad page'
SPLATS+='|list_(add|del) corruption|page allocation failure|Out of memory'
SPLATS+='|rcu.*(stalls? on|stall ended|starved|self-detected)'
SPLATS+='|soft lockup|hard LOCKUP|blocked for more than|NETDEV WATCHDOG'

# KCSAN reports data races of the whole kernel.  This removes from a log the
# reports in which the module has no unmarked access (one without READ_ONCE() or
# the like).  In a report the line below an access names the function that made
# it.  Lines of other complaints that another processor printed in the midst of a
# report are kept.
without_races_of_others() {
	LC_ALL=C awk '
		/BUG: KCSAN: / {
			report = $0
			ours = access = 0
			next
		}
		report == "" || /Call [Tt]race|BUG:|WARNING:|Oops|Kernel panic/ {
			print
			next
		}
		{
			report = report "\n" $0
			if (access && /\[stabletap\]/)
				ours = 1
			access = / to 0x[0-9a-f]+ of [0-9]+ bytes by / && !/\(marked/
		}
		/==========/ {
			if (ours)
				print report
			report = ""
			ours = 0
		}
		# The log may be read while a report is being printed.  Its rest
		# is in the whole log, which is read when the machine has ended.
		END {
			if (ours)
				print report
		}'
}

# Print the parts of a kernel's log that match, each with some lines of context.
kernel_log_splats() {
	# The kernel's command line has some of the words too. ref_tracker logs
	# its own failed allocation, which fault injection causes.  A byte that
	# is no text must not hide the rest.
	LC_ALL=C grep -avE 'ommand line:|ref_tracker: memory allocation failure' \
		"$1" |
		without_races_of_others |
		LC_ALL=C grep -aE -B 5 -A 60 -- "$SPLATS" | head -n 300
}

# Set newer_qemu, the command for a QEMU that emulates a NIC with virtual
# functions (8.0 or newer); prepare has unpacked it with its libraries.
newer_qemu() {
	local root=$CACHE/qemu

	newer_qemu=("$root/usr/lib64/ld-linux-x86-64.so.2" --library-path
		    "$root/usr/lib/x86_64-linux-gnu"
		    "$root/usr/bin/qemu-system-x86_64"
		    -L "$root/usr/share/qemu" -L "$root/usr/share/seabios")
}

# The tests of the module itself, for when a run of all tests takes too long
CORE_TESTS=('uapi/*' 'datapath/*' 'survive/*' 'robust/*' vmm/smoke)

# units KIND [PATTERN]... - print the tests as dir/name, those with the longest
# time limit first.  KIND is empty for make check; for make check-long --long (C
# tests), --long-bats, --icount and --sriov (in a machine that counts
# instructions, or has virtual functions); for make check-soak --soak,
# --machine and --removal.  Matches selftests/Makefile.
units() {
	local kind=$1 source name pattern

	shift
	[ $# -gt 0 ] || set -- '*'
	for source in "$TOP"/selftests/*/*.c "$TOP"/selftests/*/*.bats; do
		name=${source#"$TOP"/selftests/}
		case $name in
		lib/*|vm/*|host/*|bench/*|blocked/*|fuzz/*|kfuzz/*|kunit/*|demo/*|install/*|\
		'*'*|*'/*.'*)
			continue ;;
		icount/*|sriov/*|soak/*|machine/*|removal/*)
			[ "$kind" = "--${name%%/*}" ] || continue ;;
		*-long.bats)
			[ "$kind" = --long-bats ] || continue ;;
		*-long.*)
			[ "$kind" = --long ] || continue ;;
		*)
			[ -z "$kind" ] || continue ;;
		esac
		name=${name%.*}
		for pattern; do
			# shellcheck disable=SC2053
			if [[ $name == $pattern ]]; then
				echo "$(time_limit "$source") $name"
				break
			fi
		done
	done | sort -s -k 1,1nr | cut -d ' ' -f 2
}

# A test can set its time limit by a comment: "vm-timeout: 1800".
time_limit() {
	local limit

	limit=$(sed -n '1,40s/.*vm-timeout: *\([0-9]*\).*/\1/p' "$1")
	echo "${limit:-1200}"
}
