#!/bin/sh
# Fills fuzz/corpus with the files of the repository. Run from anywhere.
set -eu
cd "$(dirname "$0")/.."

seed() {
    target=$1
    shift
    mkdir -p "fuzz/corpus/$target"
    for file in "$@"; do
        cp "$file" "fuzz/corpus/$target/$(printf '%s' "$file" | tr / _)"
    done
}

seed book examples/books/*.csv examples/books/*.json
seed chain data/raw/*.csv
seed params params/*/*/*.toml
seed span crates/plimsoll-venues/tests/span/*

# The first byte of an input says which answer of the target's list the rest replaces.
for venue in binance bybit deribit derive hyperliquid okx paradex; do
    mkdir -p "fuzz/corpus/$venue"
    place=48
    sed -n 's/^ *\(Instruments\|Tickers\|Positions\|Balances\|Orders\|Tiers\) "\(.*\)",$/\2/p' \
        "fuzz/fuzz_targets/$venue.rs" |
        while read -r answer; do
            {
                printf "\\$(printf '%03o' "$place")"
                cat "crates/plimsoll-venues/tests/fixtures/$venue/$answer.json"
            } >"fuzz/corpus/$venue/$place-$answer"
            place=$((place + 1))
        done
done
