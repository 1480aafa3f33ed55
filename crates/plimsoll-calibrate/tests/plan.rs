//! A parameter file out of a history: what it may see, what it refuses, and that it loads.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;

use plimsoll_calibrate::columns::{CoinHistory, HistoryFile, read_histories, stamp};
use plimsoll_calibrate::copula::{fit_t_copula, kendall_tau};
use plimsoll_calibrate::plan::{Calibrated, Goal, Settings, calibrate};
use plimsoll_margin::models::scan::ScanParams;
use plimsoll_margin::models::var::model::{MeasureName, VarParams};
use plimsoll_margin::models::var::monte_carlo::{Copula, Draws, JointLaw, Marginal};
use plimsoll_math::float::exp;
use plimsoll_math::linalg::Matrix;
use plimsoll_math::rng::reference_panel;
use plimsoll_model::params::from_toml;
use plimsoll_model::{Asset, InputError, Timestamp};

const DAYS: usize = 200;

/// Two coins and a vol of the first, from the reference panel: day 0 is 2020-01-01.
fn text(days: usize) -> String {
    let start = stamp("2020-01-01").unwrap();
    let (mut btc, mut eth, mut vol) = (10_000.0, 500.0, 60.0);
    let mut text = "time,BTC,ETH,BTC_vol\n".to_owned();
    for (day, row) in reference_panel(days).iter().enumerate() {
        let time = Timestamp(start.0 + 86_400_000 * day as i64);
        text.push_str(&format!("{time},{btc},{eth},{vol}\n"));
        btc *= exp(row[0]);
        eth *= exp(row[1]);
        vol *= exp(row[2]);
    }
    text
}

fn read(text: &str) -> Result<Vec<CoinHistory>, InputError> {
    let file = HistoryFile { origin: "h.csv", bytes: text.as_bytes() };
    Ok(read_histories(&[file])?.history)
}

fn settings(goal: Goal) -> Settings {
    Settings {
        goal,
        id: "mine".to_owned(),
        source: "The reference panel.".to_owned(),
        as_of: Some(stamp("2020-06-01").unwrap()),
        window: 120,
        lambda: 0.94,
        age_lambda: 0.98,
        measure: MeasureName::Es,
        level_pct: 97.5,
        coverage_pct: 95.0,
        horizon_days: 1,
        maintenance_pct: 80.0,
        stressed_days: 60,
        stressed_share_pct: 50.0,
        vol_like: BTreeMap::from([(Asset::new("ETH"), Asset::new("BTC"))]),
        others_like: Some(Asset::new("ETH")),
        paths: 256,
        seed: 1,
    }
}

fn run(text: &str, settings: &Settings) -> Result<Calibrated, InputError> {
    calibrate(&read(text)?, settings, &|| {})
}

const GOALS: [Goal; 9] = [
    Goal::Historical,
    Goal::AgeWeighted,
    Goal::FilteredEwma,
    Goal::FilteredGarch,
    Goal::MonteCarlo,
    Goal::DeltaNormal,
    Goal::DeltaGamma,
    Goal::DeltaGammaExact,
    Goal::Scan,
];

/// `calibrate` loads what it writes; this is that it sees nothing of the future, to the last byte.
#[test]
fn the_future_changes_no_byte() {
    let honest = text(DAYS);
    // 2020-06-01 is day 152: later rows are halved, doubled, and cut off.
    let mut altered = String::new();
    for (line, row) in honest.lines().enumerate() {
        let cells: Vec<&str> = row.split(',').collect();
        if line > 153 {
            let factor = if line % 2 == 0 { 0.5 } else { 2.0 };
            let cell = |i: usize| cells[i].parse::<f64>().unwrap() * factor;
            altered.push_str(&format!("{},{},{},{}\n", cells[0], cell(1), cell(2), cell(3)));
        } else {
            altered.push_str(&format!("{row}\n"));
        }
    }
    assert_ne!(honest, altered);
    let cut: String = honest.lines().take(154).map(|line| format!("{line}\n")).collect();
    for goal in GOALS {
        let settings = settings(goal);
        let found = run(&honest, &settings).unwrap();
        assert_eq!(found, run(&altered, &settings).unwrap(), "{goal:?}");
        assert_eq!(found, run(&cut, &settings).unwrap(), "{goal:?}");
        assert_eq!(found.span.1, stamp("2020-06-01").unwrap());
        // The last day seen does count.
        let before = Settings { as_of: Some(stamp("2020-05-31").unwrap()), ..settings.clone() };
        assert_ne!(found.toml, run(&honest, &before).unwrap().toml);
    }
}

