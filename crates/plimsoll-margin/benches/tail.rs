//! Expected shortfall per account and by full revaluation, through the public interface.
//!
//! Goals: exact ES of one net vector in 5 µs over 1,000 scenarios and 25 µs over 10,000.

#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]
#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use plimsoll_margin::MarginModel;
use plimsoll_margin::models::var::model::Var;
use plimsoll_margin::models::var::tail::{TailMeasure, measure};
use plimsoll_math::rng::Stream;
use plimsoll_model::{Book, Market, Portfolio};

/// Losses with the tails of daily crypto moves: Student of four degrees of freedom.
fn losses(count: usize) -> Vec<f64> {
    let mut stream = Stream::new(1, 1);
    (0..count).map(|_| stream.normal() / (stream.chi_squared(4.0) / 4.0).sqrt()).collect()
}

fn per_account(criterion: &mut Criterion) {
    for count in [1_000, 10_000] {
        let losses = losses(count);
        criterion.bench_function(&format!("es 97.5, {count} scenarios"), |bencher| {
            bencher.iter(|| {
                measure(black_box(&losses), 0.975, TailMeasure::ExpectedShortfall).unwrap()
            });
        });
    }
}

/// 250 strikes, calls and puts, on one coin and ten expiries.
fn market() -> String {
    let mut instruments = Vec::new();
    for month in 0..10 {
        let (year, month) = if month < 10 { (26, month + 2) } else { (27, 1) };
        let name =
            ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
                [month - 1];
        for strike in 0..25 {
            for kind in ["C", "P"] {
                let strike = 60_000 + 4_000 * strike;
                instruments.push(format!(
                    r#"{{"name":"BTC-27{name}{year}-{strike}-{kind}","mark_price":0.05,"mark_vol":0.5}}"#
                ));
            }
        }
    }
    let forwards: Vec<String> = (2..12)
        .map(|month| format!(r#""2026-{month:02}-27T08:00:00Z":{}"#, 100_000 + 300 * month))
        .collect();
    format!(
        r#"{{"id":"bench","time":"2026-01-14T00:00:00Z","underlyings":{{"BTC":{{"index_price":100000,
        "forwards":{{{}}}}}}},"instruments":[{}]}}"#,
        forwards.join(","),
        instruments.join(",")
    )
}

fn params() -> &'static str {
    r#"
family = "var"
id = "bench"
method = "monte-carlo"
measure = "es"
level_pct = 97.5
days = 1.0
maintenance_pct = 80.0
[source]
source = "A benchmark."
effective = "2026-01-01"
evidence = "own"
[collateral]
other_haircut = 0.0
[law]
correlation = [[1.0, -0.3], [-0.3, 1.0]]
copula_dof = 5.0
simulation = { draws = "sobol", paths = 10000, seed = 1 }
factors = [{ coin = "BTC", moves = "spot", sd_pct = 3.0, dof = 5.0 },
           { coin = "BTC", moves = "vol", sd_pct = 5.0, dof = 5.0 }]
"#
}

fn full_revaluation(criterion: &mut Criterion) {
    let market = Market::from_json(market().as_bytes()).unwrap();
    let mut book = "instrument,quantity\n".to_owned();
    for (index, id) in market.ids().enumerate() {
        let quantity = if index % 2 == 0 { 1 } else { -1 };
        book.push_str(&format!("{},{quantity}\n", market.listing(id).instrument.name));
    }
    let book = Book::parse(book.as_bytes()).unwrap();
    let portfolio = Portfolio::bind(&book.accounts[0], &market).unwrap();
    let ids: Vec<_> = portfolio.holdings.iter().map(|holding| holding.id).collect();
    let model = Var::from_toml(params()).unwrap();
    let mut group = criterion.benchmark_group("es 97.5, 10,000 paths, 500 options");
    group.sample_size(10);
    group.bench_function("priced and read", |bencher| {
        bencher.iter(|| {
            let prepared = model.prepare(&market, &ids).unwrap();
            prepared.requirement(black_box(&portfolio)).unwrap()
        });
    });
    let prepared = model.prepare(&market, &ids).unwrap();
    group.bench_function("read", |bencher| {
        bencher.iter(|| prepared.requirement(black_box(&portfolio)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, per_account, full_revaluation);
criterion_main!(benches);
