# Sourced by the benches that pull from a simulated account in another process.
program="${TRAILHOUSE_PROGRAM:-${CARGO_TARGET_DIR:-target}/release/trailhouse}"
home="$(mktemp -d)"
service=
trap 'if [ -n "$service" ]; then kill "$service" 2> /dev/null || true; fi; rm -rf "$home"' EXIT

# Starts the account with the arguments given, and waits until it answers. What it printed is read by `told`.
start_account() {
    "$program" simulate --port 0 "$@" > "$home/service" &
    service=$!
    until grep -q '^[a-z_]*token: ' "$home/service"; do
        kill -0 "$service" || { echo "$program simulate ended before it listened" >&2; exit 1; }
        sleep 0.1
    done
}

# What the account told under a name: `told token`.
told() {
    sed -n "s/^$1: //p" "$home/service"
}

# The program on the home of this bench.
trailhouse() {
    "$program" --config "$home/trailhouse.toml" --dir "$home/data" "$@"
}

# One command under GNU time, after its name: wall-clock time, processor time, peak resident memory.
timed() {
    /usr/bin/time -f "$1: %e s, %U s of processor, %M KiB at most" \
        "$program" --config "$home/trailhouse.toml" --dir "$home/data" "${@:2}"
}
