# Sourced by ops/test and ops/demo: `build_dev TARGET...` configures and builds the dev preset in build/dev.

build_dev() {
  # Objects from another checkout of the same sources are found again.
  export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR=1
  local log
  if ! log=$(cmake --preset dev 2>&1); then
    echo "$log" >&2
    return 1
  fi
  cmake --build --preset dev ${1:+--target "$@"}
}
