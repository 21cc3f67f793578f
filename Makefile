# SPDX-License-Identifier: GPL-2.0
#
#   make                 the command, and the module where this kernel's
#                        headers are
#   make modules [KDIR=<kernel build tree>]
#   make install [DESTDIR= PREFIX=], and uninstall
#   make modules_install [KDIR= INSTALL_MOD_PATH=]
#   make dkms-install [DESTDIR=] [KVER=<kernel release>]
#
# Below, a Debian kernel boots in QEMU; what is missing here is installed from
# Debian's packages.  KERNEL=6.1 (default), 5.10, 6.12, 6.12-cloud, 6.12-rt, 7
# (the newest 7.x of trixie-backports, sid or experimental) or 7-rt;
# 6.1-arm64 is for shell and check-core.
#
#   make demo [GUEST=linux]
#   make shell           a prompt in the machine, module and tools loaded
#   make check [TESTS='datapath/* bats/*']
#   make check-core      those of its tests that concern the module itself
#   make check-matrix    each kernel, and one table of the results
#   make check-arch      the module and its ABI on arm64, armhf and s390x, built
#   make check-long      what takes longer
#   make check-soak [FRAMES=2000000 ROUNDS=500] millions of frames while all that
#                        can happen does; real NICs that are removed; suspend
#   make check-debug [KERNEL=6.1|7]  in a kernel that looks after itself, built
#                        for it; or KERNEL=6.1 CONFIG=kcsan, for data races,
#                        or CONFIG=kmsan, for uninitialised memory
#   make bench           what a frame costs, how long RTNL is held, what the
#                        daemon takes
#   make lint            user space through sanitizers and linters
#   make fuzz [SECONDS=30] its parsers under a fuzzer, so long
#   make memcheck        its unit tests under valgrind
#   make fuzz-kernel [SECONDS=180] the module under a fuzzer, so long; KERNEL
#                        may also be a kernel's build tree
#   make sparse          the module through sparse

KERNEL ?= 6.1
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
DESTDIR ?=
INCLUDEDIR ?= $(PREFIX)/include
VM := selftests/vm
QUIETLY := $(MAKE) --no-print-directory -s
MODULE_VERSION := $(shell sed -n \
	's/^PACKAGE_VERSION="\(.*\)"/\1/p' dkms.conf)

# What is given on this command line reaches the other makefiles by the
# environment only: TESTS, for one, means something else there.
MAKEOVERRIDES :=
# Kbuild heeds these only from the command line.
FOR_KBUILD := $(foreach v,W V C CC LLVM,\
	$(if $(filter command%,$(origin $v)),$v='$($v)'))
# It is given from here, and used elsewhere.
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
	install -D -m 0644 include/uapi/linux/stabletap.h \
		$(DESTDIR)$(INCLUDEDIR)/linux/stabletap.h

uninstall:
	$(MAKE) -C userspace uninstall
	rm -f $(DESTDIR)$(INCLUDEDIR)/linux/stabletap.h

# Kbuild leaves depmod out where there is no System.map, as in Debian's headers.
modules_install: modules
	$(MAKE) -C kmod KDIR="$(KDIR)" $(FOR_KBUILD) modules_install
	depmod $(if $(INSTALL_MOD_PATH),-b "$(INSTALL_MOD_PATH)") \
		"$$(sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
		"$(KDIR)/include/generated/utsrelease.h")"

# DKMS keeps the source below /usr/src, whatever PREFIX is.
dkms-install:
ifeq ($(DESTDIR),)
	@command -v dkms >/dev/null || { \
		echo "dkms is missing: apt-get install dkms linux-headers-amd64"; \
		exit 1; \
	}
endif
	@rm -rf "$(DESTDIR)/usr/src/stabletap-$(MODULE_VERSION)"
	@find kmod include dkms.conf COPYING -type f \( -name '*.[chS]' \
		! -name '*.mod.c' -o -name Makefile -o -name Kbuild \
		-o -name dkms.conf -o -name COPYING \) | while read -r file; do \
		install -D -m 0644 "$$file" \
		"$(DESTDIR)/usr/src/stabletap-$(MODULE_VERSION)/$$file" || \
		exit 1; \
	done
