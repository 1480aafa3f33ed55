//! Flags about saved answers of venues.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use plimsoll::venues::Venue;
use plimsoll::{Asset, Timestamp};

use super::common::{Format, FormatArg};

/// `plimsoll import VENUE`.
#[derive(Debug, Args)]
pub struct VenueArgs {
    /// What is listed: sizes, units, expiries; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required = true)]
    pub instruments: Vec<String>,
    /// Prices: marks, vols, indices, forwards, funding; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tickers: Vec<String>,
    /// What an account holds in contracts; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub positions: Vec<String>,
    /// What it holds in assets; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub balances: Vec<String>,
    /// Orders that may still fill; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub orders: Vec<String>,
    /// Margin tiers: brackets, risk limits, margin tables; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tiers: Vec<String>,
    /// The time of the snapshot [default: the newest stamp in the answers]
    #[arg(long, value_name = "TIME")]
    pub time: Option<Timestamp>,
    /// The USD price of an asset, for example USDT=0.9995; may be repeated
    #[arg(long, value_name = "ASSET=PRICE", value_parser = asset_price)]
    pub asset_price: Vec<(Asset, f64)>,
    /// The name of the market [default: VENUE-TIME]
    #[arg(long, value_name = "NAME")]
    pub id: Option<String>,
    /// Write the market here and print a summary; without it the market itself is printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write what the account holds here, as a book
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub book_out: Option<PathBuf>,
    /// Write the margin tiers here, as tables for a parameter file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tiers_out: Option<PathBuf>,
    /// How the summary is printed; without --out, `table` prints the summary instead of the market
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}

/// `plimsoll check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 fine, 1 a number differs by more than --tolerance-pct, 2 the input is \
    wrong.\n\n\
    Examples:\n  \
    plimsoll check --venue-response position-builder.json --market market.json\n  \
    plimsoll check --venue-response account.json --market market.json --book book.json \\\n      \
    --model paradex-pm --tolerance-pct 0.1"
)]
pub struct CheckArgs {
    /// The venue's own answer about margin: a simulation, a position builder, an account statement
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub venue_response: String,
    /// The venue [default: the one whose answer it looks like]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub venue: Option<Venue>,
    /// Market snapshot of that moment
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub market: String,
    /// Book [default: the positions in the answer, where it carries them]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub book: Option<String>,
    /// The account of the book, where it holds several
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub account: Option<String>,
    /// Model [default: the one that claims to compute what the venue does]
    #[arg(long, value_name = "ID", help_heading = "Model")]
    pub model: Option<String>,
    /// Your own parameter file instead of a bundled one
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        help_heading = "Model",
        conflicts_with = "model"
    )]
    pub params: Option<String>,
    /// Exit with 1 if any number of ours is further than this from the venue's, percent of theirs
    #[arg(long, value_name = "PERCENT", help_heading = "Output")]
    pub tolerance_pct: Option<f64>,
    #[command(flatten)]
    pub format: FormatArg,
}

/// Reads `USDT=0.9995`.
pub fn asset_price(text: &str) -> Result<(Asset, f64), String> {
    let (asset, price) =
        text.split_once('=').ok_or("write ASSET=PRICE, for example USDT=0.9995")?;
    let price = plimsoll::model::number::parse_real(price)?;
    Ok((Asset::new(asset), price))
}
