#!/usr/bin/env python3
"""Check tests/data/black76_reference.csv with QuantLib, which shares no code with the table or with us.

Prints, per column, the worst relative difference of QuantLib's BlackCalculator from the table, and the
worst difference of implied vols of two independent inversions of the table's values. QuantLib works in
f64 with an erf-based normal law, so its own cancellation shows far from the money; the rows within two
total vols of the money are the check, all rows are printed beside them.

    pip install QuantLib py_lets_be_rational && python3 black76_oracle.py
"""

import csv
import math
from pathlib import Path

import QuantLib as ql
from py_lets_be_rational import implied_volatility_from_a_transformed_rational_guess as inversion

TABLE = Path(__file__).resolve().parent.parent / "tests" / "data" / "black76_reference.csv"


def quantlib(r):
    f, k, v, t, df, rate = (r[c] for c in
                            ("forward", "strike", "vol_ann", "tau_years", "discount_factor", "rate_ann"))
    s = v * math.sqrt(t)
    kind = ql.Option.Call if r["option_type"] == "call" else ql.Option.Put
    b = ql.BlackCalculator(ql.PlainVanillaPayoff(kind, k), f, s, df)
    value = b.value()
    out = {"value": value, "delta": b.deltaForward(), "gamma": b.gammaForward(), "vega": b.vega(t)}
    out["premium_adjusted_delta"] = out["delta"] - value / f
    # QuantLib's theta moves the spot's carry; only the decay at a fixed forward is comparable
    out["theta"] = rate * value - out["vega"] * v / (2 * t)
    out["rho"] = -t * value
    out["coin_value"] = value / f
    out["coin_delta"] = out["premium_adjusted_delta"] / f
    out["coin_vega"] = out["vega"] / f
    return out


def main():
    worst = {}
    vols = {"LiRS (QuantLib)": 0.0, "Let's Be Rational": 0.0}
    with open(TABLE, newline="") as file:
        rows = [{c: v if c == "option_type" else float(v) for c, v in row.items()}
                for row in csv.DictReader(file)]
    for r in rows:
        s = r["vol_ann"] * math.sqrt(r["tau_years"])
        near = abs(math.log(r["forward"] / r["strike"])) <= 2 * s and s >= 0.01
        for column, value in quantlib(r).items():
            difference = abs(value / r[column] - 1) if r[column] else abs(value)
            everywhere, close = worst.get(column, (0.0, 0.0))
            worst[column] = (max(everywhere, difference), max(close, difference) if near else close)
        call = r["option_type"] == "call"
        out_of_the_money = (r["strike"] >= r["forward"]) == call
        if near and out_of_the_money:
            price = r["value"] / r["discount_factor"]
            kind = ql.Option.Call if call else ql.Option.Put
            li = ql.blackFormulaImpliedStdDevLiRS(kind, r["strike"], r["forward"], price, 1.0, 0.0,
                                                  s, 1.0, 1e-14, 200)
            lbr = inversion(price, r["forward"], r["strike"], 1.0, 1 if call else -1)
            for name, got in zip(vols, (li, lbr)):
                vols[name] = max(vols[name], abs(got / s - 1))
    print(f"{len(rows)} rows; worst relative difference from the table\n")
    print(f"{'column':26}{'all rows':>12}{'near':>12}")
    for column, (everywhere, close) in worst.items():
        print(f"{column:26}{everywhere:12.1e}{close:12.1e}")
    print("\nimplied total vol of the table's values, near the money")
    for name, difference in vols.items():
        print(f"{name:26}{'':12}{difference:12.1e}")


if __name__ == "__main__":
    main()
