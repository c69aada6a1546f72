# Sourced by ops/test and ops/demo: `build_dev TARGET...` configures and builds the dev preset in build/dev.

build_dev() {
  # Objects from another checkout of the same sources are found again.
  export CCACHE_BASEDIR="${CCACHE_BASEDIR:-$PWD}" CCACHE_NOHASHDIR=1
  if ! cmake --preset dev > build-configure.log 2>&1; then
    cat build-configure.log >&2
    rm -f build-configure.log
    return 1
  fi
  rm -f build-configure.log
  cmake --build --preset dev ${1:+--target "$@"}
}
