#!/usr/bin/env bash
# Builds FerretDB, which stands in for MongoDB where that cannot be had, and prints the path of the program.
# The version is the one of ferretdb/go.mod; the sums of everything it is made of are checked. Takes a minute, once.
#
# ferretdb/standin.patch makes it stand in better: an update of a document is atomic, as MongoDB's are (without it two
# updates of one document at the same time lose one), an _id, or several, are found by their index instead of by a scan,
# of other documents only those are parsed whose text has the strings that are asked for, and a cursor that nobody reads
# to its end keeps no connection (without it a hundred of them, and nobody is ever answered again).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
version=$(awk '$2 ~ /FerretDB$/ {print $3}' "$here/ferretdb/go.mod")
home=${XDG_CACHE_HOME:-$HOME/.cache}/parley/ferretdb-$version-$(cat "$here"/ferretdb/* | sha256sum | cut -c1-8)

if ! [ -x "$home/ferretdb" ]; then
    command -v go >/dev/null || { echo "ferretdb.sh: Go is missing, or not in PATH" >&2; exit 1; }
    module=$(cd "$here/ferretdb" && go mod download -json | awk -F'"' '$2 == "Dir" {print $4}')
    mkdir -p "$home"
    work=$(mktemp -d "$home/build.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cp -r "$module" "$work/source"
    chmod -R u+w "$work/source"
    cd "$work/source"
    git apply "$here/ferretdb/standin.patch"
    printf '%s\n' "$version" >build/version/version.txt # git would tell, but a module has none
    CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$work/ferretdb" ./cmd/ferretdb
    mv "$work/ferretdb" "$home/ferretdb"
fi
echo "$home/ferretdb"
