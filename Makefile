# SPDX-License-Identifier: GPL-2.0
#
#   make                 build the command and the daemon, and the module if the
#                        running kernel's headers are installed
#   make modules [KDIR=<kernel build tree>]
#   make install [DESTDIR= PREFIX=], and uninstall
#   make modules_install [KDIR= INSTALL_MOD_PATH=]
#   make dkms-install [DESTDIR=] [KVER=<kernel release>], and dkms-uninstall
#   make deb [SUITE=bookworm]  build Debian packages, in build/deb
#   make dist            write build/stabletap-<version>.tar.xz
#
# The targets below install the Debian packages that they need.  Most of them
# boot a Debian kernel in QEMU: KERNEL=6.1 (default), 5.10, 6.12, 6.12-cloud,
# 6.12-rt, 7 (the newest 7.x of trixie-backports, sid or experimental), 7-rt,
# or, for shell and check-core only, 6.1-arm64.
#
#   make demo [GUEST=linux]  show a guest that keeps its network when its NIC
#                        is deleted, and draw it: build/demo/demo.svg
#   make shell           open a shell in the machine, with module and tools
#   make check [TESTS='datapath/* bats/*']  run the tests
#   make check-core      run only the tests of the module itself
#   make check-matrix    run the tests on each kernel, and print one table
#   make check-arch      build the module for arm64, armhf and s390x, and
#                        compare the ABI
#   make check-long      run the tests that take longer
#   make check-install [SUITES='bookworm trixie'] [MACHINES='guest ...']  install
#                        in machines that boot these releases of Debian, and test
#                        there: see selftests/install/check
#   make check-soak [FRAMES=2000000 ROUNDS=500]  send millions of frames while
#                        the configuration changes; remove emulated NICs;
#                        suspend the machine
#   make check-debug [KERNEL=6.1|7]  run the tests in a kernel with debugging
#                        options, which is built first; or KERNEL=6.1 with
#                        CONFIG=kcsan (data races) or CONFIG=kmsan
#                        (uninitialised memory)
#   make bench           measure the cost of a frame, how long RTNL is held, and
#                        the processor time of the daemon
#   make bench DEVICE=eth0 PEER=eth1  measure packets per second on a NIC of this
#                        host; PEER is at the other end of its cable
#   make bench-profile [FRAME='send 60 fd port-bridge macvtap-bridge']  show
#                        which functions execute the instructions of a frame
#   make bench-check     check that a frame costs no more than its goals allow,
#                        on 6.1 and 6.12
#   make bench-blocked [CELL='CAUSE PEER' TRIALS=5]  measure for how long a
#                        guest's network is blocked by a change below it, for
#                        ports and for other setups; BLOCKED=--readme also
#                        writes the tables and the plot into the documentation
#   make lint            check user space with sanitizers and linters
#   make fuzz [SECONDS=30]  fuzz the parsers of user space, each so long
#   make memcheck        run the unit tests of user space under valgrind
#   make fuzz-kernel [SECONDS=180]  fuzz the module; KERNEL may also be a
#                        kernel's build tree
#   make sparse          check the module with sparse
#   make rpm             build RPM packages in build/rpm, and run rpmlint

KERNEL ?= 6.1
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=
VM := selftests/vm
QUIETLY := $(MAKE) --no-print-directory -s

# Do not pass variables of this command line on to the other makefiles' command
# lines: TESTS, for example, has another meaning there.
MAKEOVERRIDES :=
# Kbuild reads these variables only from its command line.
FOR_KBUILD := $(foreach v,W V C CC LLVM,\
	$(if $(filter command%,$(origin $v)),$v='$($v)'))
# KDIR is relative to this directory, but is used in others.
override KDIR := $(abspath $(KDIR))

all: userspace
	@if [ -e "$(KDIR)/Makefile" ]; then \
		$(MAKE) modules; \
	else \
		echo "No headers of the running kernel in $(KDIR): no module;" \
			"make modules KDIR=<kernel build tree> makes one."; \
	fi

userspace:
	$(MAKE) -C userspace

modules:
	$(MAKE) -C kmod KDIR="$(KDIR)" $(FOR_KBUILD)

install: userspace
	$(MAKE) -C userspace install

uninstall:
	$(MAKE) -C userspace uninstall

