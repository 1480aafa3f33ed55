//! The margin models, one file each, and the registry that builds them from parameter files.

pub mod deribit_spm;
pub mod greeks;
pub mod isolated;
pub mod paradex_pm;
pub mod portfolio_delta;
pub mod scan;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::from_toml;
use plimsoll_model::{Evidence, Timestamp};
use serde::Deserialize;

use crate::model::MarginModel;

/// Builds a model from a parameter file.
type Build = fn(&str) -> Result<Box<dyn MarginModel>, InputError>;

/// A rule that parameter files can be written for.
struct Family {
    name: &'static str,
    build: Build,
}

fn boxed<M: MarginModel + 'static>(
    read: fn(&str) -> Result<M, InputError>,
    text: &str,
) -> Result<Box<dyn MarginModel>, InputError> {
    Ok(Box::new(read(text)?))
}

const FAMILIES: &[Family] = &[
    Family { name: "isolated", build: |text| boxed(isolated::Isolated::from_toml, text) },
    Family { name: "scan", build: |text| boxed(scan::Scan::from_toml, text) },
    Family { name: "deribit-spm", build: |text| boxed(deribit_spm::DeribitSpm::from_toml, text) },
    Family { name: "paradex-pm", build: |text| boxed(paradex_pm::ParadexPm::from_toml, text) },
    Family { name: "delta", build: |text| boxed(portfolio_delta::PortfolioDelta::from_toml, text) },
    Family { name: "greeks", build: |text| boxed(greeks::GreekLadder::from_toml, text) },
];

/// A parameter file that comes with the library.
#[derive(Clone, Copy, Debug)]
pub struct Bundled {
    /// The model's id.
    pub id: &'static str,
    /// The date from which it holds, `YYYY-MM-DD`; ISO dates sort as text.
    pub effective: &'static str,
    /// The path under `params/`.
    pub path: &'static str,
    /// The text.
    pub text: &'static str,
}

macro_rules! bundled {
    ($($id:literal, $dir:literal, $effective:literal;)*) => {
        &[$(Bundled {
            id: $id,
            effective: $effective,
            path: concat!($dir, "/", $effective, ".toml"),
            text: include_str!(concat!("../../../../params/", $dir, "/", $effective, ".toml")),
        }),*]
    };
}

/// Every bundled parameter file, by model in the order of presentation and then by date.
pub const BUNDLED: &[Bundled] = bundled! {
    "isolated", "plimsoll/isolated", "2022-01-11";
    "scan", "plimsoll/scan", "2026-01-01";
    "deribit-spm", "deribit/spm", "2024-06-17";
    "deribit-spm", "deribit/spm", "2026-02-15";
    "paradex-pm", "paradex/pm", "2026-08-20";
    "delta", "plimsoll/delta", "2026-01-01";
    "greeks", "plimsoll/greeks", "2026-01-01";
};

/// The ids of the bundled models, each once, in the order of presentation.
pub fn ids() -> Vec<&'static str> {
    let mut ids = Vec::new();
    for file in BUNDLED {
        if !ids.contains(&file.id) {
            ids.push(file.id);
        }
    }
    ids
}

/// The bundled parameters of a model in force at an instant: the latest that took effect by then, or
/// the earliest there are if the instant is before all of them.
pub fn bundled_at(id: &str, at: Timestamp) -> Result<&'static Bundled, InputError> {
    let (year, month, day) = at.date_utc();
    let today = format!("{year:04}-{month:02}-{day:02}");
    let versions: Vec<&Bundled> = BUNDLED.iter().filter(|file| file.id == id).collect();
    let latest = versions.iter().rfind(|file| file.effective <= today.as_str());
    latest.or(versions.first()).copied().ok_or_else(|| {
        let message = format!("no model `{id}`");
        InputError::new(InputCode::Unsupported, message)
            .hint(format!("there are {}", ids().join(", ")))
    })
}

/// The bundled model in force at an instant.
pub fn bundled_model(id: &str, at: Timestamp) -> Result<Box<dyn MarginModel>, InputError> {
    let file = bundled_at(id, at)?;
    from_params(file.text).map_err(|error| error.from_origin(file.path))
}

/// The head of every parameter file.
#[derive(Deserialize)]
struct Head {
    family: String,
}

/// A model from the text of a parameter file, bundled or the user's own.
pub fn from_params(text: &str) -> Result<Box<dyn MarginModel>, InputError> {
    let Head { family } = from_toml(text)?;
    let known = FAMILIES.iter().find(|known| known.name == family).ok_or_else(|| {
        let names: Vec<&str> = FAMILIES.iter().map(|family| family.name).collect();
        InputError::new(InputCode::BadParameter, format!("family = `{family}` is not known"))
            .hint(format!("families are {}", names.join(", ")))
    })?;
    (known.build)(text)
}

/// How an evidence level reads in a table.
pub fn evidence_text(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Published => "published",
        Evidence::ThirdParty => "third-party",
        Evidence::Inferred => "inferred",
        Evidence::Own => "own",
        Evidence::Calibrated => "calibrated",
    }
}