ifeq ($(DESTDIR),)
	@if dkms status stabletap/$(MODULE_VERSION) | grep -q .; then \
		dkms remove stabletap/$(MODULE_VERSION) --all; \
	fi
	dkms add stabletap/$(MODULE_VERSION)
	dkms install $(if $(KVER),-k $(KVER)) stabletap/$(MODULE_VERSION)
endif

# The rest needs packages and kernels, so they come first, one at a time.
prepare:
	$(VM)/prepare $(KERNEL)

# All that .ci/run wants: to have it before a machine shares it
prepare-all:
	$(VM)/prepare $(FOR_LINT) $(FOR_LONG) --also sparse

# Everything that a machine is to run
machine: prepare
	@$(VM)/cross $(KERNEL) >/dev/null
	$(VM)/build-module --strict $(KERNEL)
	$(QUIETLY) -C userspace $(CROSS)
	rm -rf build/root
	$(QUIETLY) -C userspace install DESTDIR="$(CURDIR)/build/root" \
		PREFIX=/usr $(CROSS)
	$(QUIETLY) -C selftests $(CROSS)

# How, where the machine is of another architecture
CROSS = $(shell $(VM)/cross $(KERNEL) 2>/dev/null)

check: machine
	$(QUIETLY) -C userspace tests
	@selftests/check --kernel $(KERNEL) $(TESTS_QUOTED)

# The module's own tests
check-core: machine
	@selftests/check --core --kernel $(KERNEL)

# Each kernel, and one table.  README.md's is made from it: MATRIX=--readme
check-matrix:
	@selftests/matrix $(MATRIX)

# Other architectures: the module is built for each, and the ABI is the same.
check-arch:
	@selftests/vm/check-arch

check-long: machine
	$(QUIETLY) -C userspace tests
	$(VM)/prepare $(FOR_LONG) $(KERNEL)
	@selftests/check --long --kernel $(KERNEL) $(TESTS_QUOTED)

check-soak: machine
	$(VM)/prepare --openvswitch --also libteam-utils $(KERNEL)
	$(QUIETLY) -C userspace SAN=1
	@FRAMES=$(FRAMES) ROUNDS=$(ROUNDS) selftests/check --soak \
		--kernel $(KERNEL) $(TESTS_QUOTED)

# The kernel's configuration: debug, kcsan or kmsan
CONFIG ?= debug
check-debug:
	@$(QUIETLY) machine KERNEL=$(KERNEL)-$(CONFIG)
	$(QUIETLY) -C userspace tests
	@selftests/check-debug $(KERNEL)-$(CONFIG) $(TESTS_QUOTED)

# The patterns are for check, not for the shell.
TESTS_QUOTED := $(patsubst %,'%',$(TESTS))

bench: machine
	@selftests/bench/run --kernel $(KERNEL)
	@selftests/bench/rtnl --kernel $(KERNEL)
	@selftests/check --long --kernel $(KERNEL) 'icount/*'

demo:
	@GUEST=$(GUEST) KERNEL=$(KERNEL) selftests/demo/run

shell: prepare
	$(VM)/build-module $(KERNEL)
	$(QUIETLY) -C userspace $(CROSS)
	@$(VM)/run --kernel $(KERNEL) --nics --tty --timeout 0 -- $(VM)/shell

# What compilers, sanitizers and linters have to say about user space
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
		userspace/tests/memcheck userspace/completion/*

FOR_FUZZ := --also clang --also libclang-rt-14-dev
FOR_LINT := --also clang-tidy --also mandoc --also shellcheck $(FOR_FUZZ)
FOR_LONG := --services --rocker --also valgrind --also socat \
	--also dnsmasq-base

fuzz:
	$(VM)/prepare $(FOR_FUZZ) $(KERNEL)
	$(QUIETLY) -C selftests/fuzz
	@selftests/fuzz/run $(SECONDS)

# What is not a path is a kernel that can be prepared.
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

clean:
	rm -rf build
	find kmod -type f \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '*.symvers' \
		-o -name modules.order \) -delete

.PHONY: all userspace modules install uninstall modules_install dkms-install \
	prepare prepare-all machine check check-core check-matrix check-arch \
	check-long check-soak check-debug bench demo shell lint fuzz \
	fuzz-kernel memcheck sparse clean
.NOTPARALLEL:
