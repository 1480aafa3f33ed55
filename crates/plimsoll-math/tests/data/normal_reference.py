#!/usr/bin/env python3
"""Write normal_reference.csv: density, distribution function, upper tail and Mills ratio to 40 digits.

    python3 normal_reference.py > normal_reference.csv
"""

from mpmath import erfc, exp, mp, mpf, nstr, pi, sqrt

mp.dps = 60


def main():
    print("x,pdf,cdf,sf,mills")
    xs = [k / 2 for k in range(-76, 77)] + [1e-9, -1e-9, 0.1, -0.1, 0.3, -0.3, 0.77, 1.23456789, -1.23456789,
                                            12.3456789, -12.3456789, 31.4159265, -31.4159265, 37.519, -37.519]
    for x in sorted(xs):
        z = mpf(x)
        pdf = exp(-z * z / 2) / sqrt(2 * pi)
        sf = erfc(z / sqrt(2)) / 2
        print(",".join([repr(float(x))] + [nstr(v, 40, min_fixed=0, max_fixed=0)
                                    for v in (pdf, erfc(-z / sqrt(2)) / 2, sf, sf / pdf)]))


if __name__ == "__main__":
    main()
