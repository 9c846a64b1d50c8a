#!/usr/bin/env bash
# Sees to it that the engine has the images that the tests, the Dockerfile and docker-compose.yml name. One that it lacks
# is pulled; where that fails, an image of the same name is built from Debian's packages. Its label `parley.standin`
# says what it is. Needs a Docker engine, and to build: root, debootstrap, Go.
#
# usage: .ci/images.sh [IMAGE...]    all of them if none is named; prints a line for each
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
home=${XDG_CACHE_HOME:-$HOME/.cache}/parley
suite=bookworm # has Redis 7
packages=ca-certificates,nginx-light,python3,python3-pip,python3-venv,redis-server,wget
export DOCKER_BUILDKIT=0

# Prints the mirror that this machine's apt uses, nothing if it has none for Debian.
mirror() {
    {
        cat /etc/apt/sources.list.d/debian.sources 2>/dev/null | awk '/^URIs:/ {print $2}'
        cat /etc/apt/sources.list 2>/dev/null | awk '/^deb / {print $2}'
    } | head -1
}

# Prints the file of the certificates that this machine trusts, as images made here have to.
trusted() {
    python3 -c '
import os, ssl
paths = ssl.get_default_verify_paths()
print(paths.cafile or os.path.join(paths.capath, "ca-certificates.crt"))'
}

# Imports Debian with every package, from the cache if it is there.
base() {
    docker image inspect parley/base >/dev/null 2>&1 && return
    local tree=$home/base-$suite.tar
    if ! [ -f "$tree" ]; then
        mkdir -p "$home"
        work=$(mktemp -d "$home/base.XXXXXX")
        trap 'rm -rf --one-file-system "$work"' EXIT
        debootstrap --variant=minbase --include="$packages" "$suite" "$work/debian" "$(mirror)" >"$work/log" 2>&1 ||
            { tail -5 "$work/log" >&2; return 1; }
        (cd "$work/debian/var" && rm -rf cache/apt/archives/*.deb lib/apt/lists/*)
        cp "$(trusted)" "$work/debian/etc/ssl/certs/host.crt"
        tar -C "$work/debian" --one-file-system -cf "$work/tree" .
        mv "$work/tree" "$tree"
    fi
    docker import "$tree" parley/base >/dev/null
}

# Builds an image from the Dockerfile on standard input; its context is the directory $3, or nothing.
build() {
    local image=$1 what=$2 context=${3:-}
    [ -n "$context" ] || { context=$(mktemp -d); local ours=$context; }
    {
        cat
        echo "LABEL parley.standin=\"$what\""
    } | docker build --quiet --tag "$image" --file - "$context" >/dev/null 2>&1
    [ -z "${ours:-}" ] || rmdir "$ours"
}

installed() { docker run --rm parley/base dpkg-query -W -f '${Version}' "$1"; }

redis() {
    build "$1" "Debian's Redis $(installed redis-server)" <<'D'
FROM parley/base
WORKDIR /data
EXPOSE 6379
CMD ["redis-server", "--protected-mode", "no"]
D
}

nginx() {
    build "$1" "Debian's nginx $(installed nginx)" <<'D'
FROM parley/base
RUN ln -sf /dev/stdout /var/log/nginx/access.log && ln -sf /dev/stderr /var/log/nginx/error.log
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]
D
}

python() {
    build "$1" "Debian's Python $(installed python3)" <<'D'
FROM parley/base
RUN ln -sf python3 /usr/bin/python && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
ENV PIP_CERT=/etc/ssl/certs/host.crt SSL_CERT_FILE=/etc/ssl/certs/host.crt
CMD ["python3"]
D
}

mongo() {
    local program
    program=$("$here/ferretdb.sh")
    build "$1" "$("$program" --version | awk '/^version:/ {print "FerretDB " $2}') on SQLite, not MongoDB" \
        "$(dirname "$program")" <<'D'
FROM parley/base
COPY ferretdb /usr/local/bin/ferretdb
RUN mkdir -p /data/db
VOLUME /data/db
EXPOSE 27017
CMD ["ferretdb", "--handler=sqlite", "--sqlite-url=file:/data/db/", "--state-dir=/data/db", \
     "--listen-addr=0.0.0.0:27017", "--debug-addr=-", "--telemetry=disable", "--log-level=warn"]
D
}

[ $# -gt 0 ] || set -- redis:7-alpine mongo:7 nginx:alpine python:3.12-slim
label() { docker image inspect --format '{{index .Config.Labels "parley.standin"}}' "$1" 2>/dev/null; }

for image; do
    # a stand-in is built again: that takes no time, unless what it is made of has changed
    if [ -n "$(label "$image")" ] ||
        { ! docker image inspect "$image" >/dev/null 2>&1 &&
            ! timeout "${PULL_TIMEOUT:-60}" docker pull --quiet "$image" >/dev/null 2>&1; }; then
        base
        "${image%%:*}" "$image"
    fi
    standin=$(label "$image")
    echo "image $image: ${standin:-the real one}${standin:+ (stand-in)}"
done
