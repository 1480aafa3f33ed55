//! Flags about SPAN risk-parameter files.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use plimsoll::{Asset, Timestamp};

use super::common::Format;
use super::venue::asset_price;

/// `plimsoll import span`.
#[derive(Debug, Args)]
#[command(after_help = "Then the book is margined with both:\n  \
    plimsoll margin --params house.toml --market house.json --book book.csv\n\n\
    Examples:\n  \
    plimsoll import span house.spn --out house.toml --market-out house.json\n  \
    plimsoll import span house.pa2 --only BTC --only ETH > house.toml")]
pub struct SpanArgs {
    /// The risk-parameter file: XML (.spn) or fixed-width (.pa2, expanded unpacked); `-` is standard
    /// input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: String,
    /// Only this combined commodity; may be repeated [default: all]
    #[arg(long, value_name = "CODE")]
    pub only: Vec<String>,
    /// The id of the model in the parameter file
    #[arg(long, value_name = "ID", default_value = "span")]
    pub id: String,
    /// The date from which the parameters hold, YYYY-MM-DD [default: the file's business date]
    #[arg(long, value_name = "DATE")]
    pub effective: Option<String>,
    /// The time of the market [default: the start of the file's business date]
    #[arg(long, value_name = "TIME")]
    pub time: Option<Timestamp>,
    /// The USD price of a currency the file has no rate for, for example TRY=0.34; may be repeated
    #[arg(long, value_name = "ASSET=PRICE", value_parser = asset_price)]
    pub asset_price: Vec<(Asset, f64)>,
    /// Write the parameter file here and print a summary; without it the file itself is printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write a market of the file's contracts here, at its settlement prices
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub market_out: Option<PathBuf>,
    /// How the summary is printed; without --out, `table` prints the summary instead of the file
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}
