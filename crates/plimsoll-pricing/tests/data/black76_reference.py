#!/usr/bin/env python3
"""Write black76_reference.csv: Black-76 values and sensitivities to 20 digits.

Values come from the textbook formula F*Phi(d1) - K*Phi(d2) in 120-digit arithmetic (the cancellation
that f64 could not survive costs nothing there), and every sensitivity from numerical differentiation
of that value: no closed-form greek is used, so the table shares none with the code it checks.
Inputs are the exact f64 numbers printed.

    python3 black76_reference.py > black76_reference.csv
"""

from itertools import product

from mpmath import erfc, exp, log, mp, mpf, nstr, sqrt

mp.dps = 120
FORWARD = 60000.0
TOTAL_VOLS = [0.0005, 0.002, 0.01, 0.05, 0.2, 0.6, 1.5, 4.0]
STEPS = [-10, -6, -3, -1.5, -0.5, -0.05, 0, 0.05, 0.5, 1.5, 3, 6, 10]  # ln(F/K) in total vols
COLUMNS = ("value delta premium_adjusted_delta gamma vega theta rho vanna volga "
           "coin_value coin_delta coin_gamma coin_vega coin_theta coin_rho coin_vanna coin_volga").split()


def normal_cdf(x):
    return erfc(-x / sqrt(2)) / 2


def undiscounted(sign, forward, strike, vol, tau):
    s = vol * sqrt(tau)
    d1 = log(forward / strike) / s + s / 2
    return sign * (forward * normal_cdf(sign * d1) - strike * normal_cdf(sign * (d1 - s)))


def row(option_type, strike, vol, tau, rate):
    sign = 1 if option_type == "call" else -1
    f, k, v, t, r = (mpf(z) for z in (FORWARD, strike, vol, tau, rate))
    df = float(exp(-r * t))

    def value(f=f, v=v, t_=t, r_=r):  # the discount factor as given, rolled from there
        return mpf(df) * exp(r * t - r_ * t_) * undiscounted(sign, f, k, v, t_)

    def coin(f=f, v=v, t_=t, r_=r):
        return value(f, v, t_, r_) / f

    # steps small against every scale of the function: relative 1e-40 of the argument, central
    def d(function, **at):
        (name, x), = at.items()
        h = x * mpf(10) ** -40 if x else mpf(10) ** -40
        return (function(**{name: x + h}) - function(**{name: x - h})) / (2 * h)

    def d2(function, **at):
        (name, x), = at.items()
        h = x * mpf(10) ** -30
        return (function(**{name: x + h}) - 2 * function(**{name: x}) + function(**{name: x - h})) / h**2

    def cross(function):
        h, g = f * mpf(10) ** -30, v * mpf(10) ** -30
        return (function(f=f + h, v=v + g) - function(f=f + h, v=v - g) - function(f=f - h, v=v + g)
                + function(f=f - h, v=v - g)) / (4 * h * g)

    out = []
    for fn in (value, coin):
        delta = d(fn, f=f)
        out += [fn(), delta] + ([delta - fn() / f] if fn is value else [])
        out += [d2(fn, f=f), d(fn, v=v), -d(fn, t_=t), d(fn, r_=r), cross(fn), d2(fn, v=v)]
    return [option_type, repr(FORWARD), repr(strike), repr(vol), repr(tau), repr(df), repr(rate)] + [
        nstr(z, 20, min_fixed=0, max_fixed=0) for z in out]


def main():
    print("option_type,forward,strike,vol_ann,tau_years,discount_factor,rate_ann," + ",".join(COLUMNS))
    taus = [30 / 365, 1 / 365, 1.25]
    for i, (s, m, option_type) in enumerate(product(TOTAL_VOLS, STEPS, ("call", "put"))):
        tau = taus[i // 2 % 3]
        strike = float(mpf(FORWARD) * exp(-mpf(s) * m))
        print(",".join(row(option_type, strike, float(s / sqrt(mpf(tau))), tau, [0.0, 0.05][i // 6 % 2])))


if __name__ == "__main__":
    main()
