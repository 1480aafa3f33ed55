//! Compensated sums and root finding.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use plimsoll_math::float;
use plimsoll_math::root::{RootError, bracket, brent};
use plimsoll_math::sum::{NeumaierSum, neumaier};

#[test]
fn sum_keeps_what_a_plain_sum_loses() {
    // 1e100 swallows the ones in plain addition; Kahan's original rule loses them too
    assert_eq!(neumaier([1.0, 1e100, 1.0, -1e100]), 2.0);
    // ten tenths: 0.1 is 3602879701896397/2^55, ten of them round to exactly 1
    assert_eq!(neumaier([0.1; 10]), 1.0);
    assert_eq!(neumaier([]), 0.0);
}

#[test]
fn sum_adds_up_in_parts() {
    let mut sum = NeumaierSum::new();
    sum.add(1e16);
    sum.extend([1.0, 1.0]);
    assert_eq!(sum.value(), 1e16 + 2.0);
}

#[test]
fn sum_of_the_infinite_is_infinite() {
    assert_eq!(neumaier([1.0, f64::INFINITY, 1.0]), f64::INFINITY);
    assert!(neumaier([f64::INFINITY, f64::NEG_INFINITY]).is_nan());
    assert!(neumaier([f64::NAN, 1.0]).is_nan());
}

#[test]
fn brent_finds_known_roots() {
    // √2, ln 3, and the triple root of x³ at 0, where interpolation is no help
    let sqrt_2 = brent(|x| x * x - 2.0, 0.0, 2.0, 0.0).unwrap();
    assert!((sqrt_2 - std::f64::consts::SQRT_2).abs() <= 4.0 * f64::EPSILON);
    let ln_3 = brent(|x| float::exp(x) - 3.0, -5.0, 5.0, 0.0).unwrap();
    assert!((ln_3 - 1.0986122886681098).abs() <= 4.0 * f64::EPSILON);
    let zero = brent(|x| x * x * x, -1.0, 1.5, 1e-9).unwrap();
    assert!(zero.abs() <= 1e-9);
    // a jump counts as a root: the bracket closes on it
    let jump = brent(|x| if x < 0.3 { -1.0 } else { 2.0 }, 0.0, 1.0, 1e-12).unwrap();
    assert!((jump - 0.3).abs() <= 1e-12);
}

#[test]
fn brent_is_quicker_than_bisection() {
    let mut calls = 0;
    let root = brent(
        |x| {
            calls += 1;
            float::exp(x) - 100.0
        },
        0.0,
        50.0,
        1e-14,
    );
    assert!((root.unwrap() - 4.605170185988091).abs() < 1e-14);
    // bisection would take 52 halvings of the bracket
    assert!(calls < 20, "{calls} calls");
}

#[test]
fn ends_of_a_bracket_may_be_roots() {
    assert_eq!(brent(|x| x, 0.0, 1.0, 0.0), Ok(0.0));
    assert_eq!(brent(|x| x - 1.0, 0.0, 1.0, 0.0), Ok(1.0));
}

#[test]
fn refusals_are_named() {
    let none = brent(|x| x * x + 1.0, -1.0, 2.0, 0.0);
    assert_eq!(none, Err(RootError::NoSignChange { lo: -1.0, hi: 2.0, f_lo: 2.0, f_hi: 5.0 }));
    let infinite = brent(|x| 1.0 / x, 0.0, 1.0, 0.0);
    assert_eq!(infinite, Err(RootError::NotFinite { x: 0.0, value: f64::INFINITY }));
    assert!(matches!(brent(|x| x, f64::NAN, 1.0, 0.0), Err(RootError::NotFinite { .. })));
}

#[test]
fn bracket_walks_towards_the_root() {
    let up = bracket(|x| x - 100.0, 0.0, 1.0, 0.0, 1e9).unwrap();
    assert!(up.0 <= 100.0 && 100.0 <= up.1);
    let down = bracket(|x| x + 100.0, 0.0, 1.0, -1e9, 1e9).unwrap();
    assert!(down.0 <= -100.0 && -100.0 <= down.1);
    // the limit is tried itself, then the search gives up
    assert_eq!(bracket(|x| x - 8.0, 0.0, 1.0, 0.0, 8.0).map(|b| b.1), Ok(8.0));
    let beyond = bracket(|x| x - 9.0, 0.0, 1.0, 0.0, 8.0);
    assert_eq!(beyond, Err(RootError::NoSignChange { lo: 0.0, hi: 8.0, f_lo: -9.0, f_hi: -1.0 }));
}
