//! The command line, as clap reads it. Nothing here acts.

pub mod backtest;
pub mod calibrate;
pub mod common;
pub mod params;
pub mod span;
pub mod venue;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};
use plimsoll::Timestamp;

pub use backtest::BacktestArgs;
pub use calibrate::CalibrateArgs;
use common::{BookArgs, Format, FormatArg, MarketArg, ModelArgs, ModelsArgs};
pub use params::{ParamsArgs, ParamsCommand, ParamsDiffArgs, ParamsImpactArgs};
pub use span::SpanArgs;
pub use venue::{CheckArgs, VenueArgs};

/// Portfolio margin for crypto derivatives: what a book needs, why, and what its hedges save.
///
/// Without a command, `compare` runs: the book under every model, side by side.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    subcommand_help_heading = "Commands",
    after_help = "Exit codes: 0 fine, 1 the book is under maintenance or `check` finds a difference, \
        2 the input is wrong.\n\n\
        Every input has a bundled default, so each command runs as it stands:\n  \
        plimsoll\n  \
        plimsoll margin --html report.html\n  \
        plimsoll margin --book naked-strangle --market crash-1551\n  \
        plimsoll what-if --trade \"SELL 5 BTC-27MAR26-100000-C\"",
    after_long_help = "Exit codes: 0 fine, 1 the book is under maintenance or `check` finds a difference, \
        2 the input is wrong.\n\n\
        Every input has a bundled default, so each command runs as it stands:\n  \
        plimsoll\n  \
        plimsoll margin --html report.html\n  \
        plimsoll margin --book naked-strangle --market crash-1551\n  \
        plimsoll what-if --trade \"SELL 5 BTC-27MAR26-100000-C\""
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Without a command: compare.
    #[command(flatten)]
    pub compare: CompareArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Margin a book under one model and explain every number
    Margin(MarginArgs),
    /// Put one book under every model, side by side
    Compare(CompareArgs),
    /// Show what trades would change
    WhatIf(WhatIfArgs),
    /// Report what a book could lose, and what would break it
    Risk(RiskArgs),
    /// Look into a market: expiries, forwards, vols, quotes, greeks
    Chain(ChainArgs),
    /// List the margin models, or print the parameters of one
    Models(ModelsListArgs),
    /// Compare two parameter files, alone or by what they make of a book
    Params(ParamsArgs),
    /// Print the JSON Schema of an input or an output
    Schema(SchemaArgs),
    /// Turn what a venue publishes into a market, a book or a parameter file
    Import(ImportArgs),
    /// Put our numbers beside a venue's own, component by component
    Check(CheckArgs),
    /// Estimate a model's parameters from price history
    Calibrate(CalibrateArgs),
    /// Replay margins on real history and judge them by what came
    Backtest(BacktestArgs),
    /// Measure the kernels on this machine, beside its limits
    Bench(BenchArgs),
}

/// `plimsoll bench`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll bench\n  \
    plimsoll bench --format json")]
pub struct BenchArgs {
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll margin`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll margin\n  \
    plimsoll margin --book my.csv --market my-market.json --model deribit-spm\n  \
    plimsoll margin --format json | jq .maintenance_margin\n  \
    plimsoll margin --book desks.csv --group\n  \
    plimsoll margin --html report.html")]
pub struct MarginArgs {
    #[command(flatten)]
    pub book: BookArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub format: FormatArg,
    /// Also write one self-contained page with interactive charts; it needs no network
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub html: Option<PathBuf>,
}

/// `plimsoll compare`, and `plimsoll` alone.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll compare\n  \
    plimsoll compare --book covered-call --market crash-2129\n  \
    plimsoll compare --model scan --model deribit-spm --format json\n  \
    plimsoll compare --params my-scan.toml")]
pub struct CompareArgs {
    #[command(flatten)]
    pub book: BookArgs,
    #[command(flatten)]
    pub models: ModelsArgs,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll what-if`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll what-if --trade \"SELL 5 BTC-27MAR26-100000-C @ 0.012\"\n  \
    plimsoll what-if --trade \"BUY 10 BTC-27MAR26-80000-P\" --trade \"BUY 50000 BTC-PERPETUAL\"\n  \
    plimsoll what-if --trades trades.csv --model deribit-spm --format json")]
pub struct WhatIfArgs {
    /// A trade: BUY or SELL, contracts, instrument, and `@ PRICE`; without a price, at the mark.
    /// May be repeated
    #[arg(long, value_name = "TRADE", help_heading = "Trades", required_unless_present = "trades")]
    pub trade: Vec<String>,
    /// Trades from a file in the form of a book: `quantity` is signed, `entry_price` is the price,
    /// a row named by an asset is a deposit
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Trades")]
    pub trades: Option<String>,
    #[command(flatten)]
    pub book: BookArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll risk`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll risk\n  \
    plimsoll risk --book naked-strangle --model deribit-spm --html risk.html\n  \
    plimsoll risk --scenarios hs-var --stresses my-stresses.toml --format json")]
pub struct RiskArgs {
    #[command(flatten)]
    pub book: BookArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    /// Joint scenarios of a day: a model of the var family, or a parameter file such as `plimsoll
    /// calibrate` writes
    #[arg(long, value_name = "ID|FILE", default_value = "fhs-es", help_heading = "Scenarios")]
    pub scenarios: String,
    /// Your own stress scenarios instead of the bundled library
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        help_heading = "Scenarios"
    )]
    pub stresses: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
    /// Also write one self-contained page with interactive charts; it needs no network
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub html: Option<PathBuf>,
}

