//! Flags of `plimsoll backtest`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use plimsoll::calibrate::backtest::books::Class;

use super::common::FormatArg;

/// `plimsoll backtest`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll backtest\n  \
    plimsoll backtest --model scan --model deribit-spm --class short-vol\n  \
    plimsoll backtest --html backtest.html\n  \
    plimsoll backtest --chains panel.csv --spot btc.csv --vol dvol.csv --from 2026-02-01 --to 2026-02-28\n  \
    plimsoll backtest --chains panel.csv --book my.csv --model deribit-spm --format json")]
pub struct BacktestArgs {
    /// Panel of option chains: a CSV file with `snapshot_utc` first, many snapshots, or end-of-day files
    /// in the format of OptionsDX; may be repeated [default: nine days of February 2026, bundled]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, num_args = 1.., help_heading = "Input")]
    pub chains: Vec<String>,
    /// The coin
    #[arg(long, value_name = "COIN", default_value = "BTC", help_heading = "Input")]
    pub coin: String,
    /// Spot candles before the chains: a CSV file with `open_time_ms`, `close`, by the hour or for the
    /// last hour of each step; the rolling methods need it, and --vol
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input", requires = "chains")]
    pub spot: Option<String>,
    /// Vol index before the chains: a CSV file with `open_time_ms`, `dvol_close`, in vol points
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Input", requires = "chains")]
    pub vol: Option<String>,
    /// First day of snapshots, for example 2026-02-01
    #[arg(long, value_name = "DATE", help_heading = "Input")]
    pub from: Option<String>,
    /// Last day of snapshots
    #[arg(long, value_name = "DATE", help_heading = "Input")]
    pub to: Option<String>,
    /// Hours between snapshots [default: 1, 6 or 24, whichever is nearest to what the file has]
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u32).range(1..=720), help_heading = "Input")]
    pub step: Option<u32>,
    /// Your own book instead of the standard ones, held at every snapshot; what it names must be
    /// listed, or the period is left out
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Books", conflicts_with = "class")]
    pub book: Option<String>,
    /// Only standard books of this class; may be repeated [default: all]
    #[arg(long, value_enum, value_name = "CLASS", help_heading = "Books")]
    pub class: Vec<ClassArg>,
    /// Only this margin model; may be repeated [default: all]. ID, or ID@YYYY-MM-DD for its
    /// parameters of a date
    #[arg(long, value_name = "ID", help_heading = "Model")]
    pub model: Vec<String>,
    /// Your own parameter file, as a further model; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Model")]
    pub params: Vec<String>,
    /// Leave the rolling methods (historical, filtered, GARCH, normal, t copula) out
    #[arg(long, help_heading = "Model")]
    pub no_methods: bool,
    /// Every other margin is compared with this one
    #[arg(long, value_name = "NAME", default_value = "scan", help_heading = "Tests")]
    pub champion: String,
    /// Alarm where a margin differs from the champion's by more than this percentage of the smaller
    #[arg(long, value_name = "PERCENT", default_value_t = 50.0, help_heading = "Tests")]
    pub alarm: f64,
    /// Promised coverage in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 99.0, help_heading = "Tests")]
    pub level: f64,
    #[command(flatten)]
    pub format: FormatArg,
    /// Also write one self-contained page with interactive charts; it needs no network
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub html: Option<PathBuf>,
}

/// Classes of the standard books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassArg {
    /// Gains or loses with the price
    Directional,
    /// Most of the price risk hedged
    Hedged,
    /// Sells options
    ShortVol,
    /// Buys options
    LongVol,
    /// Buys and sells options
    Spread,
    /// Large legs that nearly cancel
    LargestBenefit,
}

impl ClassArg {
    /// The library's name of it.
    pub fn class(self) -> Class {
        match self {
            Self::Directional => Class::Directional,
            Self::Hedged => Class::Hedged,
            Self::ShortVol => Class::ShortVol,
            Self::LongVol => Class::LongVol,
            Self::Spread => Class::Spread,
            Self::LargestBenefit => Class::LargestBenefit,
        }
    }
}
