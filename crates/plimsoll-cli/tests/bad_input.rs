//! Every wrong input is one line on standard error with the file, the place and the value; nothing
//! is printed as if it were an answer, and the exit code is 2.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, plimsoll, plimsoll_with};
use serde_json::{Value, json};

/// A folder with a book and a market, each good until a test spoils it.
struct Bench {
    folder: tempfile::TempDir,
}

const BOOK: &str = "account,instrument,quantity,entry_price\n\
    desk,BTC-27MAR26-100000-C,-1\n\
    desk,BTC-PERPETUAL,5000,97000\n\
    desk,BTC,1\n";

fn market() -> Value {
    json!({
        "id": "m",
        "time": "2026-01-14T12:00:00Z",
        "underlyings": {"BTC": {"index_price": 97500, "forwards": {"2026-03-27T08:00:00Z": 98400}}},
        "assets": {"USDC": 1},
        "instruments": [
            {"name": "BTC-27MAR26-100000-C", "mark_vol": 0.42, "bid": 0.040, "ask": 0.042},
            {"name": "BTC-PERPETUAL", "contract_size": 10, "contract_unit": "quote",
             "mark_price": 97510}
        ]
    })
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().unwrap() };
        bench.write("book.csv", BOOK.as_bytes());
        bench.write("market.json", market().to_string().as_bytes());
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn run(&self, command: &[&str]) -> Run {
        let (book, market) = (self.path("book.csv"), self.path("market.json"));
        let files = ["--book", path_text(&book), "--market", path_text(&market)];
        plimsoll(&[command, &files[..]].concat())
    }

    /// Margin and compare both refuse, saying all of this.
    fn refuses(&self, what: &str, words: &[&str]) {
        for command in [&["margin"][..], &["margin", "--format", "json"], &["compare"]] {
            assert_refused(&self.run(command), &format!("{what} ({command:?})"), words);
        }
    }
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn assert_refused(run: &Run, what: &str, words: &[&str]) {
    assert_eq!(run.code, 2, "{what}: {}{}", run.out, run.err);
    assert_eq!(run.out, "", "{what}: something was printed as an answer");
    assert!(run.err.starts_with("error: "), "{what}: {}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{what}: {}", run.err);
    for word in words {
        assert!(run.err.contains(word), "{what}: `{word}` is not in: {}", run.err);
    }
}

#[test]
fn the_bench_itself_is_good() {
    let run = Bench::new().run(&["margin"]);
    assert_eq!(run.code, 0, "{}", run.err);
}

#[test]
fn books() {
    let line = |row: &str| format!("{BOOK}{row}\n");
    for (what, book, words) in [
        (
            "unknown instrument",
            line("desk,BTC-27MAR26-123-C,1"),
            &["book.csv", "line 5", "`BTC-27MAR26-123-C`", "did you mean BTC-27MAR26-100000-C"][..],
        ),
        (
            "expired option",
            line("desk,BTC-26DEC25-100000-C,1"),
            &["book.csv", "line 5", "BTC-26DEC25-100000-C", "expired at 2025-12-26T08:00:00Z"],
        ),
        ("wrong currency", line("desk,EUR,1000"), &["book.csv", "line 5", "`EUR`", "USDC"]),
        ("NaN", line("desk,USDC,NaN"), &["book.csv", "line 5", "quantity", "`NaN`"]),
        ("Infinity", line("desk,USDC,Infinity"), &["book.csv", "line 5", "`Infinity`"]),
        ("1e308", line("desk,USDC,1e308"), &["book.csv", "line 5", "1e308"]),
        ("no number", line("desk,USDC,\"1,5\""), &["book.csv", "line 5", "`1,5`"]),
        (
            "negative entry price",
            "account,instrument,quantity,entry_price\ndesk,BTC-PERPETUAL,1,-97000\n".to_owned(),
            &["book.csv", "line 2", "entry_price = -97000"],
        ),
        (
            "duplicate row",
            line("desk,BTC-PERPETUAL,1,97000"),
            &["book.csv", "line 5", "BTC-PERPETUAL appears twice", "line 3"],
        ),
        ("empty file", String::new(), &["book.csv", "empty"]),
        ("no rows", "account,instrument,quantity\n".to_owned(), &["book.csv", "no position"]),
        ("no accounts", "{\"accounts\": []}".to_owned(), &["book.csv", "no position"]),
        ("no header", "desk,BTC-PERPETUAL,1\n".to_owned(), &["book.csv", "line 1", "`desk`"]),
        ("a row cut short", line("desk,USDC"), &["book.csv", "line 5", "`quantity` is empty"]),
        (
            "truncated JSON",
            "{\"accounts\": [{\"name\": \"desk\", \"positions\": [".to_owned(),
            &["book.csv", "EOF", "line 1"],
        ),
        (
            "1e308 in JSON",
            "{\"positions\": [{\"instrument\": \"BTC-PERPETUAL\", \"quantity\": 1e308}]}"
                .to_owned(),
            &["book.csv", "positions[0].quantity", "e308"],
        ),
        (
            "an unknown field",
            "{\"positions\": [{\"instrument\": \"BTC-PERPETUAL\", \"size\": 1}]}".to_owned(),
            &["book.csv", "positions[0]", "`size`"],
        ),
    ] {
        let bench = Bench::new();
        bench.write("book.csv", book.as_bytes());
        bench.refuses(what, words);
    }
}

