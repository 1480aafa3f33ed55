//! The files of a back-test: panels of chains in order of time, and what came before them.

use std::collections::BTreeMap;

use plimsoll::calibrate::history::{ReturnPanel, Series};
use plimsoll::venues::history::{ChainSlice, HOUR_MS, chains, hourly_closes, vol_index};
use plimsoll::{Asset, InputCode, InputError, Timestamp};

use crate::args::BacktestArgs;
use crate::bundled::{BACKTEST_CHAINS, BACKTEST_SPOT, BACKTEST_VOL};
use crate::files;

/// What is replayed.
pub struct History {
    /// Snapshots in order of time, each with the file it came from.
    pub slices: Vec<(String, ChainSlice)>,
    /// Nominal time between them.
    pub step_ms: i64,
    /// Moves of spot and vol over steps of that length; absent without both files.
    pub past: Option<ReturnPanel>,
    /// Spot by coin.
    pub spots: BTreeMap<Asset, Series>,
    /// What a reader should know of the files.
    pub notes: Vec<String>,
}

const NOMINAL_HOURS: [i64; 3] = [1, 6, 24];

impl History {
    /// Reads what the arguments name, or what is bundled.
    pub fn load(args: &BacktestArgs) -> Result<Self, InputError> {
        let bundled = args.chains.is_empty();
        let slices = slices(args)?;
        let step_ms = match args.step {
            Some(hours) => i64::from(hours) * HOUR_MS,
            None => nominal(&slices),
        };
        let (spot, vol) = if bundled {
            // The bundled histories are of BTC, at the ends of days.
            (Some(text(&BACKTEST_SPOT)), Some(text(&BACKTEST_VOL)))
        } else {
            let file = |path: &Option<String>| {
                path.as_ref().map(|p| Ok((files::read(p)?, files::origin(p).to_owned())))
            };
            (file(&args.spot).transpose()?, file(&args.vol).transpose()?)
        };
        let mut notes = Vec::new();
        let mut series = |name: &str, file: Option<(Vec<u8>, String)>, is_vol: bool| {
            let Some((bytes, origin)) = file else { return Ok(None) };
            let read = if is_vol { vol_index(&bytes) } else { hourly_closes(&bytes) };
            let checked = read.and_then(|raw| Series::checked(name, raw));
            let checked = checked.map_err(|error| error.from_origin(&origin))?;
            notes.extend(checked.repairs);
            Ok::<_, InputError>(Some(checked.history))
        };
        let spot = series(&args.coin, spot, false)?;
        let vol = series("vol index", vol, true)?;
        let past = match (&spot, &vol) {
            (Some(spot), Some(vol)) if !args.no_methods => {
                let (spot, vol) = (spot.sampled(step_ms), vol.sampled(step_ms));
                let panel = ReturnPanel::new(&[&spot, &vol], step_ms)?;
                notes.extend(panel.repairs);
                Some(panel.history)
            }
            _ if args.no_methods => None,
            _ => {
                notes.push(
                    "the rolling methods are left out: they need --spot and --vol".to_owned(),
                );
                None
            }
        };
        let spots = spot.map(|spot| (Asset::new(&args.coin), spot)).into_iter().collect();
        Ok(Self { slices, step_ms, past, spots, notes })
    }
}

fn text(file: &crate::bundled::File) -> (Vec<u8>, String) {
    (file.text.as_bytes().to_vec(), file.path.to_owned())
}

fn slices(args: &BacktestArgs) -> Result<Vec<(String, ChainSlice)>, InputError> {
    let day = |text: &Option<String>, flag: &str| {
        let parsed = text.as_ref().map(|day| format!("{day}T00:00:00Z").parse::<Timestamp>());
        parsed.transpose().map_err(|_| {
            let message = format!("{flag} {} is no date", text.as_deref().unwrap_or_default());
            InputError::new(InputCode::Malformed, message).hint("a date is like 2026-02-01")
        })
    };
    let (from, to) = (day(&args.from, "--from")?, day(&args.to, "--to")?);
    let inside = |time: Timestamp| {
        from.is_none_or(|from| time >= from) && to.is_none_or(|to| time < to.plus_days(1.0))
    };
    let files = if args.chains.is_empty() {
        vec![text(&BACKTEST_CHAINS)]
    } else {
        let read = |path: &String| Ok((files::read(path)?, files::origin(path).to_owned()));
        args.chains.iter().map(read).collect::<Result<Vec<_>, InputError>>()?
    };
    let mut slices = Vec::new();
    for (bytes, origin) in files {
        let read = chains(&bytes).map_err(|error| error.from_origin(&origin))?;
        slices.extend(
            read.into_iter().filter(|slice| inside(slice.time)).map(|s| (origin.clone(), s)),
        );
    }
    slices.sort_by_key(|(_, slice)| slice.time);
    // Two periods are the least that can be judged.
    if slices.len() < 3 {
        let message = format!("a back-test needs three snapshots; the files hold {}", slices.len());
        return Err(InputError::new(InputCode::Empty, message).hint("widen --from and --to"));
    }
    Ok(slices)
}

/// The usual spacing nearest to the median one, by ratio.
fn nominal(slices: &[(String, ChainSlice)]) -> i64 {
    let mut steps: Vec<i64> =
        slices.windows(2).map(|pair| pair[1].1.time.0 - pair[0].1.time.0).collect();
    steps.sort_unstable();
    let median = steps[steps.len() / 2].max(1) as f64;
    let far = |hours: &i64| {
        let ratio = median / (*hours * HOUR_MS) as f64;
        ratio.max(1.0 / ratio)
    };
    let best = NOMINAL_HOURS.into_iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    best.unwrap_or(24) * HOUR_MS
}
