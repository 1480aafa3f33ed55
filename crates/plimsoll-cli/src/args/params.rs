//! Flags about changes of parameters.

use clap::{Args, Subcommand, ValueHint};

use super::common::{BookArgs, FormatArg};

/// `plimsoll params`.
#[derive(Debug, Args)]
pub struct ParamsArgs {
    /// What to do with two parameter files.
    #[command(subcommand)]
    pub command: ParamsCommand,
}

/// What can be asked about two parameter files.
#[derive(Debug, Subcommand)]
pub enum ParamsCommand {
    /// List every parameter that differs between two files
    Diff(ParamsDiffArgs),
    /// Margin a book under both files, component by component
    Impact(ParamsImpactArgs),
}

/// `plimsoll params diff`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll params diff deribit-spm@2024-06-17 deribit-spm@2026-02-15\n  \
    plimsoll params diff scan my-scan.toml\n  \
    plimsoll params diff old.toml new.toml --format json | jq '.changes[].path'")]
pub struct ParamsDiffArgs {
    /// The old parameters: a file, `-` for standard input, or a bundled model, ID (its latest) or
    /// ID@YYYY-MM-DD
    #[arg(value_name = "FROM", value_hint = ValueHint::FilePath)]
    pub from: String,
    /// The new parameters
    #[arg(value_name = "TO", value_hint = ValueHint::FilePath)]
    pub to: String,
    #[command(flatten)]
    pub format: FormatArg,
}

/// `plimsoll params impact`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 fine, 1 the book is under maintenance with the new parameters, \
    2 the input is wrong.\n\n\
    Examples:\n  \
    plimsoll params impact --from deribit-spm@2024-06-17 --to deribit-spm@2026-02-15\n  \
    plimsoll params impact --from scan --to my-scan.toml --book my.csv --market my-market.json\n  \
    plimsoll params impact --from old.toml --to new.toml --book desks.csv --group --format json"
)]
pub struct ParamsImpactArgs {
    /// The old parameters: a file, `-` for standard input, or a bundled model, ID (its latest) or
    /// ID@YYYY-MM-DD
    #[arg(
        long,
        value_name = "PARAMS",
        value_hint = ValueHint::FilePath,
        help_heading = "Parameters"
    )]
    pub from: String,
    /// The new parameters
    #[arg(
        long,
        value_name = "PARAMS",
        value_hint = ValueHint::FilePath,
        help_heading = "Parameters"
    )]
    pub to: String,
    #[command(flatten)]
    pub book: BookArgs,
    #[command(flatten)]
    pub format: FormatArg,
}
