#!/usr/bin/env bash
# Two Linux hosts joined by a router: builds Sluice, makes the hosts as network namespaces, starts the router between
# them, sends real traffic through it, shows what it saw, and opens its shell.
#
#   extras/quickstart.sh            ends in the shell; leave it with `quit`
#   extras/quickstart.sh --batch    leaves instead; exit 0 only if all of it worked
#
# Runs as root on Debian 12. Needs no hugepages and does not touch the host's own network: the router lives in a
# namespace of its own. Everything it made is removed at the end, also when it is interrupted.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$here")
build=$top/build/release
batch=0

usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
for argument in "$@"; do
    case $argument in
        --batch) batch=1 ;;
        -h | --help) usage; exit 0 ;;
        *) echo "error: '$argument' is not understood; only --batch is" >&2; exit 2 ;;
    esac
done
if [ "$(id -u)" -ne 0 ]; then
    echo "error: network namespaces need root; run it as root" >&2
    exit 1
fi

tag=sluice-$$
lan=$tag-lan
wan=$tag-wan
router=$tag-router
work=
pids=()

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
fail() { echo "error: $*" >&2; exit 1; }

clean_up() {
    local code=$? pid
    trap - EXIT
    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    # What still runs in the namespaces was started from here: iperf3, a web server.
    for space in "$lan" "$wan" "$router"; do
        if ip netns list 2>/dev/null | grep -q "^$space\b"; then
            ip netns pids "$space" 2>/dev/null | xargs -r kill 2>/dev/null || true
            ip netns delete "$space" 2>/dev/null || true
        fi
    done
    if [ -n "$work" ]; then
        [ "$code" -eq 0 ] || { echo "--- the daemon's log:" >&2; tail -n 20 "$work/sluiced.log" >&2 2>/dev/null || true; }
        rm -rf "$work"
    fi
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || fail "$what did not happen in time"
        read -rt 0.1 <> <(:) || true
    done
}

# ------------------------------------------------------------------------------------------------------------------
step "Packages"
"$here/install.sh" build run

step "Build (minutes the first time, seconds afterwards)"
cmake --preset release -S "$top" -DBUILD_TESTING=OFF >/dev/null
cmake --build "$build" --target sluiced sluicectl plugins
export PATH=$build/bin:$PATH

# ------------------------------------------------------------------------------------------------------------------
step "Two hosts, joined only by the router"
work=$(mktemp -d)
socket=$work/api.sock
for space in "$lan" "$wan" "$router"; do
    ip netns add "$space"
    ip -n "$space" link set lo up
done
join() { # join HOST DEVICE ADDRESS GATEWAY
    ip link add "$2" netns "$router" type veth peer name eth0 netns "$1"
    ip -n "$1" address add "$3" dev eth0
    # The far end sees packets as they are on a wire: whole, with their checksums.
    ip netns exec "$1" ethtool -K eth0 tx off rx off tso off gso off gro off >/dev/null
    ip -n "$router" link set "$2" up
    ip -n "$1" link set eth0 up
    ip -n "$1" route add default via "$4"
}
join "$lan" to-lan 10.0.1.2/24 10.0.1.1
join "$wan" to-wan 10.0.2.2/24 10.0.2.1

cat >"$work/router.conf" <<CONF
add port lan device "net_af_packet0,iface=to-lan"
add port wan device "net_af_packet1,iface=to-wan"
add address lan 10.0.1.1/24
add address wan 10.0.2.1/24
set interface lan state up
set interface wan state up
CONF
cat "$work/router.conf"
ip netns exec "$router" sluiced --config "$work/router.conf" --socket "$socket" 2>"$work/sluiced.log" &
pids+=($!)
ctl() { sluicectl --socket "$socket" "$@"; }
wait_for 20 "the start of sluiced" ctl -c 'show version'
ctl -c 'show version'

# ------------------------------------------------------------------------------------------------------------------
on_lan() { ip netns exec "$lan" "$@"; }
on_wan() { ip netns exec "$wan" "$@"; }

step "ping"
wait_for 10 "an answer to ping" on_lan ping -c 1 -W 1 10.0.2.2
ctl -c 'trace add ethernet-input 4'
on_lan ping -c 5 -i 0.2 -W 2 10.0.2.2

step "iperf3"
on_wan iperf3 -s -1 >"$work/iperf3.log" 2>&1 &
pids+=($!)
wait_for 10 "iperf3's listening" on_wan sh -c "ss -ltn | grep -q ':5201 '"
on_lan iperf3 -c 10.0.2.2 -t 3 | tail -n 4

step "curl"
mkdir "$work/www"
head -c 4000000 /dev/urandom >"$work/www/file"
on_wan python3 -m http.server --directory "$work/www" --bind 10.0.2.2 8080 >"$work/web.log" 2>&1 &
pids+=($!)
wait_for 10 "the web server's listening" on_wan sh -c "ss -ltn | grep -q ':8080 '"
on_lan curl -sS --max-time 30 -o "$work/got" -w 'fetched %{size_download} bytes at %{speed_download} B/s\n' \
    http://10.0.2.2:8080/file
cmp "$work/www/file" "$work/got" || fail "the file came through changed"

step "NAT: wan has no way back to lan any more, and sees the router's address"
ip -n "$wan" route del default
for line in 'add nat44 pool home' 'add nat44 interface-address home wan' \
    'set interface lan nat44 inside' 'set interface wan nat44 outside'; do
    echo "$line"
    ctl -c "$line"
done
on_lan ping -c 2 -i 0.2 -W 2 10.0.2.2
on_lan curl -sS --max-time 30 -o "$work/got" -w 'fetched %{size_download} bytes at %{speed_download} B/s\n' \
    http://10.0.2.2:8080/file
cmp "$work/www/file" "$work/got" || fail "the file came through changed"
wait_for 10 "a request from 10.0.2.1" grep -q '^10\.0\.2\.1 ' "$work/web.log"
ctl -c 'show nat44 sessions'

# ------------------------------------------------------------------------------------------------------------------
for command in 'show interface' 'show route' 'show neighbor' 'show runtime' 'show trace 2' 'show graph'; do
    step "sluicectl -c '$command'"
    ctl -c "$command"
done

if [ $batch -eq 1 ]; then
    step "All of it worked"
    exit 0
fi
step "The shell: try 'show errors', 'show route', '?'; the hosts are the namespaces $lan and $wan"
ctl || true
