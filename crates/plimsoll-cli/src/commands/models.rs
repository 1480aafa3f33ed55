//! `plimsoll models`: what there is, on whose word, and with which parameters.

use plimsoll::InputError;
use plimsoll::from_params;
use plimsoll::margin::models::{BUNDLED, Bundled, evidence_text};
use plimsoll::model::Evidence;
use plimsoll::model::params::from_toml;
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::args::ModelsListArgs;
use crate::args::common::Format;
use crate::exit::Answer;
use crate::input;
use crate::table::{Table, heading};
use crate::view;

/// The bundled models.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Models {
    /// Every bundled parameter file.
    pub models: Vec<Listed>,
}

/// A bundled parameter file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Listed {
    /// The model.
    pub id: String,
    /// From when the parameters hold.
    pub effective: String,
    /// How well they are known.
    pub evidence: Evidence,
    /// Where they were read.
    pub source: String,
    /// What is missing, doubtful or chosen.
    pub notes: Vec<String>,
    /// The file under `params/`.
    pub path: String,
}

/// Runs the command.
pub fn run(args: &ModelsListArgs) -> anyhow::Result<Answer> {
    let text = match (&args.id, args.format.format) {
        (Some(id), Format::Table) => input::parameters(id)?.text.to_owned(),
        (Some(id), Format::Json) => {
            json(&from_toml::<serde_json::Value>(input::parameters(id)?.text)?)?
        }
        (None, format) => {
            let models = BUNDLED.iter().map(listed).collect::<Result<Vec<_>, _>>()?;
            let models = Models { models };
            if format == Format::Json { json(&models)? } else { text(&models) }
        }
    };
    Ok(Answer::text(text))
}

fn listed(file: &Bundled) -> Result<Listed, InputError> {
    let model = from_params(file.text).map_err(|error| error.from_origin(file.path))?;
    let provenance = model.provenance();
    Ok(Listed {
        id: file.id.to_owned(),
        effective: file.effective.to_owned(),
        evidence: provenance.evidence,
        source: provenance.source.clone(),
        notes: provenance.notes.clone(),
        path: format!("params/{}", file.path),
    })
}

fn text(models: &Models) -> String {
    let mut table = Table::new("Margin models")
        .text("Model")
        .text("In force from")
        .text("Evidence")
        .text("Source");
    for model in &models.models {
        table.push([
            model.id.clone(),
            model.effective.clone(),
            evidence_text(model.evidence).to_owned(),
            view::wrapped(&model.source, 66),
        ]);
    }
    let evidence = [
        ("published", "the venue's own documents or interface state the parameters"),
        ("third-party", "somebody else's reading of the venue"),
        ("inferred", "worked out from published results"),
        ("own", "our own choice, not a venue's"),
        ("calibrated", "estimated from market history"),
    ];
    let mut out = table.to_terminal();
    out.push_str(&heading("Evidence"));
    for (level, meaning) in evidence {
        out.push_str(&format!("  {level:<12} {meaning}\n"));
    }
    out.push_str(
        "\n`plimsoll models ID` prints the parameter file; `--params FILE` takes your own.\n",
    );
    out
}
