#!/usr/bin/env bash
# Installs what the tests need and runs all of them: unit tests, the same under sanitizers, fuzz targets, system tests
# with real hosts, the quickstart. Exit 0 only if every one passed.
#
#   extras/test.sh                 everything; under 40 minutes on two cores from nothing
#   extras/test.sh unit system     only these parts: format unit asan tsan fuzz system quickstart perf
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
cd "$top"
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(format unit system quickstart perf asan tsan fuzz)
failed=()

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

build() { # build PRESET [TARGET...]
    local preset=$1
    shift
    cmake --preset "$preset" >/dev/null && cmake --build "build/$preset" ${1:+--target "$@"}
}

run_format() { git ls-files '*.cpp' '*.hpp' | xargs -r clang-format --dry-run --Werror; }
run_unit() { build release && ctest --test-dir build/release -L unit --output-on-failure; }
run_asan() {
    build asan && ASAN_OPTIONS=detect_leaks=0:abort_on_error=1 UBSAN_OPTIONS=print_stacktrace=1 \
        ctest --test-dir build/asan -L unit --output-on-failure
}
run_tsan() { build tsan concurrency_tests && ctest --test-dir build/tsan -L concurrency --output-on-failure; }
run_fuzz() { build fuzz fuzz_targets && ctest --test-dir build/fuzz -L fuzz --output-on-failure; }
run_system() { build release && SLUICE_BUILD=$top/build/release /usr/bin/python3 -m pytest -q tests/system; }
run_quickstart() { extras/quickstart.sh --batch; }
run_perf() { build release path_bench && perf/check; }

step "packages"
extras/install.sh build run test
for part in "${parts[@]}"; do
    step "$part"
    "run_$part" || failed+=("$part")
done

step "done"
if [ ${#failed[@]} -gt 0 ]; then
    echo "failed: ${failed[*]}"
    echo "$((${#parts[@]} - ${#failed[@]})) passed, ${#failed[@]} failed"
    exit 1
fi
echo "${#parts[@]} passed, 0 failed"