#[test]
fn scenarios_are_the_days_of_the_history() {
    let found = run(&text(DAYS), &settings(Goal::Historical)).unwrap();
    let params: VarParams = from_toml(&found.toml).unwrap();
    let set = params.scenarios.unwrap();
    assert_eq!((set.names.len(), set.names[119].as_str()), (120, "2020-06-01"));
    // The move that ends on day 152 is row 151 of the panel; four decimals of a per cent.
    let row = reference_panel(DAYS)[151];
    let pct = |r: f64| 100.0 * (exp(r) - 1.0);
    let moves = |coin: &str| &set.underlyings[&Asset::new(coin)];
    assert!((moves("BTC").spot_pct[119] - pct(row[0])).abs() < 0.51e-4);
    assert!((moves("ETH").spot_pct[119] - pct(row[1])).abs() < 0.51e-4);
    assert!((moves("ETH").vol_pct[119] - pct(row[2])).abs() < 0.51e-4, "like the vol of BTC");
    assert_eq!(moves("*"), moves("ETH"));
    let stressed = params.stressed.unwrap();
    assert_eq!((stressed.share_pct, stressed.scenarios.names.len()), (50.0, 60));
    // The 60 days with the largest sum of squares, by trying all.
    let squares = |t: usize| {
        let row = reference_panel(DAYS)[t];
        row[0] * row[0] + row[1] * row[1]
    };
    let best = (0..=152 - 60)
        .max_by(|a, b| {
            let sum = |start: usize| (start..start + 60).map(squares).sum::<f64>();
            sum(*a).total_cmp(&sum(*b))
        })
        .unwrap();
    let first = stressed.scenarios.underlyings[&Asset::new("BTC")].spot_pct[0];
    assert!((first - pct(reference_panel(DAYS)[best][0])).abs() < 0.51e-4);
}

#[test]
fn scan_ranges_cover_what_they_promise() {
    let found = run(&text(DAYS), &settings(Goal::Scan)).unwrap();
    let params: ScanParams = from_toml(&found.toml).unwrap();
    let grid = params.grids.iter().find(|grid| grid.underlyings == [Asset::new("BTC")]).unwrap();
    let (fall, rise) = (grid.blocks[0].moves_pct[0], *grid.blocks[0].moves_pct.last().unwrap());
    let rows = &reference_panel(DAYS)[32..152];
    let beyond = |test: &dyn Fn(f64) -> bool| {
        rows.iter().filter(|row| test(100.0 * (exp(row[0]) - 1.0))).count()
    };
    // 95 % of 120 days: six may lie beyond, on each side. Ranges are rounded to four decimals.
    assert_eq!(beyond(&|pct| pct < fall - 1e-4), 6);
    assert_eq!(beyond(&|pct| pct > rise + 1e-4), 6);
    assert!(params.grids.iter().any(|grid| grid.underlyings == [Asset::new("*")]));
}

#[test]
fn bad_histories_are_refused_in_words() {
    let good = text(DAYS);
    let line = |number: usize| good.lines().nth(number).unwrap();
    let time = |number: usize| line(number).split(',').next().unwrap();
    let cases = [
        (good.replace("time,BTC", "date,BTC"), "first column"),
        (good.replace("ETH,BTC_vol", "BTC,BTC_vol"), "column named `BTC`"),
        (good.replace("BTC_vol", "SOL_vol"), "no price column"),
        (good.replace(line(50), &format!("{},-5,500,60", time(50))), "a price is positive"),
        (good.replace(line(50), &format!("{},0,500,60", time(50))), "a price is positive"),
        (good.replace(line(50), &format!("{},abc,500,60", time(50))), "not a number"),
        (good.replace(line(50), &format!("{},nan,500,60", time(50))), "a price is positive"),
        (good.replace(line(50), "yesterday,1,2,3"), "not a date"),
        (format!("{good}{},1,2,3\n", time(50)), "has both"),
        (text(60), "at least 120 are needed"),
    ];
    for (text, words) in cases {
        let refusal = run(&text, &settings(Goal::FilteredEwma)).unwrap_err().to_string();
        assert!(refusal.contains(words), "{refusal}");
    }
    let constant: String = std::iter::once("time,BTC\n".to_owned())
        .chain((1..=DAYS).map(|number| format!("{},100\n", time(number))))
        .collect();
    let alone =
        Settings { vol_like: BTreeMap::new(), others_like: None, ..settings(Goal::FilteredEwma) };
    let refusal = run(&constant, &alone).unwrap_err().to_string();
    assert!(refusal.contains("BTC is constant"), "{refusal}");
    let other = Settings { others_like: Some(Asset::new("SOL")), ..settings(Goal::Historical) };
    assert!(run(&good, &other).unwrap_err().to_string().contains("there are BTC, ETH"));
    let early =
        Settings { as_of: Some(stamp("2019-01-01").unwrap()), ..settings(Goal::Historical) };
    assert!(run(&good, &early).unwrap_err().to_string().contains("it begins 2020-01-01"));
}

