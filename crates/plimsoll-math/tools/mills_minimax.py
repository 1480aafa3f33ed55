#!/usr/bin/env python3
"""Derive the rational minimax approximation of the Mills ratio used in src/mills.rs.

    M(x) = (1 - Phi(x)) / phi(x) = sqrt(pi/2) exp(x^2/2) erfc(x/sqrt 2)
    M(x) ~ P(x) / Q(x),   deg P = degree, deg Q = degree + 1,   least max |P/(Q M) - 1| on [lo, hi]

Rational Remez exchange: on a reference of 2*degree + 3 points solve
P(x_i) = M(x_i) Q(x_i) (1 + (-1)^i E) for P, Q (Q(0) = 1) and E by Newton's method, then move the
reference to the extrema of the error, until they are level. Points are kept in t, x = lo + C(1+t)/(1-t),
which maps [lo, inf) to [-1, 1) and so resolves the origin.

    python3 mills_minimax.py [degree = 10] [lo = -0.25] [hi = 1e9]     prints the tables of src/mills.rs
"""

import sys

from mpmath import cos, erfc, exp, lu_solve, matrix, mp, mpf, nstr, pi, polyval, sqrt

mp.dps = 70
C = mpf(2)


def mills(x):
    if x > 1e3:  # asymptotic series: erfc underflows mpmath's exponent handling long before it loses digits
        term, total, k = 1 / x, 1 / x, 1
        while abs(term) > abs(total) * mpf(10) ** -mp.dps:
            term *= -(2 * k - 1) / x**2
            total += term
            k += 1
        return total
    return sqrt(pi / 2) * exp(x * x / 2) * erfc(x / sqrt(2))


class Remez:
    def __init__(self, degree, lo, hi):
        self.m, self.n, self.lo = degree, degree + 1, mpf(lo)
        span = mpf(hi) - self.lo
        self.t_max = (span - C) / (span + C)
        self.p, self.q, self.e = None, None, mpf(0)

    def x(self, t):
        return self.lo + C * (1 + t) / (1 - t)

    def error(self, t):
        x = self.x(t)
        return polyval(self.p[::-1], x) / polyval(self.q[::-1], x) / mills(x) - 1

    def solve(self, ts):
        """Newton's method for the levelled error on a reference."""
        xs = [self.x(t) for t in ts]
        fs = [mills(x) for x in xs]
        size = len(xs)
        for _ in range(60):
            # linearise M (1 + s E) Q about the current (E, Q); E's column uses the last Q
            a, b = matrix(size, size), matrix(size, 1)
            for i, (x, f) in enumerate(zip(xs, fs)):
                scale = 1 / (f * (1 + x**2) ** (mpf(self.n) / 2))
                s = (-1) ** i
                q_old = polyval(self.q[::-1], x) if self.q else mpf(1)
                for k in range(self.m + 1):
                    a[i, k] = x**k * scale
                for k in range(1, self.n + 1):
                    a[i, self.m + k] = -f * (1 + s * self.e) * x**k * scale
                a[i, size - 1] = -f * s * q_old * scale
                b[i] = (f * (1 + s * self.e) - f * s * self.e * q_old) * scale
            sol = lu_solve(a, b)
            self.p = [sol[k] for k in range(self.m + 1)]
            self.q = [mpf(1)] + [sol[self.m + k] for k in range(1, self.n + 1)]
            step, self.e = abs(sol[size - 1] - self.e), sol[size - 1]
            if step < abs(self.e) * mpf(10) ** -12:
                return

    def extrema(self, ts):
        """One extremum of the error per sign interval, refined by golden section."""
        edges = [mpf(-1)]
        for a, b in zip(ts, ts[1:]):  # zeros of the error between neighbouring reference points
            fa = self.error(a)
            for _ in range(40):
                mid = (a + b) / 2
                fm = self.error(mid)
                a, b, fa = (mid, b, fm) if (fm > 0) == (fa > 0) else (a, mid, fa)
            edges.append((a + b) / 2)
        edges.append(self.t_max)
        out = []
        for a, b in zip(edges, edges[1:]):
            grid = [a + (b - a) * k / 12 for k in range(13)]
            vals = [abs(self.error(t)) for t in grid]
            k = max(range(13), key=vals.__getitem__)
            lo, hi = grid[max(k - 1, 0)], grid[min(k + 1, 12)]
            for _ in range(25):
                c, d = hi - (hi - lo) * mpf("0.618034"), lo + (hi - lo) * mpf("0.618034")
                lo, hi = (lo, d) if abs(self.error(c)) > abs(self.error(d)) else (c, hi)
            best = max([(lo + hi) / 2, grid[k]], key=lambda t: abs(self.error(t)))
            out.append(best)
        return out

    def run(self):
        size = self.m + self.n + 2
        half = (1 + self.t_max) / 2
        ts = [half * (1 - cos(pi * i / (size - 1))) - 1 for i in range(size)]
        for it in range(40):
            self.solve(ts)
            ts = self.extrema(ts)
            errs = [abs(self.error(t)) for t in ts]
            print(f"# {it}: E {nstr(self.e, 6)} max {nstr(max(errs), 8)} min {nstr(min(errs), 8)}",
                  file=sys.stderr, flush=True)
            if max(errs) < min(errs) * (1 + mpf(10) ** -4):
                return max(errs)
        raise SystemExit("no convergence")


def main():
    degree = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    lo = sys.argv[2] if len(sys.argv) > 2 else "-0.25"
    hi = sys.argv[3] if len(sys.argv) > 3 else "1e9"
    r = Remez(degree, lo, hi)
    err = r.run()
    print(f"# degree {degree}/{degree + 1} on [{lo}, {hi}]: max relative error {nstr(err, 4)}")
    for name, coeffs in (("NUMERATOR", r.p), ("DENOMINATOR", r.q)):
        print(f"const {name}: [f64; {len(coeffs)}] = [")
        for c in coeffs:
            print(f"    {float(c)!r},")
        print("];")


if __name__ == "__main__":
    main()
