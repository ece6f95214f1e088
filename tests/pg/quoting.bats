#!/usr/bin/env bats
# Identifiers and constants are quoted as libpq quotes them.

load ../lib/common

@test "quoting: equal to libpq's with a server that knows UTF-8, bad bytes too" {
	run -0 "$BUILD/unit/test_quoting"
	[[ $output == *'# a server knows UTF-8'* ]]
}
