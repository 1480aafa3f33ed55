//! What is claimed of every model: everything, except what is recorded here as broken.

use plimsoll_margin::models;
use plimsoll_margin::{MarginModel, models::bundled_model};

use super::check::{Case, Property};
use crate::filled;

/// A model, what of the market it takes, and what does not hold of it.
pub struct Claim {
    pub id: &'static str,
    /// Which instruments, of those that it margins at all, may stand together in one book.
    pub fits: fn(&str) -> bool,
    pub breaks: &'static [Example],
}

/// A recorded counter-example.
pub struct Example {
    pub property: Property,
    pub book: Lines,
    pub more: Lines,
    pub factor: &'static str,
    /// What in the rule breaks it.
    pub why: &'static str,
}

impl Example {
    pub fn case(&self) -> Case {
        let rows = |rows: &[(&str, &str)]| {
            rows.iter().map(|(name, size)| ((*name).to_owned(), size.parse().unwrap())).collect()
        };
        let factor = self.factor.parse().unwrap();
        Case { book: rows(self.book), more: rows(self.more), factor }
    }
}

const fn all(id: &'static str) -> Claim {
    Claim { id, fits: |_| true, breaks: &[] }
}

const fn only(id: &'static str, fits: fn(&str) -> bool) -> Claim {
    Claim { id, fits, breaks: &[] }
}

impl Claim {
    const fn but(self, breaks: &'static [Example]) -> Self {
        Self { breaks, ..self }
    }

    pub fn example(&self, property: Property) -> Option<&'static Example> {
        self.breaks.iter().find(|example| example.property == property)
    }

    pub fn build(&self) -> Box<dyn MarginModel> {
        match self.id {
            "okx-pm" => filled::okx(),
            "bybit-pm" => filled::bybit(),
            "okx-option" => filled::okx_option(),
            id => bundled_model(id, "2026-01-01T08:00:00Z".parse().unwrap()).unwrap(),
        }
    }
}

type Lines = &'static [(&'static str, &'static str)];

const fn scale(book: Lines, factor: &'static str, why: &'static str) -> Example {
    Example { property: Property::Homogeneous, book, more: &[], factor, why }
}

const fn together(book: Lines, more: Lines, why: &'static str) -> Example {
    Example { property: Property::SubAdditive, book, more, factor: "0", why }
}

const fn long_option(book: Lines, more: Lines, why: &'static str) -> Example {
    Example { property: Property::LongOption, book, more, factor: "0", why }
}

const fn parity(book: Lines, more: Lines, why: &'static str) -> Example {
    Example { property: Property::Parity, book, more, factor: "0", why }
}

const fn cash(book: Lines, dollars: &'static str, why: &'static str) -> Example {
    Example { property: Property::Cash, book, more: &[], factor: dollars, why }
}

/// Models whose rules are published in part: every book is refused, and there is nothing to claim.
pub const REFUSE: [&str; 4] = ["aevo-pm", "thalex-pm", "coincall-pm", "kraken-pm"];

/// Every bundled model that margins anything, in the order of presentation.
pub fn claims() -> Vec<Claim> {
    let mut claims: Vec<Claim> = CLAIMS.into();
    let place = |id: &str| models::ids().iter().position(|known| *known == id);
    claims.sort_by_key(|claim| place(claim.id).unwrap_or(usize::MAX));
    claims
}

const BRACKETS: &str = "brackets are marginal: what is above a bound is charged at a higher \
                rate";
const SLOPE: &str = "the rate of a future rises with the size of the position";
const LEG_BY_LEG: &str = "a short option is margined by itself, whatever it is held against";
const DAMPENER: &str = "the dampener takes a fixed amount of dollars off a far loss, once per \
                book";
const ROLL: &str = "the roll charge on the option's delta comes on top of a loss of nearly \
                the whole premium";
const DELTA_SHOCK: &str = "the delta shock starts at a threshold and its rate rises with the \
                delta";
