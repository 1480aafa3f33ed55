//! A back-test on a terminal.

use plimsoll::calibrate::backtest::books::Class;
use plimsoll::calibrate::backtest::verdict::Verdict;

use crate::commands::{Backtest, Outcome};
use crate::format::{NONE, clean, count, instant, number, optional, shortest};
use crate::table::{Table, heading};

/// More results than this are summed up instead of listed.
const MOST_LISTED: usize = 30;
/// At 5 % Kupiec's test cannot reject a track without exceptions that is shorter than
/// `3.84/(−2·ln(1 − rate))`.
const KUPIEC_5_PCT: f64 = 3.841_458_820_694_124;

/// What was replayed, the summary, the tests in full where there are few, and who refused.
pub fn text(answer: &Backtest) -> String {
    let mut out = heading(&title(answer));
    out.push_str(&about(answer));
    out.push('\n');
    out.push_str(&summary(answer).to_terminal());
    out.push_str(&alarm(answer));
    let answered = answer.results.iter().filter(|one| one.verdict.is_some());
    if answered.count() <= MOST_LISTED {
        out.push_str(&tests(answer, |_| true).to_terminal());
    } else {
        let champion = |one: &Outcome| answer.runners[one.runner].name == answer.champion.name;
        let table = tests(answer, champion);
        if !table.is_empty() {
            out.push_str(&table.to_terminal());
        }
        out.push_str(
            "Every test of another margin: --model ID, or all with --format json, --html FILE.\n\n",
        );
    }
    out.push_str(&refusals(answer));
    out.push_str(LEGEND);
    out
}

const LEGEND: &str = "\
† parameters dated after the first snapshots: chosen with hindsight. Exceptions are losses above the
margin. Apart: share of periods in which the margin differs from the champion's by more than the
alarm. Kupiec, first failure (TUFF), independence, conditional coverage, durations: p-values. Z1 to Z3
(Acerbi-Szekely): 0 where shortfall is right, negative where it is understated. Fissler-Ziegel: lower
is better, within one book. Over-margin: mean margin over the constant one that hindsight would set.
";

fn title(answer: &Backtest) -> String {
    let judged = answer.steps.iter().filter(|step| step.left_out.is_none()).count();
    let ends = (answer.steps.first(), answer.steps.last());
    let (Some(first), Some(last)) = ends else { return String::new() };
    format!(
        "{} of {} h, {} to {}, {} % margins",
        count(judged, "step"),
        shortest(answer.step_hours, 2),
        instant(first.from),
        instant(last.to),
        shortest(100.0 * answer.levels.margin, 4),
    )
}

/// Gaps, notes and what so many periods can show at all.
pub fn about(answer: &Backtest) -> String {
    let mut out = String::new();
    for step in &answer.steps {
        if let Some(why) = &step.left_out {
            out.push_str(&format!(
                "Left out: {} to {}: {why}\n",
                instant(step.from),
                instant(step.to)
            ));
        }
    }
    for note in &answer.notes {
        out.push_str(&format!("Note: {}\n", clean(note)));
    }
    let judged = answer.steps.iter().filter(|step| step.left_out.is_none()).count();
    let rate = 1.0 - answer.levels.margin;
    let least = (KUPIEC_5_PCT / (-2.0 * plimsoll_math::float::ln(1.0 - rate))).ceil();
    if (judged as f64) < least {
        out.push_str(&format!(
            "{judged} periods promise {} exceptions; up to {} periods without any prove nothing.\n",
            shortest(judged as f64 * rate, 2),
            number(least - 1.0, 0),
        ));
    }
    out
}

/// Who is apart from the champion at the last snapshot, on how many books.
pub fn alarm(answer: &Backtest) -> String {
    let Some(last) = answer.steps.len().checked_sub(1) else { return String::new() };
    let apart = |runner: usize| {
        let own = answer.results.iter().filter(|one| one.runner == runner);
        own.filter(|one| one.apart.contains(&last)).count()
    };
    let names: Vec<String> = (0..answer.runners.len())
        .filter(|runner| apart(*runner) > 0)
        .map(|runner| format!("{} ({})", clean(&answer.runners[runner].name), apart(runner)))
        .collect();
    if names.is_empty() {
        return String::new();
    }
    format!(
        "Alarm: more than {} % apart from {} in the last step, on so many books: {}.\n\n",
        shortest(answer.champion.alarm_pct, 2),
        clean(&answer.champion.name),
        names.join(", ")
    )
}

