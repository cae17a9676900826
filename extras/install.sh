#!/usr/bin/env bash
# Installs the Debian packages that the named parts need: extras/install.sh build run test
# Does nothing, and needs no network, where they are all there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

wanted() {
    local part
    for part in "$@"; do
        awk -v part="[$part]" '/^#/ {next} /^\[/ {on = ($0 == part); next} on && NF {print $1}' "$here/packages"
    done
}

missing=()
for package in $(wanted "$@"); do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "error: these packages are missing, and only root can install them: ${missing[*]}" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${#missing[@]} packages: ${missing[*]}"
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
