//! What stands in `docs/models/README.md` and is known elsewhere: the index, from the heads of the
//! pages, and the table of properties.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use plimsoll_margin::models::BUNDLED;

use super::check::Property;
use super::market::Rows;
use super::table::Example;

/// The page with another text between the two marks of a block.
pub fn with_block(page: &str, name: &str, text: &str) -> String {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (head, rest) = page.split_once(&begin).expect("the block begins");
    let (_, tail) = rest.split_once(&end).expect("the block ends");
    format!("{head}{begin}\n{text}\n{end}{tail}")
}

/// A line for every page, in the order of presentation of the models; pages of families without a
/// bundled file come last.
pub fn index(folder: &Path, ids: Vec<&str>) -> String {
    let head = |name: &str| -> Option<String> {
        let text = fs::read_to_string(folder.join(format!("{name}.md"))).ok()?;
        text.lines().next().map(|line| line.trim_start_matches("# ").to_owned())
    };
    let mut rest: BTreeSet<String> = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        rest.extend(name.strip_suffix(".md").filter(|name| *name != "README").map(str::to_owned));
    }
    let mut text = String::new();
    let mut line = |name: &str| {
        let head = head(name).unwrap_or_else(|| panic!("{name} has no page"));
        let (id, title) = head.split_once(": ").expect("a page is headed `id`: title");
        writeln!(text, "- [{id}]({name}.md): {title}").unwrap();
    };
    for id in ids {
        // A model without a page of its own is told on that of its family: `sensitivities-1d`.
        let own = rest.contains(id).then_some(id);
        let name = own.or_else(|| family(id)).unwrap_or(id);
        if rest.remove(name) {
            line(name);
        } else {
            assert!(folder.join(format!("{name}.md")).exists(), "{id} has no page");
        }
    }
    rest.iter().for_each(|name| line(name));
    text
}

/// The family that a bundled parameter file names first.
fn family(id: &str) -> Option<&'static str> {
    let file = BUNDLED.iter().find(|file| file.id == id)?;
    let line = file.text.lines().find_map(|line| line.strip_prefix("family = \""))?;
    line.strip_suffix('"')
}

/// What is known of one property of one model.
pub enum Cell {
    Holds,
    NoCase,
    Broken { example: &'static Example, numbers: Vec<(&'static str, f64)> },
}

/// Statements, table and counter-examples.
pub fn table(rows: &[(&str, [Cell; Property::ALL.len()])]) -> String {
    let mut text = String::new();
    for property in Property::ALL {
        writeln!(text, "- **{}**: {}.", property.name(), property.statement()).unwrap();
    }
    let heads: Vec<&str> = Property::ALL.iter().map(|property| property.name()).collect();
    writeln!(text, "\n| model | {} |", heads.join(" | ")).unwrap();
    writeln!(text, "| --- |{}", " --- |".repeat(heads.len())).unwrap();
    let mut examples = Vec::new();
    for (id, cells) in rows {
        write!(text, "| `{id}` |").unwrap();
        for cell in cells {
            match cell {
                Cell::Holds => text.push_str(" ✓ |"),
                Cell::NoCase => text.push_str(" |"),
                Cell::Broken { example, numbers } => {
                    examples.push((id, example, numbers));
                    write!(text, " ✗ {} |", examples.len()).unwrap();
                }
            }
        }
        text.push('\n');
    }
    text.push_str("\nCounter-examples, amounts in US dollars:\n\n");
    for (place, (id, example, numbers)) in examples.iter().enumerate() {
        let property = example.property.name();
        let case = books(example);
        let found: Vec<String> =
            numbers.iter().map(|(name, amount)| format!("{name} {amount:.2}")).collect();
        writeln!(
            text,
            "{}. `{id}`, {property}: {case}: {}. {}.",
            place + 1,
            found.join(", "),
            capital(example.why)
        )
        .unwrap();
    }
    text
}

fn books(example: &Example) -> String {
    let case = example.case();
    let (book, more, factor) = (listed(&case.book), listed(&case.more), case.factor);
    let beside = if case.book.is_empty() { String::new() } else { format!(" beside {book}") };
    match example.property {
        Property::SubAdditive => format!("a is {book}; b is {more}"),
        Property::Grows | Property::Homogeneous => format!("{book}, times {factor}"),
        Property::Cash => format!("{book}, {factor} USDC paid in"),
        Property::LongOption => format!("{more}{beside}"),
        Property::Parity => format!("{more} with its put, or the future{beside}"),
        Property::Nothing | Property::Order | Property::Covers | Property::Parts => book,
    }
}

fn listed(rows: &Rows) -> String {
    let rows: Vec<String> =
        rows.iter().map(|(name, quantity)| format!("{quantity} `{name}`")).collect();
    rows.join(" and ")
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
