#!/usr/bin/env python3
"""Derive the minimax polynomials of src/lane.rs by Remez exchange and print them, lowest degree first.

    exp:  e^r     ~ 1 + r + r^2 p(r)              |r| <= ln(2)/2 (widened 0.1 %), relative error
    ln:   ln(m)   ~ 2z + 2z w p(w), w = z^2       z = (m-1)/(m+1), 1/sqrt 2 <= m <= sqrt 2, relative error
"""

from mpmath import cos, exp, factorial, log, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt

mp.dps = 50


def remez(target, weight, lo, hi, degree):
    """Polynomial p of a degree that minimises max |(p - target) * weight| on [lo, hi]."""
    size = degree + 2
    xs = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * (i + mpf("0.5")) / size) for i in range(size)]
    for _ in range(30):
        a, b = matrix(size, size), matrix(size, 1)
        for i, x in enumerate(xs):
            for k in range(degree + 1):
                a[i, k] = x**k
            a[i, size - 1] = (-1) ** i / weight(x)
            b[i] = target(x)
        sol = lu_solve(a, b)
        p, level = [sol[k] for k in range(degree + 1)], abs(sol[size - 1])
        err = lambda x: (polyval(p[::-1], x) - target(x)) * weight(x)  # noqa: E731
        grid = [(lo + hi) / 2 - (hi - lo) / 2 * cos(pi * k / 4000) for k in range(4001)]
        vals = [err(x) for x in grid]
        peaks = []  # the largest error of each run of one sign
        for x, v in zip(grid, vals):
            if v == 0:
                continue
            if peaks and (peaks[-1][1] > 0) == (v > 0):
                if abs(v) > abs(peaks[-1][1]):
                    peaks[-1] = (x, v)
            else:
                peaks.append((x, v))
        if len(peaks) != size:
            raise SystemExit(f"expected {size} alternations, found {len(peaks)}")
        xs = [x for x, _ in peaks]
        worst = max(abs(v) for _, v in peaks)
        if worst < level * (1 + mpf(10) ** -4):
            return p, worst
    raise SystemExit("no convergence")


def show(name, p, worst):
    print(f"// relative error {nstr(worst, 3)}\nconst {name}: [f64; {len(p)}] = [")
    for c in p:
        print(f"    {float(c)!r},")
    print("];")


def main():
    # The two ends differ a little to keep the zero of the weight off the first reference.
    half = log(2) / 2 * mpf("1.001")
    f = lambda r: sum(r**k / factorial(k + 2) for k in range(40))  # noqa: E731
    show("EXP", *remez(f, lambda r: r**2 / exp(r), -half, half * mpf("1.0001"), 9))
    top = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2 * mpf("1.001")
    g = lambda w: sum(w**k / (2 * k + 3) for k in range(40))  # noqa: E731
    show("ATANH", *remez(g, lambda w: w, mpf(0), top, 6))
    ln2_hi = mpf(int(log(2) * 2**41)) / 2**41  # 41 bits: k * ln2_hi is exact for |k| < 2^12
    print(f"LN2_HI {float(ln2_hi)!r}  LN2_LO {float(log(2) - ln2_hi)!r}")


if __name__ == "__main__":
    main()
