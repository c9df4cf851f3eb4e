# shellcheck shell=bash
# Processes of a site in $DIR: started in the background, known by run/NAME.pid ("PID STARTTIME"), logging to
# log/NAME.log. Needs common.sh and $DIR.

declare -A LOG_FROM=() # how long a service's log was when it was started

# started_at PID: the kernel's start time, which together with the pid is never used again. Fails for a process that is
# gone, or is only waited for.
started_at() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -ra fields <<<"${stat##*) }" # from field 3 on: the name in field 2 may hold spaces
    [[ ${fields[0]} != Z ]] || return 1
    printf '%s\n' "${fields[19]}"
}

# pid_of NAME: fails when the service isn't running, or the pid is by now somebody else's. A start that is empty is of one that had
# ended before it was looked at.
pid_of() {
    local pid start
    [[ -s $DIR/run/$1.pid ]] || return 1
    read -r pid start <"$DIR/run/$1.pid"
    [[ $pid =~ ^[0-9]+$ && -n $start && $(started_at "$pid") == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

write_pid() {
    printf '%s %s\n' "$2" "$(started_at "$2")" >"$DIR/run/$1.pid"
}

# running NAME...: true when one of them is.
running() {
    local name
    for name in "$@"; do
        if pid_of "$name" >/dev/null; then
            return 0
        fi
    done
    return 1
}

# service_names: of all that have a pid file, in the order in which they are to be stopped.
service_names() {
    local file name
    for file in "$DIR"/run/{worker-*,haproxy,nginx,nats,redis}.pid; do
        name=${file##*/}
        [[ ! -e $file ]] || printf '%s\n' "${name%.pid}"
    done
}

# start_service NAME COMMAND...: its command line is kept in run/NAME.command, for scripts/lib/upgrade.sh. In a session of its own, so that a Ctrl-C meant for the script does not reach it.
start_service() {
    local name=$1 log=$DIR/log/$1.log
    shift
    touch "$log"
    LOG_FROM[$name]=$(stat -c %s "$log")
    printf '%s\0' "$@" >"$DIR/run/$name.command"
    setsid "$@" >>"$log" 2>&1 </dev/null 8>&- 9>&- &
    write_pid "$name" $!
    disown # its end is told by say_end, not by the shell
}

# new_log NAME: what it has logged since start_service.
new_log() {
    tail -c "+$((${LOG_FROM[$1]:-0} + 1))" "$DIR/log/$1.log"
}

# wait_ready NAME SECONDS PROBE...: until the probe succeeds. Fails when the service ends or the time is over.
wait_ready() {
    local name=$1 deadline=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        running "$name" || return 1
        ((SECONDS < deadline)) || return 1
        sleep 0.05
    done
}

# say_end WHAT NAME: says it, with the last lines of a service's log.
say_end() {
    say "$1; the end of $DIR/log/$2.log:"
    new_log "$2" | tail -n 25 | sed 's/^/    /' >&2
}

# give_up NAME: says why a service did not come up.
give_up() {
    local why="did not get ready"
    running "$1" || why="ended"
    say_end "$1 $why" "$1"
    exit 1
}

# stop_services SECONDS NAME...: all at once; what has not ended in time is killed.
stop_services() {
    local deadline=$((SECONDS + $1)) name pid
    shift
    for name in "$@"; do
        if pid=$(pid_of "$name"); then
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    while running "$@" && ((SECONDS < deadline)); do
        sleep 0.05
    done
    for name in "$@"; do
        if pid=$(pid_of "$name"); then
            say "$name (pid $pid) did not end in time: killed"
            kill -KILL "$pid" 2>/dev/null || true
        fi
        rm -f "$DIR/run/$name.pid"
    done
}

# stop_site: workers first, that everybody is told through the balancers; then those, then what all stand on.
stop_site() {
    local names
    rm -f "$DIR/env"
    mapfile -t names < <(service_names | grep '^worker-')
    stop_services 30 "${names[@]}"
    stop_services 10 haproxy nginx
    [[ ! -e $DIR/run/nats.pid ]] || stop_services 10 nats
    [[ ! -e $DIR/run/redis.pid ]] || stop_services 30 redis
}
