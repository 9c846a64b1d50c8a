#!/usr/bin/env bash
# Starts a Docker engine of our own, with everything that it has and does in DIRECTORY, and prints its DOCKER_HOST.
# It is as good as one that was there: the tests reach it through testcontainers. Needs root, and apt where the engine
# is not installed. Whoever asked for it ends it: kill "$(cat DIRECTORY/pid)".
#
# usage: .ci/engine.sh DIRECTORY
set -euo pipefail
directory=$1
host=unix://$directory/docker.sock

for program in docker dockerd debootstrap iptables; do
    command -v "$program" >/dev/null && continue
    apt-get update -qq
    # RUNLEVEL=1: installed, and not started as a service
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker.io debootstrap iptables
    break
done >"$directory/apt.log" 2>&1 || { tail -3 "$directory/apt.log" >&2; exit 1; }

# Succeeds once the engine answers, and fails when it has ended or takes too long.
answers() {
    for _ in $(seq 60); do
        DOCKER_HOST=$host docker version >/dev/null 2>&1 && return
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.5
    done
    return 1
}

# The second needs no overlay file system, the third no packet filter: ports then go through Docker's own proxy.
for options in "--storage-driver=overlay2" "--storage-driver=vfs" "--storage-driver=vfs --iptables=false"; do
    setsid dockerd $options --host "$host" --data-root "$directory/data" --exec-root "$directory/run" \
        --pidfile "$directory/dockerd.pid" >"$directory/dockerd.log" 2>&1 </dev/null &
    engine=$!
    echo "$engine" >"$directory/pid"
    if answers "$engine"; then
        echo "$host"
        exit
    fi
    kill "$engine" 2>/dev/null || true
    wait "$engine" 2>/dev/null || true
    rm "$directory/pid"
    echo "engine.sh: dockerd $options did not start: $(tail -1 "$directory/dockerd.log")" >&2
done
exit 1
