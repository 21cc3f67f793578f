#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
#
# What is in packaging/, as far as it can be checked without building anything.
# packaging-long.bats builds the packages and the module of the image.

bats_require_minimum_version 1.5.0

TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd -P)
VERSION=$(sed -n 's/^Version: *//p' "$TOP/META")
SPEC=$TOP/packaging/rpm/stabletap.spec
KMM=$TOP/packaging/kmm

# Print a field of the spec
field() {
	sed -n "s/^$1: *//p" "$SPEC" | head -n 1
}

@test "the spec says what META says" {
	[ "$(field Name)" = "$(sed -n 's/^Name: *//p' "$TOP/META")" ]
	[ "$(field Version)" = "$VERSION" ]
	[ "$(field License)" = \
		"$(sed -n 's/^License: *//p' "$TOP/META")-only" ]
	[[ $(sed -n '/^%changelog/,$s/^\* .* - //p' "$SPEC" | head -n 1) == \
		"$VERSION"-[0-9]* ]]
}

@test "the Module's image and source have META's version" {
	grep -q "containerImage: .*:$VERSION-" "$KMM/module.yaml"
	grep -q "value: .*/stabletap-$VERSION\.tar\.xz\$" "$KMM/module.yaml"
}

@test "the Module has only fields that KMM knows, and the Containerfile declares its variables" {
	"$BATS_TEST_DIRNAME/check-kmm" "$KMM/module.yaml" "$KMM/Containerfile"
}

# refused FROM TO FILE - check-kmm must refuse the file with that change
refused() {
	local file=$BATS_TEST_TMPDIR/${3##*/}

	sed "s|$1|$2|" "$3" >"$file"
	run -1 cmp -s "$3" "$file"
	run -1 "$BATS_TEST_DIRNAME/check-kmm" "$file"
	[[ $output == "check-kmm: "* ]]
}

@test "what KMM would refuse is found" {
	refused moduleName: modulName: "$KMM/module.yaml"
	refused 'v1beta1' v1 "$KMM/module.yaml"
	refused '-${KERNEL_FULL_VERSION}"' '"' "$KMM/module.yaml"
	# In a comment
	refused 'keySecret' key "$KMM/module.yaml"
	refused 'opt/lib' lib "$KMM/module.yaml"
	refused '^ARG SOURCE' '' "$KMM/Containerfile"
	refused 'from=builder' from=build "$KMM/Containerfile"
}

@test "KMM gets the kernels that dkms builds for" {
	local regexp release

	regexp=$(sed -n "s/^ *- regexp: '\(.*\)'\$/\1/p" "$KMM/module.yaml")
	# shellcheck disable=SC1091
	. "$TOP/dkms.conf"
	for release in 4.18.0-553.el8.x86_64 5.4.0 5.9.16 5.10.0-46-amd64 \
		5.14.0-570.el9.x86_64 6.12.0-55.el10.x86_64 6.1.0-56-amd64 \
		7.3.4-200.fc44.x86_64 8.0.1 10.2.0; do
		[[ $release =~ $BUILD_EXCLUSIVE_KERNEL ]] && want=0 || want=1
		[[ $release =~ $regexp ]] && has=0 || has=1
		[ $want = $has ]
	done
}

@test "the module is not built for the image without the kernel's headers" {
	local module=$BATS_TEST_TMPDIR/opt

	KDIR=$BATS_TEST_TMPDIR run -1 "$KMM/build" 1.2.3 "$module"
	[ "$output" = "build: $BATS_TEST_TMPDIR has no build tree of kernel 1.2.3" ]
	[ ! -e "$module" ]
}

# Make a small tree with packaging/dist, in a commit of the given time
small_tree() {
	mkdir -p "$1/packaging"
	cp "$TOP/META" "$TOP/.gitignore" "$1"
	cp "$TOP/packaging/dist" "$1/packaging"
	echo one >"$1/file"
	GIT_AUTHOR_DATE="@$2 +0000" GIT_COMMITTER_DATE="@$2 +0000" \
		bash -c 'cd "$1" && git init -q && git add . &&
		git -c user.name=n -c user.email=m commit -q -m c' - "$1"
}

@test "make dist gives the same bytes for the same commit" {
	local archive=build/stabletap-$VERSION.tar.xz one=$BATS_TEST_TMPDIR/one
	local two=$BATS_TEST_TMPDIR/two

	small_tree "$one" 1000000000
	cp -r "$one" "$two"
	[ "$("$one/packaging/dist" 2>&1)" = "$archive" ]
	find "$two" -type f ! -path '*/.git/*' -exec touch {} +
	(umask 077 && TZ=Asia/Tokyo XZ_OPT=-9e "$two/packaging/dist")
	cmp "$one/$archive" "$two/$archive"
	# The second run overwrites the archive, and does not pack it.
	"$one/packaging/dist"
	cmp "$one/$archive" "$two/$archive"
	TZ=UTC tar -tvf "$one/$archive" >"$BATS_TEST_TMPDIR/list"
	[ "$(grep -c ' 2001-09-09 01:46 ' "$BATS_TEST_TMPDIR/list")" = \
		"$(wc -l <"$BATS_TEST_TMPDIR/list")" ]
	sed 's/.* //' "$BATS_TEST_TMPDIR/list" | LC_ALL=C sort -c
	grep -q "^-rwxr-xr-x root/root .* stabletap-$VERSION/packaging/dist\$" \
		"$BATS_TEST_TMPDIR/list"
}

@test "make dist packs changes, says so, and leaves the index alone" {
	local tree=$BATS_TEST_TMPDIR/tree archive=build/stabletap-$VERSION.tar.xz

	small_tree "$tree" 1000000000
	echo two >"$tree/file"
	echo new >"$tree/new"
	run -0 --separate-stderr "$tree/packaging/dist"
	# shellcheck disable=SC2154
	[ "$stderr" = "dist: packing files that are not in a commit" ]
	[ "$(tar -xOf "$tree/$archive" "stabletap-$VERSION/file")" = two ]
	[ "$(tar -xOf "$tree/$archive" "stabletap-$VERSION/new")" = new ]
	[ "$(git -C "$tree" status --short)" = " M file"$'\n'"?? new" ]
	# In an unpacked archive, there is no repository.
	rm -rf "$tree/.git"
	"$tree/packaging/dist"
	[ "$(tar -xOf "$tree/$archive" "stabletap-$VERSION/file")" = two ]
	! tar -tf "$tree/$archive" | grep -q /build/
}
