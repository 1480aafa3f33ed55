"""Reference numbers for the `sensitivities` model from an independent engine.

Needs Python 3.11 and open-source-risk-engine 1.8.17.0 (`pip install open-source-risk-engine`).
Run in an empty folder: it writes ORE's input files there, runs its SIMM analytic on the portfolios
below, and prints the margin by product, risk class and measure. The numbers in
`src/models/sensitivities/aggregate/tests.rs` and in `cases/sensitivities/` are its output.

A row is (product class, risk type, qualifier, bucket, tenor, USD). Delta: value change for +1 %;
vol rows: value change for one vol point.
"""

import csv
import math
import os

import ORE

HEADER = "TradeID PortfolioID ProductClass RiskType Qualifier Bucket Label1 Label2 AmountCurrency Amount AmountUSD"
SETUP = """<?xml version="1.0"?>
<ORE>
 <Setup>
  <Parameter name="asofDate">2025-12-31</Parameter>
  <Parameter name="inputPath">Input</Parameter>
  <Parameter name="outputPath">Output</Parameter>
  <Parameter name="logFile">log.txt</Parameter>
  <Parameter name="logMask">31</Parameter>
  <Parameter name="implyTodaysFixings">Y</Parameter>
  <Parameter name="marketDataFile">market.txt</Parameter>
  <Parameter name="fixingDataFile">fixings.txt</Parameter>
  <Parameter name="curveConfigFile">curveconfig.xml</Parameter>
  <Parameter name="conventionsFile">conventions.xml</Parameter>
  <Parameter name="marketConfigFile">todaysmarket.xml</Parameter>
 </Setup>
 <Analytics>
  <Analytic type="simm">
   <Parameter name="active">Y</Parameter>
   <Parameter name="version">{version}</Parameter>
   <Parameter name="crif">crif.csv</Parameter>
   <Parameter name="calculationCurrency">USD</Parameter>
   <Parameter name="resultCurrency">USD</Parameter>
   <Parameter name="mporDays">{days}</Parameter>
   <Parameter name="enforceIMRegulations">N</Parameter>
  </Analytic>
 </Analytics>
</ORE>
"""
FILES = {
    "curveconfig.xml": "<CurveConfiguration></CurveConfiguration>",
    "conventions.xml": "<Conventions></Conventions>",
    "todaysmarket.xml": '<TodaysMarket><Configuration id="default"/></TodaysMarket>',
    "market.txt": "20251231 FX/RATE/EUR/USD 1.1\n",
    "fixings.txt": "",
}