const TIERS: &str = "the rate is that of the tier that the whole position falls into";
const ROOT: &str = "the ratio rises with the square root of the size";
const MR7: &str = "MR7 counts its steps with rising multipliers";
const CONCENTRATION: &str = "the concentration factor rises with the sensitivity";
const LINEAR: &str = "linear sensitivities do not see that a long option cannot lose more \
                than its premium";

const CLAIMS: [Claim; 35] = [
    all("isolated").but(&[
        scale(&[("BTC_USDC-26JUN26", "10")], "10", SLOPE),
        together(&[("BTC_USDC-26JUN26", "10")], &[("BTC_USDC-26JUN26", "10")], SLOPE),
        parity(&[], &[("BTC_USDC-26JUN26-60000-C", "1")], LEG_BY_LEG),
    ]),
    all("scan").but(&[parity(
        &[("BTC_USDC-26JUN26", "-1")],
        &[("BTC_USDC-26JUN26-60000-C", "1")],
        "the minimum per short option is a floor where the scan is small",
    )]),
    all("deribit-spm").but(&[
        scale(&[("BTC-9JAN26-42000-P", "-100")], "0.1", DAMPENER),
        together(&[("BTC-9JAN26-42000-P", "-50")], &[("BTC-9JAN26-42000-P", "-50")], DAMPENER),
        long_option(&[], &[("BTC_USDC-26JUN26-84000-C", "1")], ROLL),
        parity(
            &[],
            &[("BTC_USDC-26JUN26-42000-C", "400")],
            "the delta shock leaves out the delta of long options, so that a \
                synthetic of 400 coins escapes part of it",
        ),
    ]),
    only("deribit-xpm", |name| name.starts_with("BTC_USDC")).but(&[
        scale(&[("BTC_USDC-PERPETUAL", "400")], "2", DELTA_SHOCK),
        together(&[("BTC_USDC-PERPETUAL", "300")], &[("BTC_USDC-PERPETUAL", "300")], DELTA_SHOCK),
        long_option(&[], &[("BTC_USDC-26JUN26-84000-C", "1")], ROLL),
        parity(
            &[],
            &[("BTC_USDC-26JUN26-42000-C", "400")],
            "the delta shock leaves out the delta of long options",
        ),
    ]),
    all("deribit-sm").but(&[
        scale(&[("BTC_USDC-26JUN26", "10")], "10", SLOPE),
        together(&[("BTC_USDC-26JUN26", "10")], &[("BTC_USDC-26JUN26", "10")], SLOPE),
        parity(&[], &[("BTC_USDC-26JUN26-60000-C", "1")], LEG_BY_LEG),
    ]),
    only("derive-pm1", |name| name.starts_with("ETH_USDC")).but(&[long_option(
        &[],
        &[("ETH_USDC-26JUN26-4200-C", "1")],
        "the factor 1.25 of initial margin is on a loss of most of the premium",
    )]),
    only("derive-pm2", |name| name.starts_with("ETH_USDC")).but(&[
        together(
            &[("ETH_USDC-9JAN26-2100-C", "10")],
            &[("ETH_USDC-9JAN26-2850-P", "-10")],
            "an expiry that is owed loses the favour of its discount when it is \
                merged with one that is worth something",
        ),
        long_option(
            &[],
            &[("ETH_USDC-9JAN26-2100-P", "100")],
            "a tilt of vols counts as a loss whichever way it moves the value",
        ),
    ]),
    only("derive-srm", |name| name.contains("_USDC")).but(&[together(
        &[("ETH_USDC-9JAN26-3000-P", "40"), ("ETH_USDC-9JAN26-2100-P", "-10")],
        &[("ETH_USDC-9JAN26-3150-C", "-10")],
        "an expiry is margined by the smaller of two rules, and the smaller of \
                two is not sub-additive",
    )]),
    all("paradex-pm").but(&[parity(
        &[("BTC_USDC-26JUN26", "17.2")],
        &[("BTC_USDC-26JUN26-42000-C", "-16.1")],
        "the minimum on hedged delta counts the call and the put apart",
    )]),
    all("hyperliquid-cross").but(&[
        scale(&[("BTC_USDC-PERPETUAL", "2000")], "2", TIERS),
        together(&[("BTC_USDC-PERPETUAL", "2000")], &[("BTC_USDC-PERPETUAL", "1000")], TIERS),
    ]),
    only("hyperliquid-isolated", |name| name == "BTC_USDC-PERPETUAL").but(&[
        scale(&[("BTC_USDC-PERPETUAL", "2000")], "2", TIERS),
        together(&[("BTC_USDC-PERPETUAL", "2000")], &[("BTC_USDC-PERPETUAL", "1000")], TIERS),
    ]),
    all("hyperliquid-pm").but(&[
        scale(&[("BTC_USDC-PERPETUAL", "2000")], "2", TIERS),
        together(&[("BTC_USDC-PERPETUAL", "2000")], &[("BTC_USDC-PERPETUAL", "1000")], TIERS),
    ]),
    all("drift").but(&[
        scale(&[("BTC_USDC-PERPETUAL", "3")], "10", ROOT),
        together(&[("BTC_USDC-PERPETUAL", "10")], &[("BTC_USDC-PERPETUAL", "10")], ROOT),
    ]),
    all("mango"),
    all("dydx"),
    all("synthetix-perps").but(&[
        cash(
            &[("BTC_USDC-PERPETUAL", "-1")],
            "100000",
            "the keepers' reward is bounded by a share of the collateral, and \
                dollars paid in raise the bound",
        ),
        scale(
            &[("BTC_USDC-PERPETUAL", "10")],
            "10",
            "the ratio rises with the size, and a fixed amount per position does \
                not",
        ),
        together(
            &[("BTC_USDC-PERPETUAL", "10")],
            &[("BTC_USDC-PERPETUAL", "10")],
            "the ratio rises with the size",
        ),
    ]),
    all("paradex-cross").but(&[parity(&[], &[("BTC_USDC-26JUN26-42000-C", "1")], LEG_BY_LEG)]),
    all("okx-pm").but(&[
        scale(&[("BTC-9JAN26-42000-P", "-1000")], "2", MR7),
        together(&[("BTC-9JAN26-42000-P", "-1000")], &[("BTC-9JAN26-42000-P", "-1000")], MR7),
        long_option(
            &[],
            &[("BTC_USDC-26JUN26-84000-C", "1")],
            "vega, rates and the factor 1.3 come on top of a loss of nearly the \
                whole premium",
        ),
        parity(
            &[],
            &[("BTC_USDC-26JUN26-42000-C", "1")],
            "the synthetic moves with its forward, the future with the index, and \
                rates are charged on options only",
        ),
    ]),
    all("okx-option"),
    all("bybit-pm").but(&[
        together(
            &[("BTC_USDC-26JUN26", "-1")],
            &[("BTC_USDC-9JAN26-60000-C", "1")],
            "deltas that hedge each other at two expiries pay a spread that neither \
                pays alone",
        ),
        long_option(
            &[],
            &[("BTC_USDC-9JAN26-42000-P", "100")],
            "the factor 1.2 is on the whole loss, which is nearly the premium",
        ),
        parity(
            &[],
            &[("BTC_USDC-26JUN26-42000-C", "-1")],
            "the synthetic moves with its forward, the future with the index, and \
                each pays its own contingency",
        ),
    ]),
    all("binance-pm").but(&[
        scale(&[("BTC_USDC-PERPETUAL", "1")], "10", BRACKETS),
        together(&[("BTC_USDC-PERPETUAL", "5")], &[("BTC_USDC-PERPETUAL", "5")], BRACKETS),
    ]),
    all("binance-option"),
    all("aevo-standard"),
    all("span").but(&[
        together(
            &[("ETH_USDC-9JAN26-2850-P", "30")],
            &[("ETH_USDC-9JAN26-4200-C", "1000"), ("BTC_USDC-9JAN26-42000-C", "-1")],
            "the first book takes away deltas for which the second had a credit \
                between commodities",
        ),
        long_option(
            &[("ETH_USDC-26JUN26-2850-P", "-10"), ("BTC_USDC-9JAN26-57000-C", "-1")],
            &[("ETH_USDC-9JAN26-2100-P", "100")],
            "the put takes away deltas for which the book had a credit between \
                commodities",
        ),
        parity(
            &[],
            &[("BTC_USDC-26JUN26-42000-C", "-1")],
            "the net value of the options is part of the requirement",
        ),
    ]),
    all("tims").but(&[
        long_option(
            &[],
            &[("BTC_USDC-9JAN26-84000-C", "1")],
            "the minimum per option is more than a far option is worth",
        ),
        parity(
            &[("ETH_USDC-9JAN26-4200-C", "500")],
            &[("ETH_USDC-26JUN26-2100-C", "0.1")],
            "the minimum per option counts the call and the put",
        ),
    ]),
    all("sensitivities").but(&[
        scale(&[("BTC_USDC-26JUN26-42000-C", "700")], "8", CONCENTRATION),
        together(
            &[("BTC_USDC-26JUN26-42000-C", "1")],
            &[("BTC_USDC-26JUN26-63000-C", "3000")],
            CONCENTRATION,
        ),
        long_option(&[], &[("BTC_USDC-26JUN26-84000-C", "1")], LINEAR),
    ]),
    all("sensitivities-1d").but(&[
        together(
            &[("BTC_USDC-9JAN26-57000-C", "0.1"), ("ETH_USDC-26JUN26-4200-P", "-100")],
            &[("BTC_USDC-9JAN26-57000-C", "1.2"), ("ETH_USDC-26JUN26-3000-P", "-1700")],
            "the curvature charge is not convex",
        ),
        long_option(&[], &[("BTC_USDC-26JUN26-84000-C", "1")], LINEAR),
    ]),
    all("sensitivities-crypto"),
    all("delta").but(&[
        long_option(
            &[],
            &[("BTC_USDC-9JAN26-42000-P", "1")],
            "delta times a move is more than a far option is worth",
        ),
        parity(
            &[("ETH_USDC-26JUN26", "-1")],
            &[("ETH_USDC-26JUN26-2100-C", "1")],
            "hedged delta counts the call, the put and the future apart",
        ),
    ]),
    all("greeks").but(&[
        together(
            &[("BTC_USDC-9JAN26-42000-P", "10")],
            &[("BTC_USDC-PERPETUAL", "-10")],
            "greeks that miss the worst loss of the first book are dropped for the \
                revaluation, and those of both together are not",
        ),
        long_option(
            &[("BTC_USDC-9JAN26-84000-P", "100")],
            &[("ETH_USDC-9JAN26-3150-C", "1")],
            "the ladder prices theta and vega of the call, whose own margin would \
                be its revaluation",
        ),
    ]),
    all("hs-var").but(&[together(
        &[("BTC-26JUN26-57000-C", "0.01")],
        &[
            ("BTC_USDC-9JAN26-57000-P", "-27"),
            ("ETH_USDC-9JAN26-3150-C", "-9900"),
            ("BTC-26JUN26-63000-C", "860"),
        ],
        "a quantile is not sub-additive: the days beyond it do not count",
    )]),
    all("fhs-es"),
    all("mc-es"),
    all("delta-normal").but(&[long_option(&[], &[("BTC_USDC-9JAN26-84000-C", "1")], LINEAR)]),
    all("delta-gamma").but(&[together(
        &[("ETH-9JAN26-2850-C", "-10")],
        &[("ETH_USDC-9JAN26-2100-C", "-1")],
        "the moments of the expansion are not sub-additive",
    )]),
];
