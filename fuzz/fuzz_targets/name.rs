//! Any text is a name that is read or one that is not; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::instrument::Kind;
use plimsoll_model::name;

fuzz_target!(|text: &str| {
    if let Some(parsed) = name::parse(text)
        && let Kind::Option { strike, .. } = parsed.kind
    {
        assert!(strike > 0.0 && strike.is_finite());
    }
});
