#!/usr/bin/env python3
"""Write array_reference.csv: option values before and after a shock, to 25 digits.

The textbook formula F*Phi(d1) - K*Phi(d2) in 120-digit arithmetic. Total vols 0.05 % to 400 %, ln(F/K) to
ten total vols, one second to five years, forwards 1e-8 to 1e8. Inputs are the exact f64 printed.

    python3 array_reference.py > array_reference.csv
"""

from itertools import cycle, product

from mpmath import erfc, exp, log, mp, mpf, nstr, sqrt

mp.dps = 120
TOTAL_VOLS = [0.0005, 0.002, 0.01, 0.05, 0.2, 0.6, 1.5, 4.0]
STEPS = [-10, -4, -1, -0.1, 0, 0.1, 1, 4, 10]  # ln(F/K) in total vols
FORWARDS = cycle([1e-8, 0.37, 60000.0, 2500.0, 1e8])
TAU_MS = cycle([1000, 300_000, 86_400_000, 2_592_000_000, 39_420_000_000, 157_680_000_000])
MOVES = cycle([-0.5, -0.16, -0.01, 0.0, 0.01, 0.16, 0.5, 2.0])
YEAR_MS = 365 * 86_400_000


def value(sign, forward, strike, s):
    d1 = log(forward / strike) / s + s / 2
    cdf = lambda x: erfc(-x / sqrt(2)) / 2
    return sign * (forward * cdf(sign * d1) - strike * cdf(sign * (d1 - s)))


def main():
    print("forward,strike,vol_ann,tau_ms,move,vol_up,call,put,call_shocked,put_shocked")
    for s, step in product(TOTAL_VOLS, STEPS):
        forward, tau_ms, move = next(FORWARDS), next(TAU_MS), next(MOVES)
        tau = mpf(tau_ms) / YEAR_MS
        vol = float(mpf(s) / sqrt(tau))
        strike = float(mpf(forward) * exp(-mpf(s) * step))
        f, k, total = mpf(forward), mpf(strike), mpf(vol) * sqrt(tau)
        growth, vol_up = 1 + mpf(move), 0.25
        out = [value(sign, f, k, total) for sign in (1, -1)]
        out += [value(sign, f * growth, k, total * (1 + mpf(vol_up))) for sign in (1, -1)]
        cells = [repr(forward), repr(strike), repr(vol), str(tau_ms), repr(move), repr(vol_up)]
        print(",".join(cells + [nstr(z, 25, min_fixed=0, max_fixed=0) for z in out]))


if __name__ == "__main__":
    main()