# Kbuild skips depmod if there is no System.map, as in Debian's headers.
modules_install: modules
	$(MAKE) -C kmod KDIR="$(KDIR)" $(FOR_KBUILD) modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b "$(INSTALL_MOD_PATH)") \
		"$$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		"$(KDIR)/include/generated/utsrelease.h")"

# For a kernel that is not running: KVER=<kernel release>
dkms-install:
	@DESTDIR="$(DESTDIR)" KVER="$(KVER)" packaging/dkms install

dkms-uninstall:
	@DESTDIR="$(DESTDIR)" packaging/dkms uninstall

# Build Debian packages in a clean root of a release of Debian: build/deb/SUITE
SUITE ?= bookworm
deb:
	@packaging/deb/build $(SUITE)

# The source archive: the same bytes for the same commit
dist:
	@packaging/dist

# All targets below need packages and kernels, which "prepare" installs first.
# .NOTPARALLEL keeps two of them from running at once.
prepare:
	$(VM)/prepare $(KERNEL)

# Everything that .ci/run needs.  It must be installed before a machine runs,
# because the machines share the host's root.
prepare-all:
	$(VM)/prepare $(FOR_CHECK) $(FOR_LINT) $(FOR_LONG) $(FOR_BENCH) \
		--also sparse

# Build everything that runs in a machine
machine: prepare
	@$(VM)/cross $(KERNEL) >/dev/null
	$(VM)/build-module --strict $(KERNEL)
	$(QUIETLY) -C userspace $(CROSS)
	rm -rf build/root
	$(QUIETLY) -C userspace install DESTDIR="$(CURDIR)/build/root" \
		PREFIX=/usr $(CROSS)
	$(QUIETLY) -C selftests $(CROSS)

# make variables for a machine of another architecture
CROSS = $(shell $(VM)/cross $(KERNEL) 2>/dev/null)

check: machine
	$(QUIETLY) -C userspace tests
	$(VM)/prepare $(FOR_CHECK) $(KERNEL)
	@selftests/check --kernel $(KERNEL) $(TESTS_QUOTED)

# The module's own tests
check-core: machine
	@selftests/check --core --kernel $(KERNEL)

# MATRIX=--readme also writes the table into Documentation/kernels.md.
check-matrix:
	@selftests/matrix $(MATRIX)

# Build the module for other architectures, and check that the ABI is the same.
check-arch:
	@selftests/vm/check-arch

check-long: machine
	$(QUIETLY) -C userspace tests
	$(VM)/prepare $(FOR_LONG) $(KERNEL)
	@selftests/check --long --kernel $(KERNEL) $(TESTS_QUOTED)

# Install the Debian packages in machines of their own
check-install:
	$(VM)/prepare --also lintian --also mmdebstrap $(KERNEL)
	@selftests/install/check $(MACHINES:%=--machine %) $(SUITES)

check-soak: machine
	$(VM)/prepare --openvswitch --also libteam-utils $(KERNEL)
	$(QUIETLY) -C userspace SAN=1
	@FRAMES=$(FRAMES) ROUNDS=$(ROUNDS) selftests/check --soak \
		--kernel $(KERNEL) $(TESTS_QUOTED)

# Configuration of the kernel: debug, kcsan or kmsan
CONFIG ?= debug
check-debug:
	@$(QUIETLY) machine KERNEL=$(KERNEL)-$(CONFIG)
	$(QUIETLY) -C userspace tests
	$(VM)/prepare $(FOR_CHECK) $(KERNEL)-$(CONFIG)
	@selftests/check-debug $(KERNEL)-$(CONFIG) $(TESTS_QUOTED)

# Quoted, so that selftests/check gets the patterns unexpanded
TESTS_QUOTED := $(patsubst %,'%',$(TESTS))

# Build what the benchmark runs
bench-programs: machine
	$(VM)/prepare $(FOR_BENCH) $(KERNEL)
	$(QUIETLY) -C selftests/bench

# BENCH=--readme also writes the tables into README.md and Documentation/.
ifneq ($(DEVICE),)
bench:
	$(VM)/prepare $(FOR_BENCH) $(KERNEL)
	$(QUIETLY) -C selftests/bench
	@selftests/bench/wall $(DEVICE) $(PEER)
else
bench: bench-programs
	@selftests/bench/run --kernel $(KERNEL) $(BENCH)
	@selftests/bench/rtnl --kernel $(KERNEL)
	@selftests/check --long --kernel $(KERNEL) 'icount/*'
endif