/// `plimsoll chain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll chain\n  \
    plimsoll chain --market crash-1551 --underlying ETH\n  \
    plimsoll chain --expiry 27MAR26 --underlying BTC")]
pub struct ChainArgs {
    #[command(flatten)]
    pub market: MarketArg,
    /// Only this coin
    #[arg(long, value_name = "COIN", help_heading = "Selection")]
    pub underlying: Option<String>,
    /// The strikes of this expiry, with quotes and greeks; as in names (27MAR26) or as a date
    #[arg(long, value_name = "EXPIRY", help_heading = "Selection")]
    pub expiry: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll models`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll models\n  \
    plimsoll models scan > my-scan.toml\n  \
    plimsoll models deribit-spm@2024-06-17")]
pub struct ModelsListArgs {
    /// Print this model's parameter file: the latest, or of a date with ID@YYYY-MM-DD
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll schema`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll schema\n  \
    plimsoll schema book\n  \
    plimsoll schema params-scan")]
pub struct SchemaArgs {
    /// Which schema; without a name, all of them are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the file is.
    #[command(subcommand)]
    pub source: ImportSource,
}

/// What can be imported.
#[derive(Debug, Subcommand)]
pub enum ImportSource {
    /// An option chain of Deribit as a CSV file
    DeribitChain(DeribitChainArgs),
    /// A clearing house's SPAN risk-parameter file, as parameters of the span model and as a market
    Span(SpanArgs),
    /// Saved answers of Deribit's API
    #[command(after_help = "Example:\n  \
        plimsoll import deribit --instruments btc.json --tickers btc-summary.json \\\n      \
        --positions positions.json --balances summaries.json --out market.json --book-out book.json")]
    Deribit(VenueArgs),
    /// Saved answers of OKX
    #[command(after_help = "Example:\n  \
        plimsoll import okx --instruments swaps.json --instruments options.json \\\n      \
        --tickers marks.json --tickers opt-summary.json --tickers indices.json --out market.json")]
    Okx(VenueArgs),
    /// Saved answers of Binance: USD-M, COIN-M, options, portfolio margin
    #[command(after_help = "Example:\n  \
        plimsoll import binance --instruments fapi-info.json --tickers premium-index.json \\\n      \
        --positions position-risk.json --balances balance.json --out market.json --book-out book.json")]
    Binance(VenueArgs),
    /// Saved answers of Bybit, API v5
    #[command(after_help = "Example:\n  \
        plimsoll import bybit --instruments linear.json --tickers linear-tickers.json --out market.json")]
    Bybit(VenueArgs),
    /// Saved answers of Derive
    #[command(after_help = "Example:\n  \
        plimsoll import derive --instruments eth.json --tickers eth-tickers.json \\\n      \
        --positions subaccount.json --balances subaccount.json --out market.json --book-out book.json")]
    Derive(VenueArgs),
    /// Saved answers of Hyperliquid
    #[command(after_help = "Example:\n  \
        plimsoll import hyperliquid --instruments ctxs.json --tickers ctxs.json \\\n      \
        --positions state.json --balances state.json --out market.json --book-out book.json")]
    Hyperliquid(VenueArgs),
    /// Saved answers of Paradex
    #[command(after_help = "Example:\n  \
        plimsoll import paradex --instruments markets.json --tickers summary.json --out market.json")]
    Paradex(VenueArgs),
}

/// `plimsoll import deribit-chain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll import deribit-chain chain.csv --out market.json\n  \
    plimsoll import deribit-chain panel.csv --snapshot 2026-02-05T15:51:32Z > market.json\n  \
    plimsoll import deribit-chain chain.csv --perpetuals perpetuals.csv --out market.json")]
pub struct DeribitChainArgs {
    /// The chain; `-` is standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: String,
    /// Which snapshot to take where the file holds several, for example 2026-02-05T15:51:32Z
    #[arg(long, value_name = "TIME")]
    pub snapshot: Option<Timestamp>,
    /// Perpetual prices: a CSV file with snapshot_utc, instrument_name, perp_price_nearest
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub perpetuals: Option<String>,
    /// The name of the market [default: deribit-TIME]
    #[arg(long, value_name = "NAME")]
    pub id: Option<String>,
    /// Write the market here and print a summary; without it the market itself is printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// How the summary is printed; without --out, `table` prints the summary instead of the market
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
}
