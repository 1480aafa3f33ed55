//! Flags of `plimsoll calibrate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use plimsoll::calibrate::plan::Goal;
use plimsoll::margin::models::var::model::MeasureName;

use super::common::FormatArg;

/// `plimsoll calibrate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    plimsoll calibrate --out my-fhs.toml\n  \
    plimsoll calibrate --history btc.csv --history eth.csv --method mc --level 99 --out mc.toml\n  \
    plimsoll calibrate --family scan --coverage 99.5 --horizon-days 2 --out my-scan.toml\n  \
    plimsoll margin --params my-fhs.toml\n\n\
    A history is a CSV file: time,BTC,ETH,BTC_vol - a time or date, then a column per coin and,\n\
    with `_vol`, per vol. An empty cell is a missing day.")]
pub struct CalibrateArgs {
    /// Price history: CSV files, `-` for standard input; may be repeated [default: the bundled
    /// btc-eth-daily]
    #[arg(long, value_name = "FILE", num_args = 1.., value_hint = ValueHint::FilePath, help_heading = "Input")]
    pub history: Vec<String>,
    /// Look at nothing after this time; a date is its midnight UTC [default: the last common day]
    #[arg(long, value_name = "DATE", help_heading = "Input")]
    pub as_of: Option<String>,
    /// COIN=OTHER: the vol of COIN moves like the vol of OTHER; may be repeated
    #[arg(long, value_name = "COIN=OTHER", help_heading = "Input")]
    pub vol_like: Vec<String>,
    /// Every coin without a history moves like this one [default: such coins are refused]
    #[arg(long, value_name = "COIN", help_heading = "Input")]
    pub others_like: Option<String>,
    /// What the file is for
    #[arg(long, value_enum, value_name = "FAMILY", default_value_t = Family::Var, help_heading = "Model")]
    pub family: Family,
    /// How the var family judges losses
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = MethodArg::Fhs, help_heading = "Model")]
    pub method: MethodArg,
    /// What is read off the tail
    #[arg(long, value_enum, value_name = "MEASURE", default_value_t = MeasureArg::Es, help_heading = "Model")]
    pub measure: MeasureArg,
    /// Its level in percent
    #[arg(long, value_name = "PCT", default_value_t = 97.5, help_heading = "Model")]
    pub level: f64,
    /// Share of history that scan ranges cover, in percent
    #[arg(long, value_name = "PCT", default_value_t = 99.0, help_heading = "Model")]
    pub coverage: f64,
    /// Days to close out
    #[arg(long, value_name = "DAYS", default_value_t = 1, help_heading = "Model")]
    pub horizon_days: u32,
    /// Maintenance margin as a percentage of initial margin
    #[arg(long, value_name = "PCT", default_value_t = 80.0, help_heading = "Model")]
    pub maintenance: f64,
    /// The model's id [default: the name of the method]
    #[arg(long, value_name = "ID", help_heading = "Model")]
    pub id: Option<String>,
    /// Days looked back upon
    #[arg(long, value_name = "DAYS", default_value_t = 500, help_heading = "Estimation")]
    pub window: usize,
    /// Weight of yesterday's variance in today's EWMA
    #[arg(long, value_name = "SHARE", default_value_t = 0.97, help_heading = "Estimation")]
    pub lambda: f64,
    /// Weight of a day against the next, for age weights
    #[arg(long, value_name = "SHARE", default_value_t = 0.98, help_heading = "Estimation")]
    pub age_lambda: f64,
    /// Length of the stressed window behind the floor; 0: no floor
    #[arg(long, value_name = "DAYS", default_value_t = 250, help_heading = "Estimation")]
    pub stressed_days: usize,
    /// Share of the stressed measure below which no margin falls, in percent
    #[arg(long, value_name = "PCT", default_value_t = 50.0, help_heading = "Estimation")]
    pub stressed_share: f64,
    /// Scenarios of a simulation, a multiple of 16
    #[arg(long, value_name = "N", default_value_t = 4096, help_heading = "Estimation")]
    pub paths: u32,
    /// Names the draws of a simulation
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Estimation")]
    pub seed: u64,
    /// Write the parameter file here and print what was estimated; without it the file itself is
    /// printed
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub out: Option<PathBuf>,
    #[command(flatten)]
    pub format: FormatArg,
}

/// The families that history has numbers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Family {
    /// VaR or ES
    Var,
    /// Price and vol scan, with ranges that cover a share of history
    Scan,
}

/// The methods of the var family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// Days as they were
    Hs,
    /// Days weighted by age
    Age,
    /// Days rescaled to today's EWMA vol
    Fhs,
    /// Days rescaled to today's GARCH vol
    FhsGarch,
    /// Draws from Student laws under a t copula
    Mc,
    /// Deltas under a normal law
    DeltaNormal,
    /// Deltas and gammas under a normal law, Cornish-Fisher
    DeltaGamma,
    /// Deltas and gammas under a normal law, exact
    DeltaGammaExact,
}

/// What is read off the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MeasureArg {
    /// Expected shortfall
    Es,
    /// Value at risk, inverse ECDF
    Var,
}

impl CalibrateArgs {
    /// What is to be estimated.
    pub fn goal(&self) -> Goal {
        match (self.family, self.method) {
            (Family::Scan, _) => Goal::Scan,
            (Family::Var, MethodArg::Hs) => Goal::Historical,
            (Family::Var, MethodArg::Age) => Goal::AgeWeighted,
            (Family::Var, MethodArg::Fhs) => Goal::FilteredEwma,
            (Family::Var, MethodArg::FhsGarch) => Goal::FilteredGarch,
            (Family::Var, MethodArg::Mc) => Goal::MonteCarlo,
            (Family::Var, MethodArg::DeltaNormal) => Goal::DeltaNormal,
            (Family::Var, MethodArg::DeltaGamma) => Goal::DeltaGamma,
            (Family::Var, MethodArg::DeltaGammaExact) => Goal::DeltaGammaExact,
        }
    }

    /// The id, or the names of method and measure.
    pub fn id(&self) -> String {
        let measure = match self.measure {
            MeasureArg::Es => "es",
            MeasureArg::Var => "var",
        };
        self.id.clone().unwrap_or_else(|| match self.goal() {
            Goal::Historical => format!("hs-{measure}"),
            Goal::AgeWeighted => format!("age-{measure}"),
            Goal::FilteredEwma => format!("fhs-{measure}"),
            Goal::FilteredGarch => format!("fhs-garch-{measure}"),
            Goal::MonteCarlo => format!("mc-{measure}"),
            Goal::DeltaNormal => "delta-normal".to_owned(),
            Goal::DeltaGamma => "delta-gamma".to_owned(),
            Goal::DeltaGammaExact => "delta-gamma-exact".to_owned(),
            Goal::Scan => "scan-calibrated".to_owned(),
        })
    }

    /// What is read off the tail.
    pub fn measure(&self) -> MeasureName {
        match self.measure {
            MeasureArg::Es => MeasureName::Es,
            MeasureArg::Var => MeasureName::VarInverseEcdf,
        }
    }
}
