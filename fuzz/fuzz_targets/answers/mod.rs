//! One saved answer of a venue replaced by any bytes, among good ones: what is imported passes the
//! market's check and its book reads back, what is refused says why.

use plimsoll_model::Book;
use plimsoll_venues::{ImportOptions, Part, PartKind, Venue, import, venue_margin};

/// The fixtures of a venue as parts.
#[macro_export]
macro_rules! answers {
    ($venue:literal, $($kind:ident $name:literal),+ $(,)?) => {
        &[$((
            plimsoll_venues::PartKind::$kind,
            include_bytes!(concat!(
                "../../crates/plimsoll-venues/tests/fixtures/", $venue, "/", $name, ".json"
            )) as &[u8],
        )),+]
    };
}

/// The first byte says which of the answers the rest replaces.
pub fn run(venue: Venue, answers: &[(PartKind, &[u8])], input: &[u8]) {
    let [place, bytes @ ..] = input else { return };
    let replaced = usize::from(place.wrapping_sub(b'0')) % answers.len();
    let parts: Vec<Part<'_>> = answers
        .iter()
        .enumerate()
        .map(|(index, (kind, good))| Part {
            kind: *kind,
            origin: "answer",
            bytes: if index == replaced { bytes } else { good },
        })
        .collect();
    match import(venue, &parts, &ImportOptions::default()) {
        Ok(imported) => {
            imported.market.check().expect("an imported market passes its check");
            if let Some(book) = imported.book {
                let text = serde_json::to_vec(&book).expect("a book is JSON");
                Book::parse(&text).expect("an imported book reads back");
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match venue_margin(venue, "answer", bytes) {
        Ok(margin) => assert!(!margin.pools.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
