//! One option at a time: price, sensitivities, implied vol, over the strikes of one expiry.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use plimsoll_pricing::{Black76, OptionType, implied_vol, price};
use std::hint::black_box;

const FORWARD: f64 = 60_000.0;
const VOL_ANN: f64 = 0.6;
const TAU_YEARS: f64 = 30.0 / 365.0;

fn options() -> Vec<Black76> {
    let option = |i: u32| Black76 {
        option_type: if i >= 50 { OptionType::Call } else { OptionType::Put },
        forward: FORWARD,
        strike: 40_000.0 + 400.0 * f64::from(i),
        vol_ann: VOL_ANN,
        tau_years: TAU_YEARS,
        discount_factor: 1.0,
        rate_ann: 0.0,
    };
    (0..100).map(option).collect()
}

fn one_by_one(c: &mut Criterion) {
    let options = options();
    let total_vol = VOL_ANN * TAU_YEARS.sqrt();
    let prices: Vec<f64> = options.iter().map(Black76::value).collect();
    let mut group = c.benchmark_group("black76");
    group.throughput(Throughput::Elements(options.len() as u64));
    group.bench_function("price", |b| {
        b.iter(|| {
            let each =
                |o: &Black76| price(o.option_type, black_box(o.forward), o.strike, total_vol);
            options.iter().map(each).sum::<f64>()
        });
    });
    group.bench_function("greeks", |b| {
        b.iter(|| {
            for o in &options {
                black_box(black_box(o).greeks());
            }
        });
    });
    group.bench_function("implied_vol", |b| {
        b.iter(|| {
            let each = |(o, p): (&Black76, &f64)| {
                implied_vol(o.option_type, black_box(o.forward), o.strike, TAU_YEARS, *p)
            };
            options.iter().zip(&prices).map(each).sum::<Result<f64, _>>()
        });
    });
    group.finish();
}

criterion_group!(benches, one_by_one);
criterion_main!(benches);
