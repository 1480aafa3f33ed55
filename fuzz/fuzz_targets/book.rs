//! Any bytes are a book that binds or is refused, or an error that says something; nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plimsoll_model::{Book, Market, Portfolio};

const MARKET: &[u8] = include_bytes!("../../data/deribit-eth-2024-01-08.json");

fuzz_target!(|bytes: &[u8]| {
    thread_local!(static ETH: Market = Market::from_json(MARKET).expect("the bundled market"));
    match Book::parse(bytes) {
        Ok(book) => {
            ETH.with(|market| {
                for account in &book.accounts {
                    let _ = Portfolio::bind(account, market);
                }
            });
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
