#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Exit 0 only if every one passed.
#
#   extras/test.sh                 everything; about 35 minutes on two cores with a warm compiler cache, 15 more without
#   extras/test.sh asan system     only these parts
#
# house       formatting, and who may include whom
# quickstart  the release build, two hosts joined by a router
# system      real hosts in network namespaces around the release build
# perf        the path benchmark runs and prints what it should; no path takes more instructions than its budget;
#             a load goes through a real sluiced by memif
# package     the installed product: what is in it, plugins from outside the tree against it
# asan        every unit test, under AddressSanitizer and UBSan
# tsan        the tests of what threads share, under ThreadSanitizer
# fuzz        every fuzz target, ten seconds each
# unit        every unit test of the release build (asan runs the same ones; not part of everything)
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
cd "$top"
parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(house quickstart system perf package asan tsan fuzz)
failed=()

# Of tests, two at once anywhere: most wait for something, and more would wait for a core.
run_tests() { ctest --test-dir "build/$1" -L "$2" -j 2 --output-on-failure; }

step() { printf '\n== %s (%d s)\n' "$*" "$SECONDS"; }

# One at a time in a folder: what is being built ahead is waited for.
build() { # build PRESET [TARGET...]
    local preset=$1
    shift
    mkdir -p build
    (
        flock 9
        cmake --preset "$preset" >/dev/null && cmake --build "build/$preset" ${1:+--target "$@"}
    ) 9>"build/$preset.lock"
}
build_asan() { build asan; }
build_tsan() { build tsan concurrency_tests; }
build_fuzz() { build fuzz fuzz_targets; }

# System tests wait more than they work. What the cores have left meanwhile goes into what is built later anyway; whatever fails
# here fails again, and is told, where it is wanted.
ahead=
build_ahead() { # build_ahead PART...
    [ -z "$ahead" ] || return 0
    # In a process group of its own, which ends as one.
    set -m
    (
        renice -n 19 "$BASHPID" >/dev/null
        for part in "$@"; do
            if [[ $part =~ ^(asan|tsan|fuzz)$ ]]; then "build_$part"; fi
        done
    ) >/dev/null 2>&1 &
    ahead=$!
    set +m
}
stop_ahead() { [ -z "$ahead" ] || kill -- "-$ahead" 2>/dev/null || true; }
trap stop_ahead EXIT

run_house() { extras/check-layers.sh && git ls-files '*.cpp' '*.hpp' | xargs -r clang-format --dry-run --Werror; }
build_product() { build release sluiced sluicectl plugins; }
run_unit() { cmake --preset release -DBUILD_TESTING=ON >/dev/null && build release && run_tests release unit; }
run_asan() {
    build_asan && LSAN_OPTIONS=suppressions=$here/lsan.supp:print_suppressions=0 UBSAN_OPTIONS=print_stacktrace=1 \
        run_tests asan unit
}
run_tsan() {
    build_tsan && TSAN_OPTIONS=suppressions=$here/tsan.supp run_tests tsan concurrency
}
run_fuzz() { build_fuzz && run_tests fuzz fuzz; }
run_system() {
    cmake --preset release -DBUILD_TESTING=ON >/dev/null &&
        build release sluiced sluicectl plugins docs routes_bench plugin_pass plugin_crash \
            hostile_plugins &&
        build_ahead "${parts[@]}" &&
        SLUICE_BUILD=$top/build/release /usr/bin/python3 -m pytest -q -n 2 --dist loadfile tests/system
}
run_package() {
    cmake --preset release -DBUILD_TESTING=ON >/dev/null && build release product || return 1
    SLUICE_BUILD=$top/build/release /usr/bin/python3 -m pytest -q tests/package
}
run_quickstart() { extras/quickstart.sh --batch; }
run_perf() {
    build release path_bench memif_load sluiced sluicectl plugins || return 1
    local path figures
    for path in $(build/release/bin/path_bench --list | awk '{print $1}'); do
        figures=$(build/release/bin/path_bench --path "$path" --seconds 0.2 --format json) || return 1
        echo "$figures"
        /usr/bin/python3 -c 'import json, sys; run = json.load(sys.stdin); assert run["nodes"] and run["dropped"] == 0' \
            <<<"$figures" || return 1
    done
    /usr/bin/python3 -m pytest -q perf && perf/check_budget.py
}

step "packages"
extras/install.sh build clients run test
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
