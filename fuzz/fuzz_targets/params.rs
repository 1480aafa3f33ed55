//! Parameter files: the provenance table, and any TOML at all.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::params::{Provenance, from_toml};

fuzz_target!(|text: &str| {
    for error in [from_toml::<Provenance>(text).err(), from_toml::<toml::Table>(text).err()]
        .into_iter()
        .flatten()
    {
        assert!(!error.to_string().is_empty());
    }
});