# FRAME: what is compared, see selftests/bench/profile
bench-profile: bench-programs
	$(VM)/prepare --plugin $(KERNEL)
	$(QUIETLY) -C selftests/bench plugin
	@selftests/bench/profile --kernel $(KERNEL) $(FRAME)

bench-check:
	$(QUIETLY) bench-programs KERNEL=6.1
	$(QUIETLY) machine KERNEL=6.12
	@selftests/bench/check 6.1 6.12

# For how long a guest's network is blocked; CELL: see selftests/blocked/run
TRIALS ?= 5
bench-blocked:
	$(VM)/prepare --openvswitch --also gnuplot-nox $(KERNEL)
	$(VM)/build-module --strict $(KERNEL)
	$(QUIETLY) -C userspace
	@selftests/blocked/run --kernel $(KERNEL) --trials $(TRIALS) $(BLOCKED) \
		$(CELL)

# DEMO=--readme also writes the drawing to Documentation/demo.svg.
demo:
	@GUEST=$(GUEST) KERNEL=$(KERNEL) selftests/demo/run $(DEMO)

shell: prepare
	$(VM)/build-module $(KERNEL)
	$(QUIETLY) -C userspace $(CROSS)
	@$(VM)/run --kernel $(KERNEL) --nics --tty --timeout 0 -- $(VM)/shell

lint:
	$(VM)/prepare $(FOR_LINT) $(KERNEL)
	$(MAKE) -C userspace WERROR=1
	$(MAKE) -C userspace WERROR=1 SAN=1 check
	$(MAKE) -C userspace tidy lint
	$(QUIETLY) -C selftests/fuzz WERROR=1
	selftests/fuzz/run --corpus
	shellcheck -S warning $$(grep -lE '^#!.*(bash|sh)$$' .ci/run \
		$$(find selftests -type f)) selftests/bats/*.bats \
		selftests/host/*.bats selftests/vmm/*.bats selftests/sriov/*.bats \
		userspace/tests/memcheck userspace/tests/tidy \
		userspace/completion/* \
		packaging/dist packaging/dkms packaging/*/build \
		userspace/systemd/host selftests/install/*.bats \
		selftests/install/*.bash selftests/install/*.sh

FOR_CHECK := --monitoring
FOR_BENCH := --also liburing-dev --also gnuplot-nox
FOR_FUZZ := --also clang --also libclang-rt-14-dev
FOR_LINT := --also clang-tidy --also mandoc --also shellcheck $(FOR_FUZZ)
FOR_RPM := --also rpm --also rpmlint
FOR_LONG := --services --rocker --also valgrind --also socat \
	--also dnsmasq-base --also shellcheck $(FOR_RPM)

fuzz:
	$(VM)/prepare $(FOR_FUZZ) $(KERNEL)
	$(QUIETLY) -C selftests/fuzz
	@selftests/fuzz/run $(SECONDS)

# KERNEL is a kernel's build tree if it has a slash; it then needs no prepare.
fuzz-kernel:
	$(VM)/prepare $(if $(findstring /,$(KERNEL)),6.1,$(KERNEL))
	$(VM)/build-module --strict --kcov $(KERNEL)
	$(QUIETLY) -C selftests/kfuzz WERROR=1
	@selftests/kfuzz/run --kernel $(KERNEL) $(SECONDS)

memcheck:
	$(VM)/prepare --also valgrind $(KERNEL)
	$(QUIETLY) -C userspace memcheck

sparse:
	$(VM)/prepare --also sparse $(KERNEL)
	$(VM)/build-module --strict --sparse $(KERNEL)

rpm:
	$(VM)/prepare $(FOR_RPM) $(KERNEL)
	@packaging/rpm/build build/rpm
	@rpmlint -c packaging/rpm/rpmlint.toml packaging/rpm/stabletap.spec \
		build/rpm/RPMS/*/*.rpm build/rpm/SRPMS/*.rpm

clean:
	rm -rf build
	find kmod -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.symvers' \
		-o -name modules.order \
		-o -name probed.h -o -path 'kmod/probe-*' \) -delete

.PHONY: all userspace modules install uninstall modules_install dkms-install \
	dkms-uninstall deb \
	prepare prepare-all machine check check-core check-matrix check-arch \
	check-long check-install check-soak check-debug bench bench-programs bench-profile \
	bench-check bench-blocked demo shell lint fuzz \
	fuzz-kernel memcheck sparse dist rpm clean
.NOTPARALLEL:
