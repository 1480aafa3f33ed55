//! The books, markets and the history that come with the command, so that it runs without any file.

/// A file compiled into the command.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// What the user types instead of a path.
    pub name: &'static str,
    /// Its path in the project.
    pub path: &'static str,
    /// Its content.
    pub text: &'static str,
}

macro_rules! files {
    ($($name:literal, $path:literal;)*) => {
        &[$(File {
            name: $name,
            path: $path,
            text: include_str!(concat!("../../../", $path)),
        }),*]
    };
}

/// Markets; the first is the default.
pub const MARKETS: &[File] = files! {
    "calm", "data/deribit-2026-01-14-calm.json";
    "crash-1551", "data/deribit-2026-02-05-crash-1551.json";
    "crash-2129", "data/deribit-2026-02-05-crash-2129.json";
    "eth-2024", "data/deribit-eth-2024-01-08.json";
};

/// Books; the first is the default.
pub const BOOKS: &[File] = files! {
    "market-maker", "examples/books/market-maker.csv";
    "basis-trade", "examples/books/basis-trade.json";
    "covered-call", "examples/books/covered-call.csv";
    "naked-strangle", "examples/books/naked-strangle.csv";
};

/// Price history that `calibrate` starts from.
pub const HISTORY: File = File {
    name: "btc-eth-daily",
    path: "data/history-btc-eth-daily.csv",
    text: include_str!("../../../data/history-btc-eth-daily.csv"),
};

/// What that history is.
pub const HISTORY_SOURCE: &str = "data/history-btc-eth-daily.csv: Binance spot of BTC and ETH and \
    Deribit's vol index of BTC at 00:00 UTC";

/// Daily BTC chains of the crash of February 2026, for a back-test.
pub const BACKTEST_CHAINS: File = FILES_OF_BACKTEST[0];
/// Daily closes of BTC before them.
pub const BACKTEST_SPOT: File = FILES_OF_BACKTEST[1];
/// The vol index of BTC at the same hours.
pub const BACKTEST_VOL: File = FILES_OF_BACKTEST[2];

const FILES_OF_BACKTEST: &[File] = files! {
    "chains", "data/backtest/deribit-btc-chains-2026-02-01_09.csv";
    "spot", "data/backtest/btc-spot-daily.csv";
    "vol", "data/backtest/btc-dvol-daily.csv";
};

/// The names of these files, for a hint.
pub fn names(files: &[File]) -> String {
    files.iter().map(|file| file.name).collect::<Vec<_>>().join(", ")
}
