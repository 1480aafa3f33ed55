//! XML files as they are written: elements to structures, then structures to parameters.

mod commodities;
mod contracts;
mod elements;

use std::collections::{BTreeMap, BTreeSet};

use plimsoll_model::Asset;
use plimsoll_model::error::{InputCode, InputError};
use plimsoll_model::span::{CurrencyRate, SpanScenarios};

use super::{ImportedSpan, check_size, iso_date, text};
use elements::{ClearingOrg, OrgItem, PointDef, SpanFile};

/// Reads an XML risk-parameter file (`fileFormat` 4.00).
///
/// # Errors
/// `malformed` (not XML, an element missing or not a number; the error names the path),
/// `unsupported` (several points in time or clearing organisations, scan points that are not the
/// sixteen of SPAN), `duplicate` (a contract twice), `bad_parameter` (a value outside its bounds).
pub fn parse_xml(bytes: &[u8]) -> Result<ImportedSpan, InputError> {
    check_size(bytes)?;
    let text = text::decoded(bytes)?;
    let mut reader = quick_xml::de::Deserializer::from_str(&text);
    let file: SpanFile = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let at = error.path().to_string();
        let at = if at == "." { String::new() } else { at };
        InputError::new(InputCode::Malformed, error.into_inner().to_string()).at(at)
    })?;
    let point = single(file.point_in_time, "pointInTime")?;
    let organisation = single(point.clearing_org, "clearingOrg")?;
    let mut reading = Reading::default();
    reading.imported.parameters.business_date = iso_date(&point.date);
    reading.organisation(organisation)?;
    reading.imported.parameters.check()?;
    Ok(reading.imported)
}

fn single<T>(items: Vec<T>, what: &str) -> Result<T, InputError> {
    let count = items.len();
    let mut items = items.into_iter();
    match (items.next(), count) {
        (Some(item), 1) => Ok(item),
        _ => {
            let message = format!("{count} elements `{what}`; files with exactly one are read");
            Err(InputError::new(InputCode::Unsupported, message))
        }
    }
}

/// Where the contracts of a product family belong.
struct Link {
    commodity: String,
    scale: f64,
    /// Why the deltas of its options cannot be placed.
    unsupported: Option<String>,
}

#[derive(Default)]
struct Reading {
    imported: ImportedSpan,
    /// By type and id of the product family.
    links: BTreeMap<(String, String), Link>,
    /// Period of a future or physical by ids of its family and its own.
    periods: BTreeMap<(String, String), String>,
    look_ahead_years: Option<f64>,
    /// Families that no commodity links.
    unlinked: BTreeSet<String>,
}

impl Reading {
    fn organisation(&mut self, organisation: ClearingOrg) -> Result<(), InputError> {
        let mut exchanges = Vec::new();
        let mut points = None;
        for item in organisation.items {
            match item {
                OrgItem::Code(code) => self.imported.parameters.clearing_organisation = code,
                OrgItem::LookAhead(years) => self.look_ahead_years = Some(years),
                OrgItem::Rate(rate) => self.imported.parameters.currency_rates.push(CurrencyRate {
                    from: Asset::new(rate.from.trim()),
                    to: Asset::new(rate.to.trim()),
                    rate: rate.factor,
                }),
                // Definitions after the first are for other levels of margin.
                OrgItem::Points(definition) if points.is_none() => points = Some(definition),
                OrgItem::Exchange(exchange) => exchanges.push(exchange),
                OrgItem::Commodity(definition) => self.commodity(*definition)?,
                OrgItem::InterSpreads(spreads) => self.inter_spreads(spreads, false),
                OrgItem::SuperSpreads(spreads) => self.inter_spreads(spreads, true),
                OrgItem::Points(_) | OrgItem::Other => {}
            }
        }
        if let Some(points) = points {
            self.imported.parameters.scenarios = Some(self.scenarios(&points)?);
        }
        // Futures first: options on them need their periods.
        for exchange in &exchanges {
            self.futures(exchange)?;
        }
        for exchange in &exchanges {
            self.options(exchange)?;
        }
        let unlinked = std::mem::take(&mut self.unlinked);
        self.imported.warnings.extend(
            unlinked.iter().map(|family| format!("{family} belongs to no commodity: left out")),
        );
        Ok(())
    }

    fn scenarios(&mut self, points: &PointDef) -> Result<SpanScenarios, InputError> {
        let unlike = |what: String| {
            let message = format!("pointDef: {what}, unlike SPAN's sixteen scenarios");
            Err(InputError::new(InputCode::Unsupported, message))
        };
        let [near @ .., up, down] = points.scan.as_slice() else {
            return unlike(format!("{} scan points", points.scan.len()));
        };
        // Thirds of the scan range; each move with vol up, then down.
        let moves = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(|thirds| thirds / 3.0);
        let expected = moves.iter().flat_map(|price| [(*price, 1.0), (*price, -1.0)]);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6; // printed with six decimals
        for (point, (price, vol)) in near.iter().zip(expected) {
            let (has_price, has_vol) = (point.price.share(), point.vol.share());
            if !close(has_price, price) || !close(has_vol, vol) || !close(point.weight, 1.0) {
                return unlike(format!("point {} is ({has_price}, {has_vol})", point.point));
            }
        }
        let multiplier = up.price.share();
        if near.len() != 14
            || !close(down.price.share(), -multiplier)
            || !close(up.weight, down.weight)
            || !close(up.vol.share(), 0.0)
            || !close(down.vol.share(), 0.0)
        {
            return unlike(format!("{} scan points with other extreme moves", points.scan.len()));
        }
        let mut delta_weights = [0.0; 7];
        if points.delta.len() != delta_weights.len() {
            return unlike(format!("{} delta points", points.delta.len()));
        }
        let thirds = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        for ((weight, point), thirds) in delta_weights.iter_mut().zip(&points.delta).zip(thirds) {
            if !close(point.price.share(), thirds / 3.0) {
                return unlike(format!("delta point {} at {}", point.point, point.price.share()));
            }
            *weight = point.weight;
        }
        let look_ahead_days = self.look_ahead_years.map_or_else(
            || {
                self.imported.warnings.push("no look-ahead is stated: one day is taken".to_owned());
                1.0
            },
            |years| 365.0 * years,
        );
        Ok(SpanScenarios {
            extreme_multiplier: multiplier,
            extreme_cover: up.weight,
            look_ahead_days,
            delta_weights,
        })
    }
}
