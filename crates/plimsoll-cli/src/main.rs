//! The `plimsoll` command: reads files, asks the library, prints. Nothing here computes a margin;
//! what a number means is said where it is computed, in `plimsoll-margin`.

mod args;
mod bundled;
mod commands;
mod exit;
mod files;
mod format;
mod html;
mod input;
mod progress;
mod table;
mod view;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = args::Cli::parse();
    exit::report(commands::run(&cli))
}
