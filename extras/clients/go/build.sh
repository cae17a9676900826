#!/usr/bin/env bash
# Builds the Go client and its programs with Debian's packages only, without a network:
#
#   extras/clients/go/build.sh [DIRECTORY]      build/clients/go where it is left out
#
# The programs are then DIRECTORY/watch_events and DIRECTORY/load_routes; code generated from the .proto files is in
# DIRECTORY/gopath/src/sluice/pb.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../../.." && pwd)
mkdir -p "${1:-$top/build/clients/go}"
out=$(cd "${1:-$top/build/clients/go}" && pwd)
source=$out/gopath/src
mkdir -p "$source/sluice"
# What an earlier .proto file left would be declared twice.
rm -rf "$source/sluice/pb"

# The .proto files name no Go package, since that is a matter of whoever generates: all of them make one.
cd "$top"
protos=(api/proto/*.proto vnet/proto/*.proto)
options=()
for proto in "${protos[@]}"; do
    options+=("--go_opt=M$proto=sluice/pb" "--go-grpc_opt=M$proto=sluice/pb")
done
protoc -I . "--go_out=$source" "--go-grpc_out=$source" "${options[@]}" "${protos[@]}"

for package in client watch_events load_routes; do
    ln -sfn "$here/$package" "$source/sluice/$package"
done
export GO111MODULE=off GOFLAGS='' GOPATH=$out/gopath:/usr/share/gocode GOCACHE=${GOCACHE:-$out/cache}
for program in watch_events load_routes; do
    go vet "sluice/$program"
    go build -o "$out/$program" "sluice/$program"
done
go vet sluice/client
go test sluice/client