def margin(rows, version="2.8+2506", days=10):
    """Margin by (product class, risk class, margin type, bucket)."""
    os.makedirs("Input", exist_ok=True)
    os.makedirs("Output", exist_ok=True)
    for name, text in FILES.items():
        with open(f"Input/{name}", "w") as file:
            file.write(text)
    with open("Input/crif.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split())
        for index, (product, kind, qualifier, bucket, tenor, usd) in enumerate(rows):
            writer.writerow([f"t{index}", "p", product, kind, qualifier, bucket, tenor, "", "USD", repr(usd), repr(usd)])
    with open("Input/ore.xml", "w") as file:
        file.write(SETUP.format(version=version, days=days))
    parameters = ORE.Parameters()
    parameters.fromFile("Input/ore.xml")
    ORE.OREApp(parameters, False).run()
    result = {}
    with open("Output/simm.csv") as file:
        for row in csv.DictReader(file):
            row = {name.lstrip("#"): value for name, value in row.items()}
            if row["SimmSide"] == "Call":
                key = (row["ProductClass"], row["RiskClass"], row["MarginType"], row["Bucket"])
                result[key] = float(row["InitialMargin"])
    return result


C = "Commodity"
MIXED = [
    (C, "Risk_Commodity", "BTC", "16", "", 80e6),
    (C, "Risk_Commodity", "ETH", "16", "", -30e6),
    (C, "Risk_Commodity", "XRP", "16", "", 5e6),
    (C, "Risk_CommodityVol", "BTC", "16", "1m", 1e6),
    (C, "Risk_CommodityVol", "BTC", "16", "1y", -3e5),
    (C, "Risk_CommodityVol", "ETH", "16", "2w", -2e5),
    (C, "Risk_FX", "EUR", "", "", 20e6),
    (C, "Risk_FX", "GBP", "", "", -1e6),
]
BUCKETS = [
    (C, "Risk_Commodity", "A", "2", "", 4e9),
    (C, "Risk_Commodity", "B", "2", "", 1e9),
    (C, "Risk_Commodity", "C", "12", "", -5e9),
    (C, "Risk_Commodity", "BTC", "16", "", 1e8),
    (C, "Risk_CommodityVol", "A", "2", "6m", 4e7),
    (C, "Risk_CommodityVol", "B", "2", "6m", -1e7),
    (C, "Risk_CommodityVol", "C", "12", "6m", 1e7),
]


def book():
    """The rows of `cases/sensitivities/001`: 40 short calls 65000 at 60 % vol and 60 puts 55000 at
    65 %, 30 days from expiry at a forward of 60,000; 12 BTC and -200 ETH of perpetuals."""
    cdf = lambda x: 0.5 * math.erfc(-x / math.sqrt(2))
    tau, forward, days = 30 / 365, 60000.0, 30.0
    near, far = 14.0, 365 / 12
    to_far = (days - near) / (far - near)
    rows = [(C, "Risk_Commodity", "BTC", "16", "", 12 * 600.0), (C, "Risk_Commodity", "ETH", "16", "", -200 * 30.0)]
    for quantity, strike, vol, call in ((-40, 65000.0, 0.60, True), (60, 55000.0, 0.65, False)):
        d1 = math.log(forward / strike) / (vol * math.sqrt(tau)) + 0.5 * vol * math.sqrt(tau)
        delta = cdf(d1) if call else cdf(d1) - 1
        vega = forward * math.exp(-0.5 * d1 * d1) / math.sqrt(2 * math.pi) * math.sqrt(tau)
        rows.append((C, "Risk_Commodity", "BTC", "16", "", quantity * delta * forward * 0.01))
        for tenor, share in (("2w", 1 - to_far), ("1m", to_far)):
            rows.append((C, "Risk_CommodityVol", "BTC", "16", tenor, quantity * vega * 0.01 * share))
    return rows


def correlation(total, a, b):
    return (total * total - a * a - b * b) / (2 * a * b)


def measure_buckets(version):
    """Weights, thresholds and correlations of buckets 2 and 12, by runs with one or two rows."""
    everything = ("All", "All", "All", "All")
    delta = lambda *rows: margin([(C, "Risk_Commodity", q, b, "", usd) for q, b, usd in rows], version)[everything]
    weight = {b: delta(("A", b, 1e3)) / 1e3 for b in ("2", "12")}
    within = {b: correlation(delta(("A", b, 1e3), ("B", b, 1e3)), weight[b] * 1e3, weight[b] * 1e3) for b in weight}
    between = correlation(delta(("A", "2", 1e3), ("C", "12", 1e3)), weight["2"] * 1e3, weight["12"] * 1e3)
    threshold = {b: 1e12 / (delta(("A", b, 1e12)) / (weight[b] * 1e12)) ** 2 / 1e6 for b in weight}
    vega_threshold = {}
    for bucket in weight:
        vega = lambda usd: margin([(C, "Risk_CommodityVol", "A", bucket, "1y", usd)], version)[("All", "Commodity", "Vega", "All")]
        raw = 0.89 * weight[bucket] * math.sqrt(365 / 14) / 2.3263478740408408 * 1e12
        vega_threshold[bucket] = raw / (vega(1e12) / (vega(1.0) * 1e12)) ** 2 / 1e6
    return weight, within, between, threshold, vega_threshold


def show(title, result):
    print(title)
    for key, value in result.items():
        if key[3] == "All" and key[0] != "All":
            print("   ", *key[:3], repr(value))


if __name__ == "__main__":
    for version in ("2.5", "2.6", "2.7+2412", "2.8+2506"):
        show(f"mixed {version}, 10 days", margin(MIXED, version))
    show("mixed 2.8+2506, 1 day", margin(MIXED, "2.8+2506", 1))
    print("buckets 2 and 12 of 2.8+2506:", *measure_buckets("2.8+2506"))
    show("buckets 2.8+2506, 10 days", margin(BUCKETS))
    for version, days in (("2.5", 10), ("2.8+2506", 10), ("2.8+2506", 1)):
        show(f"book {version}, {days} days", margin(book(), version, days))
