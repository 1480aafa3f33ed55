#!/bin/sh
# Both sides of every comparison on one core, in turn: sh benches/peers/run.sh [rounds]
#
# Needs cargo, Python 3.11 or later, a C++ compiler and QuantLib's headers (libquantlib0-dev). Values are
# compared before anything is timed.
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-5}
work=${CARGO_TARGET_DIR:-target}/peers
python=${PYTHON:-python3}
core=${CORE:-0}
mkdir -p "$work"
[ -x "$work/venv/bin/python" ] || "$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q -r benches/peers/requirements.txt
cargo build -q --release -p plimsoll-bench --example ours
ours=${CARGO_TARGET_DIR:-target}/release/examples/ours
cpp=
if echo '#include <ql/version.hpp>' | c++ -E -x c++ - >/dev/null 2>&1; then
    cpp=$work/quantlib_black
    c++ -O3 -march=native -o "$cpp" benches/peers/quantlib_black.cpp -lQuantLib
else
    echo "SKIPPED: QuantLib C++ (no headers; install libquantlib0-dev)" >&2
fi
# One thread for everybody.
MKL_RT=$(find -L "$work/venv/lib" -name 'libmkl_rt.so*' | head -n 1)
export MKL_RT LD_LIBRARY_PATH="$(dirname "$MKL_RT")"
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1
pinned() { taskset -c "$core" "$@"; }
"$ours" write "$work"
pinned "$work/venv/bin/python" benches/peers/peers.py check "$work"
for s in 33 1000; do [ -z "$cpp" ] || pinned "$cpp" check "$work" $s; done
: >"$work/results.jsonl"
round=0
while [ "$round" -lt "$rounds" ]; do
    round=$((round + 1))
    echo "round $round of $rounds" >&2
    for s in 33 1000; do
        pinned "$ours" time $s
        pinned "$work/venv/bin/python" benches/peers/peers.py time "$work" $s
        [ -z "$cpp" ] || pinned "$cpp" time "$work" $s
    done >>"$work/results.jsonl"
done
"$work/venv/bin/python" benches/peers/summary.py "$work/results.jsonl"
