#!/bin/bash
# Tests tools/common.sh on made-up machines: the programs it asks (uname,
# dpkg-query, apt-get, id, sudo) are replaced by shell functions and by a PATH
# that holds only what each test puts there.
source "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

failures=0

# expect NAME PATTERN COMMAND...: what the command says matches the pattern.
expect() {
  local name=$1 pattern=$2 output
  shift 2
  output=$("$@" 2>&1 </dev/null) || true
  [[ $output == $pattern ]] && return 0
  printf 'FAILED %s\n  expected: %s\n  got: %s\n' "$name" "$pattern" "$output"
  failures=$((failures + 1))
}

# Pretends to be Debian, with g++ alone installed and no network.
poor_debian() {
  type() { case "$2" in sudo) return 1 ;; *) return 0 ;; esac; }
  dpkg-query() { echo 'installed g++'; }
  id() { echo 0; }
  apt-get() { return 100; }
  env() { shift && "$@"; }
}

unknown_machine() {
  uname() { if [[ $1 == -s ]]; then echo Linux; else echo riscv64; fi; }
  need_machine
}
expect AForeignMachineIsRefused '*x86_64 and aarch64*riscv64' unknown_machine

no_apt() {
  type() { return 1; }
  need_packages build
}
expect WithoutAptTheFileIsNamed '*not Debian*tools/deps.txt*' no_apt

no_root() {
  poor_debian
  id() { echo 1000; }
  need_packages build
}
expect WithoutRootThePackagesAreNamed \
  '*only root*apt-get install*libabsl-dev*' no_root

no_network() {
  poor_debian
  need_packages build
}
expect WithoutNetworkItSaysSo '*package lists*is there a network?*' no_network

all_installed() {
  poor_debian
  dpkg-query() { packages_of build | sed 's/^/installed /'; }
  need_packages build && echo fine
}
expect WithEverythingThereNothingIsInstalled fine all_installed

missing_of() {
  poor_debian
  dpkg-query() { printf 'installed g++\ndeinstalled lua5.4\n'; }
  missing_packages g++ lua5.4
}
expect ARemovedPackageIsMissing lua5.4 missing_of

expect GroupsAreKeptApart 'lua5.4' \
  bash -c "source tools/common.sh; packages_of build | grep -E '^(lua5.4|clang)$'"

lua_path() {
  export "$1=$2"
  prepend_path LUA_PATH mine
}
expect AnEmptyPathKeepsLuasDefault 'mine;;' lua_path LUA_PATH ''
expect APathIsKept 'mine;theirs' lua_path LUA_PATH theirs
expect APathIsPrependedOnce 'mine;theirs' lua_path LUA_PATH 'mine;theirs'

versioned() {
  export LUA_PATH_5_4=x
  lua_variable LUA_PATH
}
expect TheVersionedVariableWins LUA_PATH_5_4 versioned

events() {
  cat <<'JSON' | awk -f "$LEV_ROOT/tools/count_tests.awk"
{"id":{"targetConfigured":{"label":"//a:lib"}},"configured":{"targetKind":"cc_library rule"}}
{"id":{"targetConfigured":{"label":"//a:good"}},"configured":{"targetKind":"cc_test rule"}}
{"id":{"targetConfigured":{"label":"//a:bad"}},"configured":{"targetKind":"sh_test rule"}}
{"id":{"targetConfigured":{"label":"//a:unbuilt"}},"configured":{"targetKind":"cc_test rule"}}
{"id":{"targetCompleted":{"label":"//a:good"}},"completed":{"success":true}}
{"id":{"targetCompleted":{"label":"//a:bad"}},"completed":{"success":true}}
{"id":{"targetCompleted":{"label":"//a:unbuilt"}},"aborted":{"reason":"ANALYSIS_FAILURE"}}
{"id":{"testSummary":{"label":"//a:good"}},"testSummary":{"overallStatus":"PASSED"}}
{"id":{"testSummary":{"label":"//a:bad"}},"testSummary":{"overallStatus":"TIMEOUT"}}
JSON
}
expect AnUnbuiltTestCountsAsFailed '1 2' events

stage() {
  LEV_ROOT=$(mktemp -d)
  LEV_STAGE="$LEV_ROOT/stage"
  mkdir -p "$LEV_STAGE" "$LEV_ROOT"/{bazel,lev/loop,lev/lua/modules}
  touch -d '2 minutes ago' "$LEV_ROOT"/{WORKSPACE,BUILD.bazel,.bazelrc}
  find "$LEV_ROOT" -exec touch -d '2 minutes ago' {} +
  touch -d '1 minute ago' "$LEV_STAGE/stamp"
  [[ -z $1 ]] || touch "$LEV_ROOT/$1"
  if stage_is_fresh; then echo fresh; else echo stale; fi
  rm -r "$LEV_ROOT"
}
expect AnUntouchedTreeIsFresh fresh stage ''
expect AChangedSourceIsBuilt stale stage lev/loop/clock.cc
expect ALuaModuleNeedsNoBuild fresh stage lev/lua/modules/a.lua

((failures == 0))
