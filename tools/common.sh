# What the tools share: sourced by them, never run. What a tool says about its
# work goes to stderr; stdout is for what was asked for.

set -euo pipefail

LEV_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
LEV_STAGE="$LEV_ROOT/.build/stage"
LEV_MODULES="$LEV_ROOT/lev/lua/modules"

say() { printf 'lev: %s\n' "$*" >&2; }

die() {
  say "$@"
  exit 1
}

# --- The machine ------------------------------------------------------------

need_machine() {
  [[ $(uname -s) == Linux ]] || die "only Linux is supported, not $(uname -s)"
  case "$(uname -m)" in
    x86_64 | aarch64) ;;
    *) die "only x86_64 and aarch64 are supported, not $(uname -m)" ;;
  esac
}

# --- Packages ---------------------------------------------------------------

# The packages of deps.txt in the given groups.
packages_of() {
  awk -v wanted=" $* " '
    /^\[/ { on = index(wanted, " " substr($1, 2, length($1) - 2) " "); next }
    on && NF && !/^#/ { print $1 }' "$LEV_ROOT/tools/deps.txt"
}

# Those of the given packages that are not installed.
missing_packages() {
  local format='${db:Status-Status} ${Package}\n' installed package
  installed=$(dpkg-query -W -f="$format" "$@" 2>/dev/null || true)
  for package; do
    [[ $'\n'$installed$'\n' == *$'\ninstalled '"$package"$'\n'* ]] ||
      echo "$package"
  done
}

# Runs a command as root, if there is a way to.
as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif [[ -t 0 && -t 2 ]]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -y --no-install-recommends install "$@" >&2
}

# Makes sure that the packages of the given groups are installed.
need_packages() {
  local missing hint
  type -P dpkg-query apt-get >/dev/null ||
    die "this is not Debian (no apt-get): install by hand what is named in" \
      "tools/deps.txt, then build with Bazel"
  mapfile -t missing < <(missing_packages $(packages_of "$@"))
  ((${#missing[@]})) || return 0
  hint="apt-get install --no-install-recommends ${missing[*]}"
  [[ $(id -u) == 0 ]] || type -P sudo >/dev/null ||
    die "packages are missing, and only root can install them: $hint"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  apt_install "${missing[@]}" && return 0
  say "not found or out of date: fetching the package lists, trying again"
  as_root apt-get -qq update >&2 || say "the package lists were not updated"
  apt_install "${missing[@]}" ||
    die "could not install them (is there a network?); by hand: $hint"
}

# --- Bazel ------------------------------------------------------------------

# Bazel, in the project, wherever we are called from.
lev_bazel() {
  local startup=()
  if [[ -z ${HOME:-} || ! -w $HOME ]]; then
    startup=(--output_user_root="${TMPDIR:-/tmp}/lev-bazel-$(id -u)")
    export HOME="${HOME:-/}"
  fi
  (cd "$LEV_ROOT" && exec bazel "${startup[@]}" "$@")
}

# Options that keep a build's output short. Into a log, progress goes as a line
# now and then.
quiet_options() {
  echo --ui_event_filters=-info
  [[ -t 2 ]] || echo --show_progress_rate_limit=15
}

# True if the staged files are newer than everything they are made from. This
# costs milliseconds, where asking Bazel costs seconds if its server is asleep.
stage_is_fresh() {
  local stamp="$LEV_STAGE/stamp"
  [[ -e $stamp ]] || return 1
  (
    cd "$LEV_ROOT"
    [[ -z $(find WORKSPACE BUILD.bazel .bazelrc bazel lev -newer "$stamp" \
      -not -path 'lev/lua/modules*' -print -quit) ]]
  )
}

# Builds the program and the Lua module, optimised, into $LEV_STAGE:
# bin/lev and lib/lua/5.4/lev.so.
need_stage() {
  local out
  need_machine
  need_packages build
  stage_is_fresh && return 0
  say "building (the first time takes some minutes)"
  mkdir -p "$LEV_STAGE"
  touch "$LEV_STAGE/next_stamp"
  lev_bazel build --config=opt $(quiet_options) \
    //lev/lua:lev //lev/lua:lev.so >&2 || die "the build failed"
  out="$(lev_bazel info --config=opt bazel-bin 2>/dev/null)/lev/lua"
  install -D -m 755 "$out/lev" "$LEV_STAGE/bin/lev"
  install -D -m 755 "$out/lev.so" "$LEV_STAGE/lib/lua/5.4/lev.so"
  # The sources may have changed meanwhile: fresh is what was there before.
  mv "$LEV_STAGE/next_stamp" "$LEV_STAGE/stamp"
}

# --- Lua's search paths -----------------------------------------------------

# Lua prefers the variable with its version in the name, if that is set.
lua_variable() {
  local versioned="$1_5_4"
  if [[ -n ${!versioned+set} ]]; then echo "$versioned"; else echo "$1"; fi
}

# Puts the templates $2 before what the variable $1 holds, or before Lua's
# default path (";;") if it holds nothing.
prepend_path() {
  local old="${!1:-}"
  case "$old" in
    "") echo "$2;;" ;;
    "$2;"*) echo "$old" ;;
    *) echo "$2;$old" ;;
  esac
}

lua_module_templates() { echo "$LEV_MODULES/?.lua;$LEV_MODULES/?/init.lua"; }

lua_library_templates() { echo "$LEV_STAGE/lib/lua/5.4/?.so"; }
