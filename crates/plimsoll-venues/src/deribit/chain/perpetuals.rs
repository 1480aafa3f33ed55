//! The second file: perpetual prices near snapshot times.

use plimsoll_model::error::{InputError, utf8};
use plimsoll_model::{Asset, Timestamp};

use super::table::Table;

/// How far a price's stamp may lie from the snapshot.
const REACH_MS: u64 = 10 * 60 * 1000;

/// Name and price of a coin's perpetual at the stamp nearest to `time`; the first of two as near.
pub(super) fn nearest(
    csv: &[u8],
    coin: &Asset,
    time: Timestamp,
) -> Result<Option<(String, f64)>, InputError> {
    let wanted = format!("{coin}-PERPETUAL");
    let mut table = Table::new(utf8(csv)?)?;
    let stamp = table.column("snapshot_utc")?;
    let name = table.column("instrument_name")?;
    let price = table.column("perp_price_nearest")?;
    let mut best: Option<(u64, f64)> = None;
    while let Some(line) = table.next()? {
        if line.text(name) != wanted {
            continue;
        }
        let distance_ms = line.time(stamp)?.0.abs_diff(time.0);
        let nearer = best.is_none_or(|(nearest, _)| distance_ms < nearest);
        if nearer && distance_ms <= REACH_MS {
            best = Some((distance_ms, line.price(price, "perp_price_nearest")?));
        }
    }
    Ok(best.map(|(_, price)| (wanted, price)))
}