/// Replaces the value at a JSON pointer; `null` removes the key.
fn spoiled(pointer: &str, value: Value) -> Value {
    let mut document = market();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(key);
    } else {
        parent.insert(key.to_owned(), value);
    }
    document
}

#[test]
fn markets() {
    let option = "/instruments/0";
    let future = "/instruments/1";
    let at = |base: &str, key: &str| format!("{base}/{key}");
    for (what, document, words) in [
        (
            "missing vol",
            spoiled(&at(option, "mark_vol"), Value::Null),
            &["market.json", "BTC-27MAR26-100000-C", "mark_vol"][..],
        ),
        (
            "missing forward",
            spoiled("/underlyings/BTC/forwards", Value::Null),
            &["market.json", "BTC-27MAR26-100000-C", "forward"],
        ),
        (
            "missing index",
            spoiled("/underlyings/BTC/index_price", Value::Null),
            &["market.json", "underlyings.BTC", "index_price"],
        ),
        (
            "missing underlying",
            spoiled("/underlyings/BTC", Value::Null),
            &["market.json", "instruments[0] (BTC-27MAR26-100000-C)", "index_price for BTC"],
        ),
        (
            "missing mark of a future",
            spoiled(&at(future, "mark_price"), Value::Null),
            &["market.json", "BTC-PERPETUAL", "mark_price"],
        ),
        (
            "crossed",
            spoiled(&at(option, "bid"), json!(0.05)),
            &["market.json", "instruments[0]", "bid 0.05 is above ask 0.042"],
        ),
        (
            "negative price",
            spoiled(&at(future, "mark_price"), json!(-5)),
            &["market.json", "instruments[1] (BTC-PERPETUAL)", "mark_price = -5"],
        ),
        (
            "negative index",
            spoiled("/underlyings/BTC/index_price", json!(-1)),
            &["market.json", "underlyings.BTC", "index_price = -1"],
        ),
        (
            "NaN",
            spoiled(&at(option, "mark_vol"), json!("NaN")),
            &["market.json", "instruments[0].mark_vol", "`NaN`"],
        ),
        (
            "Infinity",
            spoiled(&at(option, "mark_vol"), json!("Infinity")),
            &["market.json", "instruments[0].mark_vol", "`Infinity`"],
        ),
        (
            "a vol in percent",
            spoiled(&at(option, "mark_vol"), json!(65)),
            &["market.json", "instruments[0]", "mark_vol = 65"],
        ),
        (
            "zero contract size",
            spoiled(&at(future, "contract_size"), json!(0)),
            &["market.json", "instruments[1] (BTC-PERPETUAL)", "contract_size = 0"],
        ),
        (
            "negative contract size",
            spoiled(&at(future, "contract_size"), json!(-10)),
            &["market.json", "contract_size = -10"],
        ),
        (
            "funding of more than the notional",
            spoiled(&at(future, "funding_8h"), json!(12.5)),
            &["market.json", "instruments[1] (BTC-PERPETUAL)", "funding_8h = 12.5", "[-1, 1]"],
        ),
        (
            "missing contract size",
            spoiled(&at(future, "contract_size"), Value::Null),
            &["market.json", "instruments[1] (BTC-PERPETUAL)", "contract_size"],
        ),
        (
            "listed twice",
            spoiled(&at(future, "name"), json!("BTC-27MAR26-100000-C")),
            &["market.json", "BTC-27MAR26-100000-C"],
        ),
        (
            "listed after expiry",
            spoiled(&at(option, "name"), json!("BTC-26DEC25-100000-C")),
            &["market.json", "BTC-26DEC25-100000-C expired at 2025-12-26T08:00:00Z"],
        ),
        (
            "settled in an asset without a price",
            spoiled(&at(future, "settlement"), json!("EURC")),
            &["market.json", "instruments[1] (BTC-PERPETUAL)", "EURC"],
        ),
        ("no time", spoiled("/time", json!("yesterday")), &["market.json", "time", "`yesterday`"]),
        ("an unknown field", spoiled("/vols", json!(1)), &["market.json", "`vols`"]),
    ] {
        let bench = Bench::new();
        bench.write("market.json", document.to_string().as_bytes());
        bench.refuses(what, words);
    }
}

