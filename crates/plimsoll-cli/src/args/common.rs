//! Flags that are the same everywhere.

use clap::{Args, ValueEnum, ValueHint};

/// Which market.
#[derive(Debug, Args)]
pub struct MarketArg {
    /// Market snapshot: a JSON file, `-` for standard input, or a bundled one (calm, crash-1551,
    /// crash-2129, eth-2024)
    #[arg(
        long,
        value_name = "FILE",
        default_value = "calm",
        value_hint = ValueHint::FilePath,
        help_heading = "Input"
    )]
    pub market: String,
}

/// Which book, in which market, and which of its accounts.
#[derive(Debug, Args)]
pub struct BookArgs {
    /// Book: a CSV or JSON file, `-` for standard input, or a bundled one (market-maker,
    /// basis-trade, covered-call, naked-strangle)
    #[arg(
        long,
        value_name = "FILE",
        default_value = "market-maker",
        value_hint = ValueHint::FilePath,
        help_heading = "Input"
    )]
    pub book: String,
    #[command(flatten)]
    pub market: MarketArg,
    /// Only this account of the book
    #[arg(long, value_name = "NAME", help_heading = "Input", conflicts_with = "group")]
    pub account: Option<String>,
    /// Net all accounts as one, beside each alone
    #[arg(long, help_heading = "Input")]
    pub group: bool,
}

/// Which model, for commands that use one.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Model; the parameters in force at the snapshot, or of a date with ID@YYYY-MM-DD. `plimsoll
    /// models` lists them
    #[arg(long, value_name = "ID", default_value = "scan", help_heading = "Model")]
    pub model: String,
    /// Your own parameter file instead of a bundled one; it says which model it is for
    #[arg(
        long,
        value_name = "FILE",
        value_hint = ValueHint::FilePath,
        help_heading = "Model",
        conflicts_with = "model"
    )]
    pub params: Option<String>,
}

/// Which models, for commands that compare them.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Only this model; may be repeated [default: all]. ID, or ID@YYYY-MM-DD for its parameters of a
    /// date
    #[arg(long, value_name = "ID", help_heading = "Model")]
    pub model: Vec<String>,
    /// Your own parameter file, as a further model; may be repeated
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Model")]
    pub params: Vec<String>,
}

/// How the answer is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct FormatArg {
    /// Tables for people or JSON for programs
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t = Format::Table,
        help_heading = "Output"
    )]
    pub format: Format,
}

/// The formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned tables
    Table,
    /// One JSON document
    Json,
}
