# shellcheck shell=bash
# Replaces the workers of a site that scripts/up started, one by one. Needs common.sh, services.sh and $DIR.
#
# In place: a worker drains and ends, and its successor gets the same command line and ports. So balancers need no other
# configuration, they see a worker that is away for a moment; the others serve meanwhile. Each is waited for until it is
# ready, and the next one is left alone when it is not.

# upgrade_workers [WORKER]: with another program than before, where one is given.
upgrade_workers() {
    local program=${1:-} name names
    exec 8>"$DIR/run/upgrade.lock"
    flock -n 8 || die "another upgrade is under way in $DIR"
    mapfile -t names < <(service_names | grep '^worker-' | sort -V)
    ((${#names[@]} > 0)) || die "no workers run in $DIR"
    for name in "${names[@]}"; do
        replace_worker "$name" "$program"
    done
}

replace_worker() {
    local name=$1 program=$2 before=() after=() url
    [[ -s $DIR/run/$name.command ]] || die "$DIR/run/$name.command is missing: the site was started by an older scripts/up"
    mapfile -d '' -t before <"$DIR/run/$name.command"
    after=("${program:-${before[0]}}" "${before[@]:1}")
    [[ -x ${after[0]} ]] || die "${after[0]} is no program"
    url=$(health_of "${after[@]}")
    # Longer than it may take to drain: it ends by itself, or something is wrong with it.
    stop_services 60 "$name"
    start_service "$name" "${after[@]}"
    if wait_ready "$name" 30 answers_ready "$url"; then
        renew_pids
        echo "$name is replaced, pid $(pid_of "$name")"
        return
    fi
    say_end "the new $name does not get ready" "$name"
    if [[ ${after[0]} != "${before[0]}" ]]; then
        stop_services 10 "$name"
        start_service "$name" "${before[@]}"
        wait_ready "$name" 30 answers_ready "$url" && say "the old one is back; nothing else was touched"
        renew_pids
    fi
    exit 1
}

answers_ready() {
    curl -fsS --max-time 2 --noproxy '*' -o /dev/null "$1"
}

# health_of COMMAND...: where the worker with this command line says whether it is ready.
health_of() {
    while (($# > 1)); do
        if [[ $1 == --http ]]; then
            printf 'http://%s/readyz\n' "$2"
            return
        fi
        shift
    done
    die "a worker without --http can't be asked whether it is ready"
}

# DIR/env names the processes that there are now.
renew_pids() {
    local pids name
    pids=$(service_names | grep '^worker-' | sort -V | while read -r name; do pid_of "$name"; done | paste -sd,)
    sed "s/^WORKER_PIDS=.*/WORKER_PIDS=$pids/" "$DIR/env" >"$DIR/env.new"
    mv "$DIR/env.new" "$DIR/env"
}

# upgrade_under_way: somebody replaces workers; that one of them is gone means nothing.
upgrade_under_way() {
    ! flock -n "$DIR/run/upgrade.lock" true
}
