//! A SPAN file that is read passes its check, whichever format it is in and whoever it is read for.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_venues::span::{AccountType, ImportedSpan, parse, parse_pa2, parse_xml};

fuzz_target!(|bytes: &[u8]| {
    let read = [
        parse(bytes),
        parse_xml(bytes),
        parse_pa2(bytes, AccountType::Member),
        parse_pa2(bytes, AccountType::Hedger),
    ];
    for answer in read {
        match answer {
            Ok(ImportedSpan { parameters, .. }) => {
                parameters.check().expect("what is read has been checked");
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});
