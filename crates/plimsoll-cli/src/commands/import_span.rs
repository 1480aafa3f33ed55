//! `plimsoll import span`: a clearing house's risk-parameter file as a parameter file and a market.

use plimsoll::margin::models::span::SpanParams;
use plimsoll::model::span::SpanParameters;
use plimsoll::venues::lines::market_json;
use plimsoll::venues::{ImportOptions, span};
use plimsoll::{InputCode, InputError};
use schemars::JsonSchema;
use serde::Serialize;

use super::import::{file_name, warnings};
use super::json;
use crate::args::SpanArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::{files, view};

/// What a risk-parameter file holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpanReport {
    /// Who published it.
    pub clearing_organisation: String,
    /// From when the parameters hold.
    pub effective: String,
    /// Contracts with their arrays.
    pub contracts: usize,
    /// Spreads between commodities.
    pub inter_spreads: usize,
    /// Every combined commodity.
    pub commodities: Vec<SpanCommodityReport>,
}

/// A combined commodity; amounts in its currency.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpanCommodityReport {
    /// Its code.
    pub code: String,
    /// The currency of its arrays.
    pub currency: String,
    /// Contracts with their arrays.
    pub contracts: usize,
    /// Largest price scan range of a contract.
    pub price_scan_range: f64,
    /// Spreads within the commodity.
    pub intra_spreads: usize,
    /// Least charge per short option, the largest over its tiers.
    pub short_option_rate: f64,
    /// Initial margin over SPAN risk.
    pub initial_ratio: f64,
    /// Maintenance margin over SPAN risk.
    pub maintenance_ratio: f64,
    /// What the file asks for and is not done: positions are refused because of it.
    pub unsupported: Vec<String>,
}

/// Runs the command.
pub fn run(args: &SpanArgs) -> anyhow::Result<Answer> {
    let origin = files::origin(&args.file);
    let bytes = files::read(&args.file)?;
    let blame = |error: InputError| error.from_origin(origin);
    let imported = span::parse(&bytes).map_err(blame)?;
    let mut parameters = imported.parameters;
    if !args.only.is_empty() {
        parameters = parameters.only(&args.only).map_err(blame)?;
    }
    let options = ImportOptions {
        // Where the file lay is nobody else's business.
        source: Some(format!("SPAN risk parameters, {}", file_name(&args.file))),
        time: args.time,
        asset_prices_usd: args.asset_price.iter().cloned().collect(),
        ..ImportOptions::default()
    };
    let mut remarks = warnings(&imported.warnings);
    let market = match &args.market_out {
        None => None,
        Some(path) => {
            let listed = span::market::market(&parameters, &options).map_err(blame)?;
            listed.market.clone().check().map_err(blame)?;
            remarks.extend(warnings(&listed.warnings));
            Some((path, market_json(&listed.market)?))
        }
    };
    let effective = effective(args, &parameters).map_err(blame)?;
    let report = SpanReport::of(&parameters, &effective);
    let source = format!(
        "SPAN risk parameters of {}, {}",
        parameters.clearing_organisation,
        file_name(&args.file)
    );
    let params = SpanParams::imported(&args.id, source, effective, parameters, imported.warnings);
    let file = params.to_toml().map_err(blame)?;
    let text = match (&args.out, args.format) {
        (None, None) => file.clone(),
        (_, Some(Format::Json)) => json(&report)?,
        (_, Some(Format::Table)) | (Some(_), None) => view::span::text(&report),
    };
    let files = args.out.as_ref().map(|path| (path, file)).into_iter().chain(market);
    for (path, content) in files {
        files::write(path, &content)?;
        remarks.push(format!("wrote {}", path.display()));
    }
    Ok(Answer { text, remarks, ..Answer::text(String::new()) })
}

fn effective(args: &SpanArgs, parameters: &SpanParameters) -> Result<String, InputError> {
    args.effective.clone().or_else(|| parameters.business_date.clone()).ok_or_else(|| {
        InputError::new(InputCode::Missing, "the file has no business date")
            .hint("give the date from which it holds with --effective")
    })
}

impl SpanReport {
    fn of(parameters: &SpanParameters, effective: &str) -> Self {
        let commodities = parameters.commodities.iter().map(|(code, commodity)| {
            let contracts = || parameters.contracts.values().filter(|c| c.commodity == *code);
            let tiers = commodity.short_option_tiers.iter().map(|tier| tier.rate);
            let mut unsupported = commodity.unsupported.clone();
            if commodity.intra_spreads_unread {
                unsupported.push("spreads within the commodity are not read".to_owned());
            }
            SpanCommodityReport {
                code: code.clone(),
                currency: commodity.currency.to_string(),
                contracts: contracts().count(),
                price_scan_range: contracts().map(|c| c.price_scan_range).fold(0.0, f64::max),
                intra_spreads: commodity.intra_spreads.len(),
                short_option_rate: tiers.fold(commodity.short_option_rate, f64::max),
                initial_ratio: commodity.initial_ratio,
                maintenance_ratio: commodity.maintenance_ratio,
                unsupported,
            }
        });
        Self {
            clearing_organisation: parameters.clearing_organisation.clone(),
            effective: effective.to_owned(),
            contracts: parameters.contracts.len(),
            inter_spreads: parameters.inter_spreads.len(),
            commodities: commodities.collect(),
        }
    }
}
