# shellcheck shell=bash
# npm's packages, exactly as a package-lock.json has them. Needs common.sh.

# npm_install FOLDER: what FOLDER/package-lock.json lists, in FOLDER/node_modules; at once when it is there already.
npm_install() {
    local folder=$1 mark=$1/node_modules/.wcchat-installed log
    ! cmp -s "$folder/package-lock.json" "$mark" || return 0
    say "installing npm's packages of ${folder#"$ROOT/"}"
    log=$(mktemp)
    if ! (cd "$folder" && npm ci --no-audit --no-fund --no-update-notifier) >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "npm ci failed in $folder"
    fi
    rm -f "$log"
    cp "$folder/package-lock.json" "$mark"
}

# build_web OUT: writes the site of web/ into OUT, when it is older than a source of it.
build_web() {
    local out=$1 log newer=none
    npm_install "$ROOT/web"
    [[ ! -e $out/index.html ]] ||
        newer=$(find "$ROOT/web" "$ROOT"/docs/*.yaml -newer "$out/index.html" -not -path "$ROOT/web/test*" -print -quit)
    [[ -n $newer ]] || return 0
    log=$(mktemp)
    if ! node "$ROOT/web/build.mjs" "$out" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "building the web app failed"
    fi
    rm -f "$log"
}
