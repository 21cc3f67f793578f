# SPDX-License-Identifier: GPL-2.0
#
# Included with CROSS_COMPILE=<triplet>- and SYSROOT=<root of that
# architecture>: what else is built with, and where to.

TRIPLET := $(CROSS_COMPILE:%-=%)
B := $(TOP)/build/$(TRIPLET)

CC := $(CROSS_COMPILE)gcc --sysroot=$(SYSROOT)
AR := $(CROSS_COMPILE)ar
PKG_CONFIG := env PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig \
	pkg-config
