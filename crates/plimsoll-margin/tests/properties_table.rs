//! Which properties every margin model has, over random books, and a recorded counter-example for
//! each that one has not. `docs/models/README.md` shows the same table.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod filled;
mod properties_table {
    pub mod check;
    pub mod market;
    pub mod page;
    pub mod table;
}

use std::fs;
use std::path::Path;

use plimsoll_margin::{MarginModel, models};
use plimsoll_model::{InstrumentId, Market};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use rust_decimal::Decimal;

use properties_table::check::{Breach, Property, Subject, applies, cases};
use properties_table::market::{bind, market};
use properties_table::page;
use properties_table::table::{Claim, REFUSE, claims};

const CASES: u32 = 2000;

/// The instruments that a model margins, long and short.
fn margined(model: &dyn MarginModel, market: &Market, claim: &Claim) -> Vec<String> {
    let names = market.listings.iter().map(|listing| listing.instrument.name.clone());
    let taken = |name: &String| {
        let id = market.find(name).unwrap();
        let Ok(prepared) = model.prepare(market, &[id]) else { return false };
        [Decimal::ONE, Decimal::NEGATIVE_ONE].into_iter().all(|size| {
            // Spot is held, never owed.
            let size = if name.contains('-') { size } else { Decimal::ONE };
            let book = bind(market, &vec![(name.clone(), size)], Decimal::ZERO);
            prepared.requirement(&book).is_ok()
        })
    };
    names.filter(|name| (claim.fits)(name)).filter(taken).collect()
}

fn subject<'a>(model: &'a dyn MarginModel, market: &'a Market, names: &[String]) -> Subject<'a> {
    let ids: Vec<InstrumentId> = names.iter().map(|name| market.find(name).unwrap()).collect();
    Subject { market, prepared: model.prepare(market, &ids).unwrap() }
}

/// The same cases on every run: what a table claims must not depend on luck.
fn runner() -> TestRunner {
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

#[test]
fn every_model_is_claimed_or_refuses_every_book() {
    let market = market();
    let claimed: Vec<&str> = claims().iter().map(|claim| claim.id).collect();
    for id in models::ids() {
        assert!(claimed.contains(&id) != REFUSE.contains(&id), "{id} stands in one of the lists");
    }
    for id in REFUSE {
        let model = models::bundled_model(id, market.time).unwrap();
        let all = Claim { id, fits: |_| true, breaks: &[] };
        assert_eq!(margined(model.as_ref(), &market, &all), Vec::<String>::new(), "{id}");
    }
}

#[test]
fn what_is_claimed_holds_and_what_is_broken_is_recorded() {
    let market = market();
    let mut wrong = Vec::new();
    for claim in claims() {
        let model = claim.build();
        let names = margined(model.as_ref(), &market, &claim);
        assert!(!names.is_empty(), "{} margins nothing here", claim.id);
        let subject = subject(model.as_ref(), &market, &names);
        for property in Property::ALL.into_iter().filter(|one| applies(*one, &names)) {
            if claim.example(property).is_some() {
                continue;
            }
            let answer = runner().run(&cases(property, &names), |case| {
                let fail = |Breach(numbers)| TestCaseError::fail(format!("{numbers:?}"));
                subject.ask(property, &case).map_err(fail)
            });
            if let Err(found) = answer {
                wrong.push(format!("{} does not have `{}`: {found}", claim.id, property.name()));
            }
        }
        for example in claim.breaks {
            if subject.ask(example.property, &example.case()).is_ok() {
                wrong.push(format!("{}: the example breaks no {:?}", claim.id, example.property));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_lists_the_models_and_shows_the_same_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/models");
    let path = folder.join("README.md");
    let found = fs::read_to_string(&path).unwrap();
    let index = page::index(&folder, models::ids());
    let mut expected = page::with_block(&found, "index", &index);
    expected = page::with_block(&expected, "properties", &table_of_claims());
    if std::env::var_os("PLIMSOLL_WRITE_DOCS").is_some() {
        fs::write(&path, &expected).unwrap();
        return;
    }
    assert!(
        found == expected,
        "{} is not what the code says: write it with\n    PLIMSOLL_WRITE_DOCS=1 cargo test -p \
         plimsoll-margin --test properties_table",
        path.display()
    );
}

fn table_of_claims() -> String {
    let market = market();
    let mut rows = Vec::new();
    for claim in claims() {
        let model = claim.build();
        let names = margined(model.as_ref(), &market, &claim);
        let subject = subject(model.as_ref(), &market, &names);
        let answer = |property: Property| {
            if !applies(property, &names) {
                return page::Cell::NoCase;
            }
            claim.example(property).map_or(page::Cell::Holds, |example| {
                let numbers = subject.ask(property, &example.case()).err().map(|breach| breach.0);
                page::Cell::Broken { example, numbers: numbers.unwrap_or_default() }
            })
        };
        rows.push((claim.id, Property::ALL.map(answer)));
    }
    page::table(&rows)
}
