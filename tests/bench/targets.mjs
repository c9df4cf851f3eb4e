// Targets in words.
const WORDS = {
    delivered_per_cpu_s: 'delivered per CPU second',
    delivered_per_s: 'delivered per second',
    requests_per_s: 'requests per second',
    requests_per_cpu_s: 'requests per CPU second',
    server_cpu_s: 'CPU s, server',
    redis_cpu_s: 'CPU s, Redis',
    p50_ms: 'p50, ms',
    p99_ms: 'p99, ms',
    p999_ms: 'p99.9, ms',
    max_ms: 'longest, ms',
    kib_per_connection: 'KiB a session',
    setup_s: 'all logged in after, s',
    sessions: 'sessions at once',
    lost: 'lost',
    resumes_per_cpu_s: 'resumes per CPU second',
    resume_s: 'all back after, s',
    ready_ms: 'ready after, ms',
    fastest_ms: 'fastest, ms',
    slowest_ms: 'slowest, ms',
};

export function words(metric) {
    return WORDS[metric] ?? metric;
}

/** `delivered per CPU second ≥ 1.3 × inspircd` */
export function describe({ metric, of, against, atLeast, atMost }) {
    const bound = atLeast !== undefined ? `≥ ${atLeast.toLocaleString('en-US')}` : `≤ ${atMost.toLocaleString('en-US')}`;
    const other = against === undefined ? '' : ` × ${against === 'best' ? 'the best peer' : against}`;
    return `${of}: ${words(metric)} ${bound}${other}`;
}
