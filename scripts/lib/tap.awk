# Counts the tests in TAP output, of Node (nested by four spaces) and of cmocka: prints passed, failed, skipped.
# A test with tests inside counts only when it failed though none of them did.

# The diagnosis below a result ends with dots as far in as it began.
/^ *---$/ && end == "" { end = $0; sub(/---/, "...", end) }
end != "" {
    if ($0 == end)
        end = ""
    next
}

/^ *(not )?ok [0-9]+/ {
    match($0, /^ */)
    level = int(RLENGTH / 4)
    inside = results[level + 1]
    inside_failed = failures[level + 1]
    results[level + 1] = failures[level + 1] = 0
    results[level] += inside + 1

    bad = $0 ~ /^ *not ok/
    if ($0 ~ / # (SKIP|TODO)/) {
        if (!inside)
            skipped++
        bad = 0
    } else if (bad && (!inside || !inside_failed)) {
        failed++
    } else if (!bad && !inside) {
        passed++
    }
    failures[level] += inside_failed + bad
}

/^(not )?ok [0-9]+/ { top++ }

# What a plan promised at the outermost level and did not come has failed, as after a crash.
/^1\.\.[0-9]+/ {
    split($0, plan, /\.\./)
    planned += plan[2]
}

END {
    if (planned > top)
        failed += planned - top
    printf "%d %d %d\n", passed, failed, skipped
}
