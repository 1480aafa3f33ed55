//! A market document with one instrument per line, so that `diff` and `grep` work on it.

use plimsoll_model::market::MarketFile;
use serde::Serialize;

/// Writes a market as JSON: one line per coin and one line per instrument, numbers in the shortest
/// form that reads back to the same bits.
///
/// # Errors
/// None in practice: a [`MarketFile`] holds nothing that JSON cannot.
pub fn market_json(market: &MarketFile) -> serde_json::Result<String> {
    let mut text = String::from("{\n");
    push_field(&mut text, "id", &market.id)?;
    push_field(&mut text, "time", &market.time)?;
    if let Some(source) = &market.source {
        push_field(&mut text, "source", source)?;
    }
    text.push_str("\"underlyings\": {\n");
    let underlyings = market.underlyings.iter().map(|(asset, underlying)| {
        let (name, body) = (serde_json::to_string(asset)?, serde_json::to_string(underlying)?);
        Ok(format!("{name}: {body}"))
    });
    push_lines(&mut text, underlyings)?;
    text.push_str("},\n");
    push_field(&mut text, "assets", &market.assets)?;
    text.push_str("\"instruments\": [\n");
    push_lines(&mut text, market.instruments.iter().map(serde_json::to_string))?;
    text.push_str("]\n}\n");
    Ok(text)
}

fn push_field(text: &mut String, name: &str, value: &impl Serialize) -> serde_json::Result<()> {
    text.push_str(&format!("\"{name}\": {},\n", serde_json::to_string(value)?));
    Ok(())
}

fn push_lines(
    text: &mut String,
    lines: impl Iterator<Item = serde_json::Result<String>>,
) -> serde_json::Result<()> {
    let lines = lines.collect::<serde_json::Result<Vec<String>>>()?;
    text.push_str(&lines.join(",\n"));
    text.push('\n');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_model::Market;

    #[test]
    fn has_a_line_per_instrument_and_reads_back_to_the_same_market() {
        let document = r#"{"id":"x \"y\"","time":"2026-01-14T21:22:07.934Z","source":"a",
            "underlyings":{"BTC":{"index_price":97564.55,"forwards":{"2026-03-27T08:00:00Z":98448.3}}},
            "assets":{"USDC":1},
            "instruments":[
              {"name":"BTC-27MAR26-98000-C","mark_price":0.07495989,"mark_vol":0.4132,"bid":3e-8},
              {"name":"BTC-PERPETUAL","contract_size":10,"contract_unit":"quote","mark_price":97501.5}]}"#;
        let file: MarketFile = serde_json::from_str(document).unwrap();
        let text = market_json(&file).unwrap();
        let rows = text.lines().filter(|line| line.contains("\"name\"")).count();
        assert_eq!(rows, 2);
        let again: MarketFile = serde_json::from_str(&text).unwrap();
        assert_eq!(again.source, file.source);
        assert_eq!(Market::from_json(text.as_bytes()), file.check());
    }

    #[test]
    fn an_empty_market_is_still_json() {
        let document =
            r#"{"id":"","time":"2026-01-14T21:22:07Z","underlyings":{},"instruments":[]}"#;
        let file: MarketFile = serde_json::from_str(document).unwrap();
        let text = market_json(&file).unwrap();
        assert_eq!(Market::from_json(text.as_bytes()), file.check());
    }
}
