#!/bin/bash
# tests/consumer/test.sh
#
# Tests lev as others use it: in a workspace of their own, one room at a time.
# Not a Bazel test, for it runs Bazel: tools/test calls it when it runs all.
#   1. No room's targets depend on more than ARCHITECTURE's table allows.
#   2. The programs of this workspace, one a room, build and run with nothing
#      but lev_dependencies() and none of lev's flags.
# Its Bazel keeps its output beside that of lev's, and stops soon afterwards.
source "$(dirname "${BASH_SOURCE[0]}")/../../tools/common.sh"

failures=0

fail() {
  say "consumer: $*"
  failures=$((failures + 1))
}

# What the targets $1 depend on, tools and toolchains aside.
closure() {
  lev_bazel query --noimplicit_deps --notool_deps --keep_going \
    $(quiet_options) --noshow_progress "deps($1)" 2>/dev/null
}

# expect_closure TARGETS ALLOWED...: all that TARGETS need is allowed, where
# ALLOWED are prefixes of labels.
expect_closure() {
  local targets=$1 label prefix found=0
  shift
  while read -r label; do
    found=1
    for prefix; do
      [[ $label != "$prefix"* ]] || continue 2
    done
    fail "$targets depends on $label"
  done < <(closure "$targets")
  ((found)) || fail "Bazel does not know $targets"
}

# room NAME ALLOWED...: a room that has targets needs itself and what is
# allowed.
room() {
  local name=$1
  shift
  ! grep -qs "name = " "$LEV_ROOT/lev/$name/BUILD.bazel" ||
    expect_closure "//lev/$name/..." "//lev/$name" @com_google_absl "$@"
}

check_closures() {
  local streams=(//lev/net:{error,io_result,memory_stream,replay_stream,stream})
  room loop @liburing
  expect_closure //lev/loop @com_google_absl //lev/loop
  room task //lev/loop
  room net //lev/loop //lev/task @c_ares
  expect_closure //lev/net @com_google_absl //lev/net //lev/loop @c_ares
  room file //lev/loop //lev/net @liburing
  room tls //lev/loop //lev/task //lev/net @openssl
  expect_closure //lev/tls @com_google_absl //lev/tls "${streams[@]}" @openssl
  room proc //lev/loop //lev/task //lev/net @c_ares
  expect_closure //lev/proc @com_google_absl //lev/proc //lev/loop //lev/net
  room observe //lev/loop //lev/task @nlohmann_json
  room testing //lev/loop //lev/task //lev/net //lev/proc //lev/observe \
    @c_ares @nlohmann_json
  expect_closure //lev/net:stream @com_google_absl "${streams[@]}"
  expect_closure //lev/net:socket @com_google_absl "${streams[@]}" \
    //lev/net:{address,datagram,fd_stream,multicast,net_interface,owned_fd} \
    //lev/net:{socket,tcp_socket,unix_socket,without_sigpipe} \
    //lev/loop:{clock,fd_readiness}
}

check_programs() {
  (
    LEV_ROOT="$LEV_ROOT/tests/consumer"
    lev_bazel --max_idle_secs=30 test --keep_going $(quiet_options) //... >&2
  ) || fail "the programs of tests/consumer fail"
}

check_closures
check_programs
((failures == 0)) || die "consumer: $failures failed"
say "consumer: all is well"
