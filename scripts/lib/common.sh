# shellcheck shell=bash
# What the scripts share. Source it from a script in scripts/ after `set -euo pipefail`.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# nats-server is in /usr/sbin, which is not on everybody's path.
PATH=$PATH:/usr/sbin:/sbin

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "scripts/${0##*/}: $*"
    exit 1
}

# usage_of SCRIPT: the comment block at the top of a script is its help.
usage_of() {
    awk 'NR > 1 && /^#/ { sub(/^# ?/, ""); print; next } NR > 1 { exit }' "$1"
}

# build_dir PRESET: where it is built. WCCHAT_BUILD names another folder than build/<preset>.
build_dir() {
    printf '%s\n' "${WCCHAT_BUILD:-$ROOT/build/$1}"
}

# configure_and_build PRESET: quiet when all goes well; the output of what failed otherwise.
configure_and_build() {
    local preset=$1 dir log
    dir=$(build_dir "$preset")
    say "building ($preset)"
    log=$(mktemp)
    if ! (cd "$ROOT" && cmake --preset "$preset" -B "$dir" && cmake --build "$dir") >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "the build failed"
    fi
    rm -f "$log"
}