/// More factors than days: the correlation would be singular.
#[test]
fn fewer_days_than_factors_are_refused() {
    let names: Vec<String> = (0..70).map(|i| format!("C{i}")).collect();
    let mut text = format!("time,{}\n", names.join(","));
    let start = stamp("2020-01-01").unwrap();
    for day in 0..80_i64 {
        let cells: Vec<String> =
            (0..70).map(|i| (100 + (day * (i + 3)) % 17).to_string()).collect();
        text.push_str(&format!("{},{}\n", Timestamp(start.0 + 86_400_000 * day), cells.join(",")));
    }
    let settings = Settings {
        as_of: None,
        window: 70,
        stressed_days: 0,
        vol_like: BTreeMap::new(),
        others_like: None,
        ..settings(Goal::DeltaNormal)
    };
    let refusal = run(&text, &settings).unwrap_err().to_string();
    assert!(refusal.contains("70 days for 70 factors"), "{refusal}");
}

#[test]
fn gaps_duplicates_and_disorder_are_repaired_and_told() {
    let good = text(DAYS);
    let mut lines: Vec<&str> = good.lines().collect();
    lines.remove(100);
    lines.swap(20, 21);
    lines.insert(60, lines[60]);
    let altered = format!("{}\n", lines.join("\n"));
    let file = HistoryFile { origin: "h.csv", bytes: altered.as_bytes() };
    let read = read_histories(&[file]).unwrap();
    let told = read.repairs.join("; ");
    assert!(told.contains("out of order") && told.contains("there twice"), "{told}");
    let found = calibrate(&read.history, &settings(Goal::Historical), &|| {}).unwrap();
    // A missing day is the end of one move and the start of the next.
    assert!(found.remarks[0].contains("2 of 152 periods"), "{:?}", found.remarks);
}

/// 2,000 draws of a t copula of 4 degrees of freedom under marginals of quite another shape.
#[test]
fn the_copula_fit_finds_what_was_drawn() {
    let correlation = Matrix::from_rows(&[[1.0, 0.7], [0.7, 1.0]]).unwrap();
    let marginal = |scale, dof| Marginal { location: 0.0, scale, dof };
    let law = |dof| {
        let copula = Copula { correlation: correlation.clone(), dof };
        JointLaw::new(vec![marginal(0.1, Some(3.0)), marginal(2.0, None)], &copula).unwrap()
    };
    let rows = law(Some(4.0)).draw(2000, Draws::Independent, 7).unwrap();
    let fit = fit_t_copula(&rows).unwrap();
    let (low, high) = fit.dof_interval;
    assert!(low < 4.0 && 4.0 < high && high < 6.0, "{fit:?}");
    // The error of Kendall's τ of 2,000 pairs is about 0.01.
    assert!((fit.correlation.get(0, 1) - 0.7).abs() < 0.04, "{fit:?}");
    // Only ranks count.
    let cubes: Vec<Vec<f64>> =
        rows.iter().map(|row| vec![row[0] * row[0] * row[0], row[1]]).collect();
    assert_eq!(fit_t_copula(&cubes).unwrap(), fit);
    // A Gaussian copula is a t copula of very many.
    let normal = law(None).draw(2000, Draws::Independent, 7).unwrap();
    assert!(fit_t_copula(&normal).unwrap().dof > 15.0);
    // 1-2, 1-3 and 2-3: two in order, one not.
    assert!((kendall_tau(&[1.0, 2.0, 3.0], &[1.0, 3.0, 2.0]) - 1.0 / 3.0).abs() < 1e-15);
}
