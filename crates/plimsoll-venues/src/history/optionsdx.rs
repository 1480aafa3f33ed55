//! End-of-day chains of Deribit in the format of OptionsDX: columns in square brackets, `MARK_IV` in
//! percent, prices in coin, no mark price and no index.
//!
//! | panel column | from |
//! | --- | --- |
//! | `snapshot_utc` | `QUOTE_UNIXTIME`, seconds |
//! | `underlying_price` | `UNDERLYING_PRICE` of the row |
//! | `index_price` | the forward of the nearest expiry of the snapshot, within a day or two of spot |
//! | `mark_iv` | `MARK_IV`/100 |
//! | `mark_price_coin` | nothing: the value follows from the vol |

use plimsoll_model::Timestamp;
use plimsoll_model::error::{InputCode, InputError};

use super::{ChainSlice, malformed};

const PANEL: &str = "snapshot_utc,currency,instrument_name,underlying_index,underlying_price,\
    index_price,bid_price_coin,ask_price_coin,mark_price_coin,mark_iv,open_interest\n";

const COLUMNS: [&str; 10] = [
    "QUOTE_UNIXTIME",
    "BASE_CURRENCY",
    "INSTRUMENT_NAME",
    "UNDERLYING_INDEX",
    "UNDERLYING_PRICE",
    "EXPIRY_UNIX",
    "BID_PRICE",
    "ASK_PRICE",
    "MARK_IV",
    "OPEN_INTEREST",
];

/// One snapshot as it is put together.
struct Draft {
    time: Timestamp,
    /// Expiry and forward of the nearest expiry so far.
    nearest: (i64, String),
    /// Cells before and after the index price.
    rows: Vec<(String, String)>,
}

/// The snapshots of a file, in its order.
pub fn chains(text: &str) -> Result<Vec<ChainSlice>, InputError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| malformed(&error))?.clone();
    let mut places = [0; COLUMNS.len()];
    for (place, name) in places.iter_mut().zip(COLUMNS) {
        let found = header.iter().position(|column| column.trim_matches(['[', ']']) == name);
        *place = found.ok_or_else(|| {
            InputError::new(InputCode::Malformed, format!("no column `[{name}]`")).at("line 1")
        })?;
    }
    let mut drafts: Vec<Draft> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| malformed(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cells = places.map(|place| record.get(place).unwrap_or_default());
        let [time, coin, name, underlying, forward, expiry, bid, ask, vol, open] = cells;
        let bad = |what: &str, cell: &str| {
            let message = format!("{what} = `{cell}` is not a number");
            InputError::new(InputCode::BadNumber, message).at(format!("line {line}"))
        };
        let time: i64 = time.parse().map_err(|_| bad("QUOTE_UNIXTIME", time))?;
        let time = Timestamp(time.saturating_mul(1000));
        let expiry: i64 = expiry.parse().map_err(|_| bad("EXPIRY_UNIX", expiry))?;
        let vol_pct: f64 = vol.parse().map_err(|_| bad("MARK_IV", vol))?;
        if drafts.last().is_none_or(|last| last.time != time) {
            if drafts.iter().any(|draft| draft.time == time) {
                let message = format!("the snapshot {time} stands in two places");
                return Err(
                    InputError::new(InputCode::Duplicate, message).at(format!("line {line}"))
                );
            }
            let nearest = (expiry, forward.to_owned());
            drafts.push(Draft { time, nearest, rows: vec![] });
        }
        let Some(draft) = drafts.last_mut() else { continue };
        if expiry < draft.nearest.0 {
            draft.nearest = (expiry, forward.to_owned());
        }
        let before = format!("{time},{coin},{name},{underlying},{forward}");
        draft.rows.push((before, format!("{bid},{ask},,{},{open}", vol_pct / 100.0)));
    }
    if drafts.is_empty() {
        return Err(InputError::new(InputCode::Empty, "a panel of no snapshots"));
    }
    let slice = |draft: Draft| {
        let index = &draft.nearest.1;
        let rows = draft.rows.iter().map(|(before, after)| format!("{before},{index},{after}\n"));
        ChainSlice { time: draft.time, csv: format!("{PANEL}{}", rows.collect::<String>()) }
    };
    Ok(drafts.into_iter().map(slice).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deribit::chain::{ChainOptions, parse_chain};

    const HEAD: &str = "[QUOTE_UNIXTIME], [INSTRUMENT_NAME], [BASE_CURRENCY], [UNDERLYING_INDEX], \
        [UNDERLYING_PRICE], [EXPIRY_UNIX], [BID_PRICE], [ASK_PRICE], [OPEN_INTEREST], [MARK_IV]\n";

    #[test]
    fn vols_are_percent_and_the_index_is_the_nearest_forward() {
        // 1622534400 is 2021-06-01 08:00 UTC, 1624608000 is 25 June; the quote is of 04:00.
        let text = format!(
            "{HEAD}1622520046, BTC-25JUN21-30000-C, BTC, BTC-25JUN21, 36900, 1624608000, 0.2, 0.21, 5, 95.5\n\
             1622520046, BTC-1JUN21-30000-C, BTC, SYN.BTC-1JUN21, 36677, 1622534400, 0, 0, , 149.63\n"
        );
        let slices = chains(&text).unwrap();
        assert_eq!(slices[0].time.to_string(), "2021-06-01T04:00:46Z");
        let chain = parse_chain(slices[0].csv.as_bytes(), &ChainOptions::default()).unwrap();
        let market = chain.market.check().unwrap();
        assert_eq!(market.asset_price_usd(&plimsoll_model::Asset::new("BTC")), Some(36677.0));
        let call = market.listing(market.find("BTC-25JUN21-30000-C").unwrap());
        assert_eq!((call.mark_vol, call.bid, call.mark_price), (Some(0.955), Some(0.2), None));
        let near = market.listing(market.find("BTC-1JUN21-30000-C").unwrap());
        assert_eq!((near.bid, near.open_interest), (None, None));
    }

    #[test]
    fn wrong_cells_are_named() {
        let row = |time: &str, vol: &str| {
            format!(
                "{HEAD}{time}, BTC-25JUN21-30000-C, BTC, BTC-25JUN21, 36900, 1, 0, 0, 0, {vol}\n"
            )
        };
        for (text, word) in [(row("x", "1"), "QUOTE_UNIXTIME"), (row("1", "high"), "high")] {
            let error = chains(&text).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(word), "{error}");
        }
        assert!(chains("[MARK_IV]\n1\n").unwrap_err().to_string().contains("[QUOTE_UNIXTIME]"));
        assert_eq!(chains(HEAD).unwrap_err().code, InputCode::Empty);
    }
}