/// One line per margin: exceptions by class.
pub fn summary(answer: &Backtest) -> Table {
    let classes: Vec<Class> = Class::STANDARD
        .into_iter()
        .chain([Class::Own])
        .filter(|class| answer.books.iter().any(|book| book.class == *class))
        .collect();
    let mut table = Table::new("Exceptions / periods, by class of book").text("Margin");
    for class in &classes {
        table = table.number(class.name().replace('-', "-\n"));
    }
    let apart = format!("Apart from\n{}, %", answer.champion.name);
    for head in ["All", "Books", "Worst loss\n/ margin", "Mean over-\nmargin", &apart] {
        table = table.number(head);
    }
    for (place, runner) in answer.runners.iter().enumerate() {
        let own: Vec<&Outcome> = answer.results.iter().filter(|one| one.runner == place).collect();
        let judged: Vec<&Verdict> = own.iter().filter_map(|one| one.verdict.as_ref()).collect();
        if judged.is_empty() {
            continue;
        }
        let share = |of: &dyn Fn(&Outcome) -> bool| {
            let verdicts = own.iter().filter(|one| of(one)).filter_map(|one| one.verdict.as_ref());
            let sum =
                verdicts.fold((0, 0), |(hits, all), v| (hits + v.exceptions, all + v.periods));
            if sum.1 == 0 { NONE.to_owned() } else { format!("{}/{}", sum.0, sum.1) }
        };
        let mark = if runner.parameters_after.is_some() { " †" } else { "" };
        let mut cells = vec![format!("{}{mark}", clean(&runner.name))];
        for class in &classes {
            cells.push(share(&|one| answer.books[one.book].class == *class));
        }
        cells.push(share(&|_| true));
        cells.push(judged.len().to_string());
        let worst = judged.iter().map(|v| v.worst_breach).reduce(|a, b| Some(a?.max(b?)));
        cells.push(worst.flatten().map_or_else(|| "no margin".to_owned(), |x| number(x, 2)));
        let over: Vec<f64> = judged.iter().filter_map(|v| v.over_margin).collect();
        let mean = (!over.is_empty()).then(|| over.iter().sum::<f64>() / over.len() as f64);
        cells.push(optional(mean, |x| number(x, 2)));
        let periods: usize = own.iter().map(|one| one.periods.len()).sum();
        let apart: usize = own.iter().map(|one| one.apart.len()).sum();
        cells.push(number(100.0 * apart as f64 / periods.max(1) as f64, 0));
        table.push(cells);
    }
    table
}

/// Every test, one line per margin and book.
pub fn tests(answer: &Backtest, of: impl Fn(&Outcome) -> bool) -> Table {
    let mut table = Table::new("Every test").text("Margin").text("Book");
    for head in [
        "Exceptions\n/ periods",
        "Kupiec",
        "First\nfailure",
        "Indep.",
        "Cond.\ncov.",
        "Durations",
        "Z1",
        "Z2",
        "Z3",
        "Fissler-\nZiegel",
        "Mean\nmargin",
        "Over-\nmargin",
        "Peak /\ntrough",
        "5-step\nrise",
        "Worst loss\n/ margin",
        "Light",
    ] {
        table = table.number(head);
    }
    for one in answer.results.iter().filter(|one| of(one)) {
        let Some(v) = &one.verdict else { continue };
        let p = |value: f64| number(value, 3);
        let maybe = |value: Option<f64>, decimals| optional(value, |x| number(x, decimals));
        let light = format!("{:?}", v.light.zone).to_lowercase();
        table.push(vec![
            clean(&answer.runners[one.runner].name),
            clean(&answer.books[one.book].name),
            format!("{}/{}", v.exceptions, v.periods),
            p(v.coverage.unconditional.p_value),
            optional(v.first_failure.map(|test| test.p_value), p),
            p(v.coverage.independence.p_value),
            p(v.coverage.conditional.p_value),
            optional(v.duration.map(|test| test.test.p_value), p),
            maybe(v.shortfall.and_then(|s| s.z1), 2),
            maybe(v.shortfall.map(|s| s.z2), 2),
            maybe(v.z3, 2),
            maybe(v.score, 3),
            number(v.mean_margin, 0),
            maybe(v.over_margin, 2),
            maybe(v.peak_to_trough, 1),
            maybe(v.rise_5, 2),
            v.worst_breach.map_or_else(|| "no margin".to_owned(), |x| number(x, 2)),
            light,
        ]);
    }
    table
}

/// A reason on one line of bounded length.
fn shortened(why: &str) -> String {
    const MOST: usize = 110;
    let line = clean(why);
    let cut = line.char_indices().nth(MOST).map(|(end, _)| end);
    cut.map_or(line.clone(), |end| format!("{} …", &line[..end]))
}

/// Margins that did not answer for some book, with the first reason.
pub fn refusals(answer: &Backtest) -> String {
    let mut out = String::new();
    for (place, runner) in answer.runners.iter().enumerate() {
        let own = answer.results.iter().filter(|one| one.runner == place);
        let missing: Vec<&Outcome> = own.clone().filter(|one| !one.missing.is_empty()).collect();
        let Some(first) = missing.first() else { continue };
        let periods: usize = missing.iter().flat_map(|one| &one.missing).map(|m| m.periods).sum();
        let why = first.missing.first().map_or("", |missing| missing.why.as_str());
        out.push_str(&format!(
            "  {}: {} of {} left out, first: {}\n",
            clean(&runner.name),
            count(periods, "period"),
            count(missing.len(), "book"),
            shortened(why)
        ));
    }
    if out.is_empty() { out } else { format!("{}{out}\n", heading("Refused or not marked")) }
}
