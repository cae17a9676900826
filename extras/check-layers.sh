#!/usr/bin/env bash
# The directions of dependence: graph <- vnet <- plugins; api beside them knows none; sluicectl knows only api; a plugin
# includes no other plugin. Prints each wrong include and fails.
set -uo pipefail
cd "$(dirname "$0")/.."
wrong=0

# forbid FOLDER PATTERN: no file below FOLDER includes what matches.
forbid() {
    local found
    found=$(grep -rnE "#include \"($2)" --include='*.hpp' --include='*.cpp' "$1")
    if [ -n "$found" ]; then
        echo "$1 must not include ($2):"
        echo "$found"
        wrong=1
    fi
}

forbid graph 'vnet|plugins|api|cli|perf'
forbid vnet 'plugins|cli|perf'
forbid api 'graph|vnet|plugins|cli|perf'
forbid plugins 'cli|perf'
forbid cli/sluicectl 'graph|vnet|plugins|cli/sluiced|perf'
for plugin in plugins/*/; do
    name=$(basename "$plugin")
    [ "$name" = host ] && continue
    # The host is what loads plugins; their tests may use its test bench.
    others=$(find plugins -mindepth 1 -maxdepth 1 -type d ! -name "$name" ! -name host -printf 'plugins/%f|')
    forbid "plugins/$name" "${others}plugins/host/[^t]"
done
exit $wrong
