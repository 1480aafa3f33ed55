#!/bin/sh
# Counts the instructions of fixed workloads and refuses a slowdown without a clock:
#
#     sh benches/instructions.sh            compare with benches/instructions.txt
#     sh benches/instructions.sh --write    write a new baseline
#
# Needs valgrind, which has no AVX-512: the AVX2 kernels are counted. Counts differ between compiler
# versions, so the baseline names its own. More than 3 % above it fails: the same compiler gives the
# same count but for what system libraries add.
set -eu
cd "$(dirname "$0")/.."
if ! command -v valgrind >/dev/null; then
    echo "SKIPPED: valgrind is not installed; nothing was counted" >&2
    exit 0
fi
baseline=benches/instructions.txt
cargo build -q --release -p plimsoll-bench --example counted
program=${CARGO_TARGET_DIR:-target}/release/examples/counted
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" 2>&1 |
        sed -n 's/.*Collected : *\([0-9]*\).*/\1/p'
}
nothing=$(count nothing)
[ -n "$nothing" ] || { echo "valgrind could not run $program" >&2; exit 1; }
measured=$(for work in array reprice accounts implied_vol; do
    echo "$work $(($(count $work) - nothing))"
done)
if [ "${1:-}" = --write ]; then
    { echo "# instructions of ten runs, AVX2, $(rustc --version)"; echo "$measured"; } >"$baseline"
fi
echo "$measured" | awk -v baseline="$baseline" '
    BEGIN { while ((getline line < baseline) > 0) { split(line, part, " "); was[part[1]] = part[2] } }
    {
        change = 100 * ($2 / was[$1] - 1)
        verdict = change > 3 ? "SLOWER" : "ok"
        if (verdict != "ok") failed = 1
        printf "%-12s %12d, baseline %12d, %+.2f %% %s\n", $1, $2, was[$1], change, verdict
    }
    END { exit failed }'