#[test]
fn bytes_that_are_no_text_and_documents_that_end_early() {
    let bench = Bench::new();
    bench.write("book.csv", b"account,instrument,quantity\ndesk,\xff\xfe,1\n");
    bench.refuses("book in no UTF-8", &["book.csv", "not UTF-8", "33"]);
    let bench = Bench::new();
    bench.write("market.json", b"{\"id\": \"\xc3\x28\"}");
    bench.refuses("market in no UTF-8", &["market.json", "not UTF-8"]);
    let document = market().to_string();
    for end in [1, document.len() / 2, document.len() - 1] {
        let bench = Bench::new();
        bench.write("market.json", &document.as_bytes()[..end]);
        bench.refuses("truncated market", &["market.json", "line 1"]);
    }
    let bench = Bench::new();
    bench.write("market.json", format!("{document} {{}}").as_bytes());
    bench.refuses("two documents", &["market.json", "after the end"]);
}

#[test]
fn a_file_of_200_mb_is_refused_by_its_size() {
    for name in ["book.csv", "market.json"] {
        let bench = Bench::new();
        // A hole: it has the length and takes no room.
        let file = fs::File::create(bench.path(name)).unwrap();
        file.set_len(200 << 20).unwrap();
        bench.refuses("200 MiB", &[name, "209715200 bytes", "64 MiB"]);
    }
}

#[test]
fn an_endless_stream_is_refused_at_the_limit() {
    let endless = vec![b'#'; (64 << 20) + 1];
    let run = plimsoll_with(&["margin", "--book", "-"], &endless);
    assert_refused(&run, "endless", &["standard input", "67108864", "64 MiB"]);
}

#[test]
fn arguments() {
    let bench = Bench::new();
    for (args, words) in [
        (&["margin", "--account", "nobody"][..], &["book.csv", "`nobody`", "it holds desk"][..]),
        (&["margin", "--model", "no-such-model"], &["`no-such-model`", "there are", "deribit-spm"]),
        (&["margin", "--model", "scan@1999-01-01"], &["scan@1999-01-01", "2026-01-01"]),
        (&["what-if", "--trade", "BUY 1 BTC-1JAN30"], &["--trade", "BTC-1JAN30"]),
        (&["what-if", "--trade", "BUY BTC"], &["--trade \"BUY BTC\"", "hint"]),
        (&["what-if", "--trade", "BUY 1 BTC-PERPETUAL @ 0"], &["--trade", "BTC-PERPETUAL"]),
    ] {
        assert_refused(&bench.run(args), &format!("{args:?}"), words);
    }
    for (args, words) in [
        (&["margin", "--book", "no-such-book"][..], &["no-such-book", "market-maker"][..]),
        (&["margin", "--market", "no-such-market"], &["no-such-market", "crash-1551"]),
        (&["margin", "--book", "/"], &["/", "folder"]),
        (&["margin", "--book", "-", "--market", "-"], &["standard input"]),
        (&["margin", "--params", "no-such.toml"], &["no-such.toml", "no such file"]),
        (&["models", "no-such-model"], &["`no-such-model`", "deribit-spm"]),
        (&["schema", "nothing"], &["`nothing`", "assessment"]),
        (&["chain", "--expiry", "1JAN30"], &["1JAN30", "27MAR26"]),
        (&["chain", "--underlying", "DOGE"], &["DOGE", "BTC, ETH"]),
        (&["import", "deribit-chain", "no-such.csv"], &["no-such.csv"]),
        (&["import", "span", "no-such.spn"], &["no-such.spn"]),
        (&["params", "diff", "no-such.toml", "scan"], &["no-such.toml", "deribit-spm"]),
        (&["params", "diff", "scan", "scan@1999-01-01"], &["scan@1999-01-01", "2026-01-01"]),
        (&["params", "diff", "-", "-"], &["standard input"]),
        (&["params", "impact", "--from", "scan", "--to", "nothing"], &["nothing", "scan"]),
        (&["margin", "--html", "/no/such/folder/x.html"], &["/no/such/folder/x.html"]),
    ] {
        assert_refused(&plimsoll(args), &format!("{args:?}"), words);
    }
    // Arguments that clap refuses have its own words, and the same exit code.
    for args in
        [&["margn"][..], &["margin", "--format", "xml"], &["what-if"], &["margin", "--nope"]]
    {
        let run = plimsoll(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}");
    }
}

