//! Help texts, as a newcomer reads them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::plimsoll;

fn help(command: &[&str]) -> String {
    let run = plimsoll(&[command, &["--help"]].concat());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    run.out
}

#[test]
fn of_the_whole() {
    insta::assert_snapshot!(help(&[]));
}

#[test]
fn of_margin() {
    insta::assert_snapshot!(help(&["margin"]));
}

#[test]
fn of_what_if() {
    insta::assert_snapshot!(help(&["what-if"]));
}

#[test]
fn every_command_shows_examples() {
    for command in [
        "margin",
        "compare",
        "what-if",
        "chain",
        "models",
        "schema",
        "calibrate",
        "backtest",
        "risk",
    ] {
        assert!(help(&[command]).contains(&format!("plimsoll {command}")), "{command}");
    }
    for command in
        [["import", "deribit-chain"], ["import", "span"], ["params", "diff"], ["params", "impact"]]
    {
        assert!(help(&command).contains(&format!("plimsoll {}", command.join(" "))), "{command:?}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let run = plimsoll(&["--version"]);
    assert_eq!(run.out.trim(), concat!("plimsoll ", env!("CARGO_PKG_VERSION")));
}
