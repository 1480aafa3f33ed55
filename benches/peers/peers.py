#!/usr/bin/env python3
"""What a user could take instead, on our inputs: checked first, then timed.

    peers.py check DIR       compare every peer's values with ours; fail beyond the tolerance
    peers.py time DIR S      one line of JSON per peer: seconds per unit of work
"""

import json
import math
import sys
import time
from pathlib import Path

import numba
import numpy as np
import QuantLib as ql
import scipy.sparse as sparse
from py_lets_be_rational import implied_volatility_from_a_transformed_rational_guess as rational
from scipy.special import ndtr
from sparse_dot_mkl import dot_product_mkl

CALL = 1.0


class Work:
    def __init__(self, directory, scenarios):
        read = lambda name: np.fromfile(Path(directory) / name)
        self.scenarios = scenarios
        self.sign, self.forward, self.strike, self.vol, self.tau, self.usd = (
            read("options.f64").reshape(-1, 6).T.copy())
        self.growth, self.vol_scale = read(f"scenarios-{scenarios}.f64").reshape(-1, 2).T.copy()
        self.array = read(f"array-{scenarios}.f64").reshape(-1, scenarios)
        self.worst = read(f"worst-{scenarios}.f64")
        rows = read("rows.f64").astype(np.int32)
        offsets = np.arange(0, len(rows) + 1, len(rows) // len(self.worst), dtype=np.int32)
        self.accounts = sparse.csr_matrix(
            (read("quantities.f64"), rows, offsets), shape=(len(self.worst), len(self.sign)))
        self.quotes = read("quotes.f64").reshape(-1, 5)
        self.vols = read("vols.f64")
        self.calls = np.flatnonzero(self.sign == CALL)
        # names sort the call of a strike before its put
        self.puts = self.calls + 1
        assert np.all(self.sign[self.puts] == -CALL)
        assert np.all(self.strike[self.puts] == self.strike[self.calls])


# --- risk array -----------------------------------------------------------------------------------

def quantlib_function(w, options=None):
    out = np.empty_like(w.array)
    growth, vol_scale = w.growth.tolist(), w.vol_scale.tolist()
    black, call, put = ql.blackFormula, ql.Option.Call, ql.Option.Put
    for i in range(len(w.sign)) if options is None else options:
        kind = call if w.sign[i] == CALL else put
        forward, strike, usd = float(w.forward[i]), float(w.strike[i]), float(w.usd[i])
        s = float(w.vol[i]) * math.sqrt(w.tau[i])
        value = black(kind, strike, forward, s)
        out[i] = [usd * (black(kind, strike, forward * g, s * v) - value)
                  for g, v in zip(growth, vol_scale)]
    return out


def numpy_blocked(w):
    """Blocks that fit the cache; one call price per strike, the put by parity; no log in the block."""
    out = np.empty_like(w.array)
    ln_growth = np.log(w.growth)
    block = max(1, 16384 // w.scenarios)
    for start in range(0, len(w.calls), block):
        i = w.calls[start:start + block]
        forward, strike, s0 = w.forward[i, None], w.strike[i, None], w.vol[i] * np.sqrt(w.tau[i])
        x0 = np.log(w.forward[i] / w.strike[i])
        value = w.forward[i] * ndtr(x0 / s0 + s0 / 2) - w.strike[i] * ndtr(x0 / s0 - s0 / 2)
        s = s0[:, None] * w.vol_scale
        d = (x0[:, None] + ln_growth) / s
        s *= 0.5
        moved = forward * w.growth
        call = moved * ndtr(d + s)
        call -= strike * ndtr(d - s)
        call -= value[:, None]
        moved -= forward
        usd = w.usd[i, None]
        out[i] = usd * call
        call -= moved
        out[i + 1] = usd * call
    return out


@numba.njit(fastmath=True, inline="always")
def numba_black(sign, forward, strike, s):
    half = math.sqrt(0.5)
    d = math.log(forward / strike) / s
    up = 0.5 * math.erfc(-sign * (d + 0.5 * s) * half)
    down = 0.5 * math.erfc(-sign * (d - 0.5 * s) * half)
    return sign * (forward * up - strike * down)


@numba.njit(fastmath=True)
def numba_array(sign, forward, strike, vol, tau, usd, growth, vol_scale, out):
    for i in range(len(sign)):
        s = vol[i] * math.sqrt(tau[i])
        value = numba_black(sign[i], forward[i], strike[i], s)
        for j in range(len(growth)):
            price = numba_black(sign[i], forward[i] * growth[j], strike[i], s * vol_scale[j])
            out[i, j] = usd[i] * (price - value)


def numba_function(w):
    out = np.empty_like(w.array)
    numba_array(w.sign, w.forward, w.strike, w.vol, w.tau, w.usd, w.growth, w.vol_scale, out)
    return out


# --- worst loss of many accounts ------------------------------------------------------------------

def scipy_sparse(w):
    return np.maximum(0.0, -(w.accounts @ w.array).min(axis=1))


def mkl_sparse(w):
    return np.maximum(0.0, -dot_product_mkl(w.accounts, w.array).min(axis=1))


@numba.njit(fastmath=True)
def numba_accounts(offsets, rows, quantities, array, out):
    pnl = np.empty(array.shape[1])
    for a in range(len(out)):
        pnl[:] = 0.0
        for k in range(offsets[a], offsets[a + 1]):
            row = array[rows[k]]
            q = quantities[k]
            for j in range(len(pnl)):
                pnl[j] += q * row[j]
        worst = 0.0
        for j in range(len(pnl)):
            worst = max(worst, -pnl[j])
        out[a] = worst


def numba_worst(w):
    out = np.empty(len(w.worst))
    numba_accounts(w.accounts.indptr, w.accounts.indices, w.accounts.data, w.array, out)
    return out


# --- implied vol ----------------------------------------------------------------------------------

def lets_be_rational(w):
    # its q is +1 for a call, -1 for a put, as our sign
    return np.array([rational(price, f, k, t, q) for q, f, k, t, price in w.quotes.tolist()])


# --- expected shortfall of one book, every option revalued on every path ---------------------------

class Book:
    """500 options under 10,000 paths."""

    def __init__(self, directory):
        w = Work(directory, 33)
        read = lambda name: np.fromfile(Path(directory) / name)
        self.quantities = read("es-quantities.f64")
        count = len(self.quantities)
        self.growth, self.vol_scale = read("scenarios-es.f64").reshape(-1, 2).T.copy()
        self.scenarios = len(self.growth)
        for name in ("sign", "forward", "strike", "vol", "tau", "usd"):
            setattr(self, name, getattr(w, name)[:count].copy())
        self.calls, self.puts = (i[i < count] for i in (w.calls, w.puts))
        self.es = read("es.f64")[0]

    def shortfall(self, pnl):
        """Mean of the worst 2.5 %; their number is whole."""
        worst = len(pnl) * 25 // 1000
        return -np.partition(pnl, worst)[:worst].mean()


def es_numpy(b):
    """Paths in blocks that fit the cache, nothing stored: parity, then one product with the quantities."""
    pnl = np.empty(b.scenarios)
    i = b.calls
    forward, strike, s0 = b.forward[i, None], b.strike[i, None], b.vol[i] * np.sqrt(b.tau[i])
    x0 = np.log(b.forward[i] / b.strike[i])
    value = b.forward[i] * ndtr(x0 / s0 + s0 / 2) - b.strike[i] * ndtr(x0 / s0 - s0 / 2)
    call, put = b.quantities[i] * b.usd[i], b.quantities[i + 1] * b.usd[i]
    block = 64
    for start in range(0, b.scenarios, block):
        growth, vol_scale = b.growth[start:start + block], b.vol_scale[start:start + block]
        s = s0[:, None] * vol_scale
        d = (x0[:, None] + np.log(growth)) / s
        s *= 0.5
        moved = forward * growth
        gain = moved * ndtr(d + s)
        gain -= strike * ndtr(d - s)
        gain -= value[:, None]
        moved -= forward
        pnl[start:start + block] = (call + put) @ gain - put @ moved
    return b.shortfall(pnl)


@numba.njit(fastmath=True)
def numba_paths(sign, forward, strike, vol, tau, weight, growth, vol_scale, pnl):
    for i in range(len(sign)):
        s = vol[i] * math.sqrt(tau[i])
        value = numba_black(sign[i], forward[i], strike[i], s)
        for j in range(len(growth)):
            price = numba_black(sign[i], forward[i] * growth[j], strike[i], s * vol_scale[j])
            pnl[j] += weight[i] * (price - value)


def es_numba(b):
    pnl = np.zeros(b.scenarios)
    weight = b.quantities * b.usd
    numba_paths(b.sign, b.forward, b.strike, b.vol, b.tau, weight, b.growth, b.vol_scale, pnl)
    return b.shortfall(pnl)


def es_quantlib(b):
    pnl = np.zeros(b.scenarios)
    growth, vol_scale = b.growth.tolist(), b.vol_scale.tolist()
    black, call, put = ql.blackFormula, ql.Option.Call, ql.Option.Put
    for i in range(len(b.sign)):
        kind = call if b.sign[i] == CALL else put
        forward, strike = float(b.forward[i]), float(b.strike[i])
        s = float(b.vol[i]) * math.sqrt(b.tau[i])
        value = black(kind, strike, forward, s)
        gains = [black(kind, strike, forward * g, s * v) - value for g, v in zip(growth, vol_scale)]
        pnl += b.quantities[i] * b.usd[i] * np.array(gains)
    return b.shortfall(pnl)


ES_PEERS = {"numpy blocked + parity": es_numpy, "numba fastmath fused": es_numba,
            "QuantLib-Python blackFormula": es_quantlib}

PEERS = {
    "array": {"QuantLib-Python blackFormula": quantlib_function, "numpy blocked + parity": numpy_blocked,
              "numba fastmath": numba_function},
    "account": {"scipy.sparse": scipy_sparse, "MKL sparse": mkl_sparse, "numba fastmath": numba_worst},
    "implied_vol": {"py_lets_be_rational": lets_be_rational},
}

# Absolute, in USD on an index of 100,000: textbook formulas lose what two terms of that size cancel,
# and a sum of twenty positions of up to twenty contracts multiplies it. Vols: relative; what a price
# down to 1e-9 of the forward holds.
TOLERANCE = {"array": 1e-9, "account": 1e-6, "implied_vol": 1e-10}


def check(directory):
    for scenarios in (33, 1000):
        w = Work(directory, scenarios)
        ours = {"array": w.array, "account": w.worst, "implied_vol": w.vols}
        for what, peers in PEERS.items():
            for name, function in peers.items():
                if scenarios != 33 and (what == "implied_vol" or function is quantlib_function):
                    continue
                theirs = function(w)
                error = np.abs(theirs - ours[what])
                if what == "implied_vol":
                    error /= ours[what]
                assert error.max() <= TOLERANCE[what], f"{name}: {error.max()} on {what}"
                print(f"checked {what:12} S={scenarios:<5} {name:30} worst difference {error.max():.1e}"
                      f" (tolerance {TOLERANCE[what]:.0e})")


    book = Book(directory)
    for name, function in ES_PEERS.items():
        error = abs(function(book) / book.es - 1)
        assert error <= 1e-10, f"{name}: {error} on es"
        print(f"checked es           S={book.scenarios:<5} {name:30} relative difference {error:.1e}"
              " (tolerance 1e-10)")


def seconds(function, least=0.2):
    function()
    times = []
    for _ in range(5):
        start, runs = time.thread_time(), 0
        while time.thread_time() - start < least / 5 or runs == 0:
            function()
            runs += 1
        times.append((time.thread_time() - start) / runs)
    return sorted(times)[2]


def measure(directory, scenarios):
    w = Work(directory, scenarios)
    units = {"array": w.array.size, "account": len(w.worst), "implied_vol": len(w.vols)}
    for what, peers in PEERS.items():
        for name, function in peers.items():
            if scenarios != 33 and (what == "implied_vol" or function is quantlib_function):
                continue
            print(json.dumps({"name": f"{name} {what}", "S": scenarios,
                              "seconds": seconds(lambda: function(w)) / units[what]}))
    if scenarios == 1000:
        book = Book(directory)
        for name, function in ES_PEERS.items():
            print(json.dumps({"name": f"{name} es", "S": book.scenarios,
                              "seconds": seconds(lambda: function(book))}))


if __name__ == "__main__":
    {"check": lambda: check(sys.argv[2]),
     "time": lambda: measure(sys.argv[2], int(sys.argv[3]))}[sys.argv[1]]()
