# shellcheck shell=bash
# TCP ports. Needs common.sh, and AUTO_PORTS=yes or no.

# port_in_use PORT: somebody listens there.
port_in_use() {
    awk -v suffix="$(printf ':%04X' "$1")" '
        $4 == "0A" && substr($2, length($2) - 4) == suffix { found = 1 }
        END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# random_port: a free one that the kernel does not give to outgoing connections.
random_port() {
    local low high port
    read -r low high </proc/sys/net/ipv4/ip_local_port_range
    while :; do
        port=$((10240 + (RANDOM * 32768 + RANDOM) % 54000))
        ((port < low || port > high)) || continue
        port_in_use "$port" || break
    done
    printf '%s\n' "$port"
}

# choose_port DEFAULT: that one, or any with --ports auto.
choose_port() {
    if [[ $AUTO_PORTS == yes ]]; then
        random_port
        return
    fi
    ! port_in_use "$1" || die "port $1 is in use; end what listens there, or use --ports auto"
    printf '%s\n' "$1"
}
