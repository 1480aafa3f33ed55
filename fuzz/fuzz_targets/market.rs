//! A market that is read keeps its invariants and survives being written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::Market;
use plimsoll_venues::lines::market_json;

fuzz_target!(|bytes: &[u8]| {
    match Market::from_json(bytes) {
        Ok(market) => {
            for id in market.ids() {
                let name = &market.listing(id).instrument.name;
                assert_eq!(market.find(name), Some(id));
                let _ = market.reference_price(id);
            }
            let text = market_json(&market.to_file()).expect("a market is JSON");
            assert_eq!(Market::from_json(text.as_bytes()).as_ref(), Ok(&market));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
