//! The margin models, one file each, and the registry that builds them from parameter files.

pub mod binance;
pub mod bybit;
mod deribit_matrix;
pub mod deribit_spm;
pub mod deribit_xpm;
pub mod derive;
pub mod greeks;
pub mod health;
pub mod hyperliquid;
pub mod isolated;
mod isolated_formula;
pub mod known;
pub mod okx;
pub mod option_orders;
pub mod paradex_cross;
pub mod paradex_pm;
mod perpetual;
pub mod portfolio_delta;
pub mod scan;
pub mod sensitivities;
pub mod short_option;
pub mod span;
pub mod tims;
mod unified;
pub mod var;

use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::params::from_toml;
use plimsoll_model::{Evidence, Timestamp};
use serde::Deserialize;

use self::health::{Health, drift, dydx, mango, synthetix};
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
    Family { name: "deribit-xpm", build: |text| boxed(deribit_xpm::DeribitXpm::from_toml, text) },
    Family { name: "derive-pm1", build: |text| boxed(derive::pm1::Pm1::from_toml, text) },
    Family { name: "derive-pm2", build: |text| boxed(derive::pm2::Pm2::from_toml, text) },
    Family { name: "derive-srm", build: |text| boxed(derive::srm::Srm::from_toml, text) },
    Family {
        name: "hyperliquid-cross",
        build: |text| boxed(hyperliquid::Hyperliquid::from_toml, text),
    },
    Family {
        name: "hyperliquid-isolated",
        build: |text| boxed(hyperliquid::Hyperliquid::from_toml, text),
    },
    Family {
        name: "hyperliquid-pm",
        build: |text| boxed(hyperliquid::portfolio::HyperliquidPm::from_toml, text),
    },
    Family { name: "drift", build: |text| boxed(Health::<drift::DriftParams>::from_toml, text) },
    Family { name: "mango", build: |text| boxed(Health::<mango::MangoParams>::from_toml, text) },
    Family { name: "dydx", build: |text| boxed(Health::<dydx::DydxParams>::from_toml, text) },
    Family {
        name: "synthetix-perps",
        build: |text| boxed(Health::<synthetix::SynthetixParams>::from_toml, text),
    },
    Family { name: "paradex-pm", build: |text| boxed(paradex_pm::ParadexPm::from_toml, text) },
    Family { name: "paradex-cross", build: |t| boxed(paradex_cross::ParadexCross::from_toml, t) },
    Family { name: "okx-pm", build: |text| boxed(okx::OkxPm::from_toml, text) },
    Family { name: "bybit-pm", build: |text| boxed(bybit::BybitPm::from_toml, text) },
    Family { name: "binance-pm", build: |text| boxed(binance::BinancePm::from_toml, text) },
    Family { name: "delta", build: |text| boxed(portfolio_delta::PortfolioDelta::from_toml, text) },
    Family { name: "span", build: |text| boxed(span::Span::from_toml, text) },
    Family { name: "tims", build: |text| boxed(tims::Tims::from_toml, text) },
    Family {
        name: "sensitivities",
        build: |text| boxed(sensitivities::Sensitivities::from_toml, text),
    },
    Family { name: "var", build: |text| boxed(var::model::Var::from_toml, text) },
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
    "deribit-xpm", "deribit/xpm", "2026-02-15";
    "deribit-sm", "deribit/sm", "2022-01-11";
    "deribit-sm", "deribit/sm", "2026-08-01";
    "derive-pm1", "derive/pm1", "2025-12-08";
    "derive-pm2", "derive/pm2", "2025-12-08";
    "derive-srm", "derive/srm", "2025-12-08";
    "paradex-pm", "paradex/pm", "2026-08-20";
    "hyperliquid-cross", "hyperliquid/cross", "2025-06-01";
    "hyperliquid-isolated", "hyperliquid/isolated", "2025-06-01";
    "hyperliquid-pm", "hyperliquid/pm", "2026-11-01";
    "drift", "drift/cross", "2026-01-01";
    "mango", "mango/health", "2026-01-01";
    "dydx", "dydx/v4", "2025-12-08";
    "synthetix-perps", "synthetix/perps", "2026-01-01";
    "paradex-cross", "paradex/cross", "2026-08-20";
    "okx-pm", "okx/pm", "2025-01-06";
    "okx-pm", "okx/pm", "2025-01-15";
    "okx-option", "okx/option", "2026-05-01";
    "bybit-pm", "bybit/pm", "2025-01-10";
    "binance-pm", "binance/pm", "2026-09-29";
    "binance-option", "binance/option", "2026-09-01";
    "aevo-standard", "aevo/standard", "2024-01-01";
    "aevo-pm", "aevo/pm", "2024-01-01";
    "thalex-pm", "thalex/pm", "2026-09-01";
    "coincall-pm", "coincall/pm", "2026-09-01";
    "kraken-pm", "kraken/pm", "2026-09-01";
    "span", "span/crypto-example", "2026-01-01";
    "tims", "tims/crypto", "2026-01-01";
    "sensitivities", "sensitivities/ten-day", "2022-12-03";
    "sensitivities", "sensitivities/ten-day", "2023-12-02";
    "sensitivities", "sensitivities/ten-day", "2025-07-12";
    "sensitivities", "sensitivities/ten-day", "2025-12-06";
    "sensitivities-1d", "sensitivities/one-day", "2025-12-06";
    "sensitivities-crypto", "sensitivities/crypto-class", "2026-02-01";
    "hs-var", "var/hs-var", "2025-09-19";
    "fhs-es", "var/fhs-es", "2025-09-19";
    "mc-es", "var/mc-es", "2025-09-19";
    "delta-normal", "var/delta-normal", "2025-09-19";
    "delta-gamma", "var/delta-gamma", "2025-09-19";
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
