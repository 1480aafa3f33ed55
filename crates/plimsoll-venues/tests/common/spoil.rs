//! Files spoiled in ways that tend to upset a reader.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One way to spoil a file.
#[derive(Clone, Debug)]
pub enum Spoil {
    Overwrite(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    CutOff(Index),
    Repeat(Index, usize),
}

impl Spoil {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Overwrite(place, byte) => *place.get_mut(bytes) = *byte,
            Self::Insert(place, what) => {
                let place = place.index(bytes.len());
                bytes.splice(place..place, what.iter().copied());
            }
            Self::Remove(place, length) => {
                let start = place.index(bytes.len());
                bytes.drain(start..bytes.len().min(start + length));
            }
            Self::CutOff(place) => bytes.truncate(place.index(bytes.len())),
            Self::Repeat(place, length) => {
                let start = place.index(bytes.len());
                let piece = bytes[start..bytes.len().min(start + length)].to_vec();
                bytes.splice(start..start, piece);
            }
        }
    }
}

/// What tends to upset a reader.
const TOKENS: [&str; 12] =
    ["NaN", "-", "1e999", "0", ",", "\n", "\"", "{", "]", "null", "é", "\u{feff}"];

fn spoil() -> impl Strategy<Value = Spoil> {
    let token = prop::sample::select(&TOKENS[..]).prop_map(|token| token.as_bytes().to_vec());
    let inserted = prop_oneof![token, vec(any::<u8>(), 1..8)];
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(place, byte)| Spoil::Overwrite(place, byte)),
        (any::<Index>(), inserted).prop_map(|(place, what)| Spoil::Insert(place, what)),
        (any::<Index>(), 1..80_usize).prop_map(|(place, length)| Spoil::Remove(place, length)),
        any::<Index>().prop_map(Spoil::CutOff),
        (any::<Index>(), 1..300_usize).prop_map(|(place, length)| Spoil::Repeat(place, length)),
    ]
}

/// One of the given files, spoiled in up to three places.
pub fn spoiled(files: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(files), vec(spoil(), 0..4)).prop_map(|(mut bytes, spoils)| {
        for spoil in spoils {
            spoil.apply(&mut bytes);
        }
        bytes
    })
}
