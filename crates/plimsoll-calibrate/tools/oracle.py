"""Recomputes, with independent packages, what the tests of this crate compare against.

Run it in a fresh environment with exactly these versions (Python 3.11):

    pip install arch==8.0.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 vartests==0.4.1 mpmath==1.4.1
    python crates/plimsoll-calibrate/tools/oracle.py

It prints one line per figure: what it is, the package's value, the value in our tests, the difference.
It exits with 1 if any difference is above the tolerance printed beside it.
"""

import sys

import mpmath as mp
import numpy as np
from arch import arch_model
from arch.univariate import EWMAVariance, ZeroMean
from scipy import optimize, stats
from scipy.stats import qmc
from sklearn.covariance import ledoit_wolf, oas
from vartests import duration_test, kupiec_test

BAD = []


def line(what, package, ours, tolerance):
    difference = abs(package - ours)
    verdict = "ok" if difference <= tolerance else "DIFFERS"
    if verdict != "ok":
        BAD.append(what)
    print(f"{what:<58} {package: .12g} {ours: .12g}  |d| {difference:.1e} <= {tolerance:.0e}  {verdict}")


def park_miller(seed):
    x = seed
    while True:
        x = 16807 * x % (2**31 - 1)
        yield x / (2**31 - 1)


def series(count=500):
    u = park_miller(20261122)
    draw = lambda: 0.02 * (next(u) - next(u)) / (0.25 + next(u))
    return np.array([draw() for _ in range(count)])


def panel(count=250):
    u = park_miller(7)
    rows = []
    for _ in range(count):
        common = 0.02 * (next(u) - next(u)) / (0.25 + next(u))
        rows.append([b * common + s * 0.02 * (next(u) - next(u)) for b, s in ((1, 0.3), (1.2, 0.5), (0.6, 1))])
    return np.array(rows)


def garch_likelihood(parameters, returns):
    """Normal log-likelihood, pre-sample shock and variance both the mean squared residual."""
    mean, omega, alpha, beta = parameters
    shocks = returns - mean
    if omega <= 0 or alpha < 0 or beta < 0 or alpha + beta >= 1:
        return -np.inf
    variance = previous = np.mean(shocks**2)
    total = 0.0
    for shock in shocks:
        variance = omega + alpha * previous + beta * variance
        total -= 0.5 * (np.log(2 * np.pi * variance) + shock**2 / variance)
        previous = shock**2
    return total


def main():
    r1, r3 = series(), panel()

    # Moments and quantiles: numpy, scipy.
    line("R1 kurtosis (scipy)", stats.kurtosis(r1), 2.355695448667689, 1e-13)
    line("R1 linear 99 % quantile (numpy)", np.quantile(-r1, 0.99), 0.038854496070, 1e-12)
    line("R1 inverse-ECDF 99 % quantile (numpy)", np.quantile(-r1, 0.99, method="inverted_cdf"), 0.038833889909, 1e-12)

    # Covariances: scikit-learn.
    line("R3 Ledoit-Wolf intensity (scikit-learn)", ledoit_wolf(r3)[1], 0.025022764637, 1e-12)
    line("R3 OAS intensity (scikit-learn)", oas(r3)[1], 0.015002454848, 1e-12)

    # EWMA: arch with a fixed back-cast and a fixed weight.
    model = ZeroMean(100 * r1, volatility=EWMAVariance(0.94))
    fixed = model.fit(backcast=float(np.mean((100 * r1[:25]) ** 2)), disp="off")
    forecast = float(fixed.forecast(horizon=1, reindex=False).variance.iloc[-1, 0]) ** 0.5 / 100
    line("R1 EWMA vol forecast (arch)", forecast, 0.015641738558209564, 1e-14)

    # GARCH: arch's likelihood recursion with our back-cast, and scipy's maximum of the stated likelihood.
    scaled = 100 * r1
    objective = lambda p: -garch_likelihood(p, scaled)
    best = optimize.minimize(objective, [0.0, 0.1, 0.05, 0.9], method="Nelder-Mead",
                             options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20000, "maxfev": 20000})
    residual = scaled - best.x[0]
    am = arch_model(scaled, mean="Constant", vol="GARCH", p=1, q=1)
    at_best = am.fit(starting_values=best.x, backcast=float(np.mean(residual**2)), disp="off",
                     options={"ftol": 1e-14})
    print(f"R1 GARCH: scipy {best.x} logL {-best.fun:.9f}; arch {np.array(at_best.params)} logL {at_best.loglikelihood:.9f}")
    line("R1 GARCH log-likelihood, scipy against arch", -best.fun, at_best.loglikelihood, 1e-4)

    # Coverage tests: vartests, scipy's G-test.
    hits = np.zeros(250)
    hits[[20, 21, 22, 100, 101, 200]] = 1
    duration = duration_test(hits)
    line("Weibull shape (vartests)", duration["weibull shape (b)"], 0.5057369, 1e-6)
    line("Weibull LR (vartests)", duration["statistic"], 4.2573873, 1e-6)
    five = np.zeros(250)
    five[:5] = 1
    kupiec = kupiec_test(five, risk_conf_level=0.99)
    line("Kupiec LR, 5 of 250 (vartests)", kupiec.get("statistic", kupiec.get("statistic test", np.nan)), 1.9568097882, 1e-9)
    g = stats.chi2_contingency([[240, 3], [3, 3]], lambda_="log-likelihood", correction=False)[0]
    line("Christoffersen independence (scipy G-test)", g, 15.9152966511, 1e-9)

    # Z3's expectation: mpmath quadrature.
    mp.mp.dps = 25
    n, k = 500, 12
    weight = lambda z: mp.betainc(n - k, k, 0, mp.ncdf(-z), regularized=True) * mp.npdf(z) * z * n / k
    expected = mp.quad(weight, [-12, -8, -6, -4, -3, -2.5, -2, -1.5, -1, 0, 2])
    realised = mp.fsum(sorted(r1)[:12]) / 12 / mp.mpf(0.0125)
    line("Acerbi-Szekely Z3 of R1 (mpmath)", float(1 - realised / expected), -0.380731691495067, 1e-14)

    # Sobol: scipy's unscrambled points.
    sobol = qmc.Sobol(256, scramble=False)
    sobol.fast_forward(1000)
    for dimension, ours in ((5, 929 / 1024), (50, 361 / 1024), (200, 771 / 1024), (255, 255 / 1024)):
        line(f"Sobol point 1000, dimension {dimension} (scipy)", float(sobol.random(1)[0][dimension]), ours, 0)
        sobol.reset()
        sobol.fast_forward(1000)

    # Student: the multivariate t portfolio in closed form.
    scale = float(np.sqrt(np.array([0.6 * 0.04, 0.4 * 0.05]) @ np.array([[1, 0.7], [0.7, 1]]) @ np.array([0.6 * 0.04, 0.4 * 0.05])))
    q = stats.t.ppf(0.01, 4)
    line("t4 portfolio VaR 99 % (scipy)", -scale * q, 0.152109450963, 1e-12)
    line("t4 portfolio ES 99 % (scipy)", scale * stats.t.pdf(q, 4) / 0.01 * (4 + q * q) / 3, 0.211932571585, 1e-12)

    sys.exit(1 if BAD else 0)


if __name__ == "__main__":
    main()
