//! The page: whole, offline, and carrying the numbers of the JSON answer.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;

use common::{plimsoll, plimsoll_with};
use serde_json::Value;

fn page(args: &[&str], stdin: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    let run = plimsoll_with(&[args, &["--html", path.to_str().unwrap()]].concat(), stdin);
    assert_eq!(run.code, 0, "{}", run.err);
    assert!(run.err.starts_with("wrote "), "{}", run.err);
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names, ["report.html"], "something else was left behind");
    fs::read_to_string(path).unwrap()
}

/// The data of each account on the page.
fn data(page: &str) -> Vec<Value> {
    let open = "<script type=\"application/json\">";
    page.split(open)
        .skip(1)
        .map(|rest| serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap())
        .collect()
}

#[test]
fn it_is_one_file_that_asks_the_network_for_nothing() {
    let page = page(&["margin"], b"");
    // Plotly's own text mentions addresses; what counts is that nothing is loaded.
    assert!(page.contains("default-src 'none'"));
    for tag in ["<script src", "<link", "<img", "<iframe", "@import", "url("] {
        let own = page.split("plotly.js v").next().unwrap();
        assert!(!own.contains(tag), "{tag}");
    }
    assert!(!page.contains("MathJax = "), "the formula typesetter came along");
    assert!(page.len() < 6 << 20, "{} bytes", page.len());
    assert!(page.trim_end().ends_with("</html>"));
}

#[test]
fn it_carries_the_numbers_of_the_answer() {
    let page = page(&["margin", "--model", "deribit-spm"], b"");
    let answer = plimsoll(&["margin", "--model", "deribit-spm", "--format", "json"]).json();
    let [data] = data(&page).try_into().unwrap();
    assert_eq!(data["answer"], answer);
    let surface = &data["surface"];
    let (columns, rows) = (&surface["spot_moves_pct"], &surface["vol_moves_pct"]);
    let (columns, rows) = (columns.as_array().unwrap(), rows.as_array().unwrap());
    for grid in ["pnl", "equity", "maintenance_excess"] {
        let grid = surface[grid].as_array().unwrap();
        assert_eq!(grid.len(), rows.len());
        assert!(grid.iter().all(|row| row.as_array().unwrap().len() == columns.len()));
    }
    // Where nothing moves, nothing is gained.
    let still = |moves: &[Value]| moves.iter().position(|by| by == &Value::from(0.0)).unwrap();
    assert_eq!(surface["pnl"][still(rows)][still(columns)], 0.0);
    // A fall that liquidates lies inside the chart.
    let down = answer["distance_to_liquidation"]["down_move_pct"].as_f64().unwrap();
    assert!(columns[0].as_f64().unwrap() < down);
}

#[test]
fn names_from_the_book_are_text_and_never_markup() {
    let book = b"account,instrument,quantity\n</script><script>alert(1)</script>,BTC,1\n";
    let page = page(&["margin", "--book", "-"], book);
    assert!(!page.contains("<script>alert"));
    let [data] = data(&page).try_into().unwrap();
    assert_eq!(data["answer"]["account"], "</script><script>alert(1)</script>");
}

#[test]
fn a_group_and_its_accounts_share_one_page() {
    let book = b"account,instrument,quantity\n\
        a,BTC-27MAR26-100000-C,-10\na,USDC,500000\nb,BTC-PERPETUAL,50000\nb,USDC,300000\n";
    let page = page(&["margin", "--book", "-", "--group"], book);
    let names: Vec<Value> =
        data(&page).iter().map(|one| one["answer"]["account"].clone()).collect();
    assert_eq!(names, ["a+b", "a", "b"]);
    assert!(page.contains("netted as one"));
}

#[test]
fn the_risk_page_carries_the_numbers_of_the_report() {
    let page = page(&["risk", "--book", "covered-call"], b"");
    let report = plimsoll(&["risk", "--book", "covered-call", "--format", "json"]).json();
    let [data] = data(&page).try_into().unwrap();
    assert_eq!(data["report"], report);
    for chart in ["stresses", "tails", "losses", "correlations", "components"] {
        assert!(page.contains(&format!("data-chart=\"{chart}\"")), "{chart}");
    }
}
