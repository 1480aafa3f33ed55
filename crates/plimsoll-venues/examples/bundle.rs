//! Turns a recorded Deribit chain into a market file with one instrument per line. The files in
//! `data/` were made with it; `data/README.md` lists the calls.
//!
//! ```text
//! cargo run -p plimsoll-venues --example bundle -- CHAIN.csv OUT.json ID SOURCE [PERPETUALS.csv]
//! ```

use std::error::Error;

use plimsoll_venues::deribit::chain::{ChainOptions, parse_chain};
use plimsoll_venues::lines::market_json;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (chain, out, id, source, perpetuals) = match args.as_slice() {
        [chain, out, id, source] => (chain, out, id, source, None),
        [chain, out, id, source, perpetuals] => (chain, out, id, source, Some(perpetuals)),
        _ => return Err("usage: bundle CHAIN.csv OUT.json ID SOURCE [PERPETUALS.csv]".into()),
    };
    let perpetuals = perpetuals.map(std::fs::read).transpose()?;
    let options = ChainOptions {
        id: Some(id.clone()),
        source: Some(source.clone()),
        snapshot: None,
        perpetuals: perpetuals.as_deref(),
    };
    let imported = parse_chain(&std::fs::read(chain)?, &options)?;
    for warning in &imported.warnings {
        eprintln!("{warning}");
    }
    std::fs::write(out, market_json(&imported.market)?)?;
    Ok(())
}
