# shellcheck shell=bash
# Installs what scripts/packages lists and the machine lacks. Needs common.sh.

# packages_of GROUP...: names, one a line.
packages_of() {
    local group
    for group in "$@"; do
        awk -v group="$group" '$1 == group { print $2 }' "$ROOT/scripts/packages"
    done
}

# have_package NAME: installed, or another installed package stands in for it (provides it).
have_package() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# have_instead PACKAGE: the machine has what the package is for from elsewhere, such as a Node of its own.
have_instead() {
    case $1 in
    nodejs) command -v node >/dev/null ;;
    npm) command -v npm >/dev/null ;;
    *) false ;;
    esac
}

missing_packages() {
    local name
    for name in $(packages_of "$@"); do
        have_package "$name" || have_instead "$name" || printf '%s\n' "$name"
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "packages are missing, and without root or sudo they can't be installed: $*"
    fi
}

# A Redis or NATS server that Debian's package would start must not: ours are private ones. invoke-rc.d asks this file.
POLICY=/usr/sbin/policy-rc.d

forbid_services() {
    [[ -e $POLICY ]] && return 1
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

# install_packages GROUP...
install_packages() {
    local missing forbidden=no failed=no
    command -v dpkg-query >/dev/null || die "this is no Debian: install what scripts/packages lists, and use --no-install"
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || return 0
    say "installing ${missing[*]}"
    if forbid_services; then
        forbidden=yes
        # shellcheck disable=SC2064  # the path as it is now
        trap "as_root rm -f '$POLICY'" EXIT
    fi
    apt_get update && apt_get install "${missing[@]}" || failed=yes
    if [[ $forbidden == yes ]]; then
        as_root rm -f "$POLICY"
        trap - EXIT
    fi
    [[ $failed == no ]] || die "installing packages failed"
}

apt_get() {
    local log
    log=$(mktemp)
    local options=(-q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    [[ $1 == install ]] && options+=(--no-install-recommends)
    if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$@" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