#[test]
fn parameters() {
    let bench = Bench::new();
    let good = plimsoll(&["models", "scan"]).out;
    let params = bench.path("my.toml");
    for (what, text, words) in [
        ("no TOML", "family = ".to_owned(), &["my.toml", "line 1"][..]),
        ("no family", good.replace("family = \"scan\"", "family = \"span\""), &["my.toml", "span"]),
        (
            "out of bounds",
            good.replace("maintenance_pct = 80.0", "maintenance_pct = 180.0"),
            &["my.toml", "maintenance_pct = 180", "[0, 100]"],
        ),
        (
            "NaN",
            good.replace("maintenance_pct = 80.0", "maintenance_pct = nan"),
            &["my.toml", "maintenance_pct = NaN"],
        ),
        (
            "an unknown key",
            good.replace("maintenance_pct = 80.0", "maintenance_percent = 80.0"),
            &["my.toml", "line", "maintenance_percent"],
        ),
    ] {
        fs::write(&params, text).unwrap();
        let run = bench.run(&["margin", "--params", path_text(&params)]);
        assert_refused(&run, what, words);
        let run = plimsoll(&["params", "diff", "scan", path_text(&params)]);
        assert_refused(&run, what, words);
        let run = bench.run(&["params", "impact", "--from", path_text(&params), "--to", "scan"]);
        assert_refused(&run, what, words);
    }
}

#[test]
fn names_in_files_cannot_command_the_terminal() {
    let bench = Bench::new();
    bench.write("book.csv", b"account,instrument,quantity\ndesk,BTC\x1b[2J,1\n");
    let run = bench.run(&["margin"]);
    assert_refused(&run, "escape codes", &["book.csv", "line 2"]);
    assert!(!run.err.contains('\x1b'), "{:?}", run.err);
}

#[test]
fn a_message_that_quotes_a_huge_value_stays_readable() {
    let bench = Bench::new();
    let huge = "9".repeat(1 << 20);
    bench.write("book.csv", format!("instrument,quantity\nBTC,{huge}\n").as_bytes());
    let run = bench.run(&["margin"]);
    assert_refused(&run, "a number of a million digits", &["book.csv", "line 2"]);
    assert!(run.err.len() < 2000);
}

#[test]
fn a_page_that_fails_leaves_the_old_one() {
    let bench = Bench::new();
    let page = bench.path("page.html");
    fs::write(&page, "old").unwrap();
    bench.write("book.csv", b"instrument,quantity\nBTC,NaN\n");
    assert_refused(&bench.run(&["margin", "--html", path_text(&page)]), "page", &["book.csv"]);
    assert_eq!(fs::read_to_string(&page).unwrap(), "old");
}

#[test]
fn a_parameter_file_given_as_a_model_is_told_its_flag() {
    let bench = Bench::new();
    fs::write(bench.path("my.toml"), plimsoll(&["models", "scan"]).out).unwrap();
    let run = bench.run(&["margin", "--model", path_text(&bench.path("my.toml"))]);
    assert_refused(&run, "a file as a model", &["my.toml", "--params"]);
}

#[test]
fn span_files() {
    let bench = Bench::new();
    let good = fs::read(common::project_file("crates/plimsoll-venues/tests/span/conformance.spn"))
        .unwrap();
    bench.write("house.spn", &good);
    let file = bench.path("house.spn");
    let run = plimsoll(&["import", "span", path_text(&file), "--only", "DOGE"]);
    assert_refused(&run, "no such commodity", &["house.spn", "`DOGE`", "BTC"]);
    bench.write("house.spn", &good[..good.len() / 2]);
    assert_refused(&plimsoll(&["import", "span", path_text(&file)]), "cut short", &["house.spn"]);
    bench.write("house.spn", b"");
    assert_refused(
        &plimsoll(&["import", "span", path_text(&file)]),
        "empty",
        &["house.spn", "empty"],
    );
}
