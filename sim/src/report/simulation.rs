//! The report of a simulation, as text and as JSON.

use std::{collections::BTreeMap, fmt};

use portcullis::{
    answer::Verdict,
    decide::SkipCode,
    types::{Shown, SignedDuration, Symbol},
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::{
    next_step::{Skips, write_next_steps},
    policy_set::SetSection,
    run_settings::{RunSettings, write_offset_note},
};
use crate::{
    replay::TapeDecisions,
    simulate::{
        Costs, Settings, Share, SimulationOutcome,
        candles::{
            Candle, CandleSource, DecidedBy, Gaps, Interval, Series, TimeForm, TimeLabel, TimeUnit,
        },
        units::{AmountOverflow, Money, Rate, percent},
    },
    text::{bar, bar_cells, counted, some, table, thousands, to_second, write_table},
};

/// A simulation with its inputs, ready to be reported.
#[derive(Debug)]
pub struct SimulationReport<'a> {
    /// The decisions about the records of the tapes.
    pub decisions: &'a TapeDecisions,
    /// The outcome of the simulation.
    pub outcome: &'a SimulationOutcome,
    /// The settings of the simulation.
    pub settings: &'a Settings,
    /// The candles, one series per symbol.
    pub series: &'a [Series],
    /// The settings of the run.
    pub run_settings: &'a RunSettings,
    /// The names of the tapes.
    pub tapes: &'a [String],
}

#[derive(Serialize)]
struct Prices<'a> {
    symbol: Symbol,
    candles: usize,
    /// The length of a candle in seconds; for calendar months, the mean length.
    interval_sec: i64,
    interval: String,
    from: String,
    to: String,
    gaps: &'a Gaps,
    format: &'a str,
    time_column: &'a str,
    /// The unit, if the times are numbers.
    time_unit: Option<TimeUnit>,
    time_unit_by: DecidedBy,
    time_label: TimeLabel,
    time_label_by: DecidedBy,
    times_without_offset: u64,
    #[serde(skip)]
    source: &'a CandleSource,
}

impl<'a> Prices<'a> {
    fn new(series: &'a Series) -> Self {
        let at = |candle: Option<&Candle>| {
            candle.map_or_else(String::new, |candle| to_second(candle.start))
        };
        let source = &series.source;
        Self {
            symbol: series.symbol,
            candles: series.candles.len(),
            interval_sec: series.interval.length().as_micros() / 1_000_000,
            interval: series.interval.to_string(),
            from: at(series.candles.first()),
            to: at(series.candles.last()),
            gaps: &series.gaps,
            format: &source.format,
            time_column: &source.column,
            time_unit: match source.form.0 {
                TimeForm::Epoch(unit) => Some(unit),
                TimeForm::DateTimes | TimeForm::Dates => None,
            },
            time_unit_by: source.form.1,
            time_label: source.label.0,
            time_label_by: source.label.1,
            times_without_offset: source.naive,
            source,
        }
    }

    /// Describes the candles in one line, and their file in one or two more lines.
    fn text(&self) -> String {
        let candles = counted(self.candles, "candle");
        let gaps = match self.gaps.count {
            0 => "no gaps".to_owned(),
            count => {
                let gaps = counted(count, "gap");
                let seconds = self.gaps.longest_sec;
                let longest = SignedDuration::from_micros(seconds.saturating_mul(1_000_000));
                let of = if count == 1 { "" } else { ", the longest" };
                format!("{gaps}{of} of {}", Interval::Fixed(longest))
            }
        };
        let naive = match self.times_without_offset {
            0 => String::new(),
            count => format!(
                "\n  times without a UTC offset: {}, read as UTC",
                thousands(count)
            ),
        };
        format!(
            "{}: {candles} of {}, {} to {}, {gaps}\n  {}{naive}",
            self.symbol,
            self.interval,
            self.from,
            self.to,
            self.times()
        )
    }

    /// Describes the file and the meaning of its times, in one sentence.
    fn times(&self) -> String {
        let CandleSource {
            format,
            column,
            form: (form, form_by),
            label: (label, label_by),
            is_last_day,
            ..
        } = self.source;
        let column = Shown(column);
        let form = match (form, form_by) {
            (TimeForm::Epoch(_), DecidedBy::Option) => format!("{form} (--time-unit)"),
            (TimeForm::Epoch(_), DecidedBy::Name) => format!("{form} (found from the name)"),
            (TimeForm::Epoch(_), DecidedBy::Values | DecidedBy::Convention) => {
                format!("{form} (found from the values)")
            }
            (TimeForm::DateTimes | TimeForm::Dates, _) => form.to_string(),
        };
        let label = match (label, is_last_day) {
            (TimeLabel::Open, _) => "start",
            (TimeLabel::Close, false) => "end",
            (TimeLabel::Close, true) => "last day",
        };
        let by = match label_by {
            DecidedBy::Option => "--time-label",
            DecidedBy::Name => "found from the name",
            DecidedBy::Values => "found from the values",
            DecidedBy::Convention => "assumed; if it is the end, use --time-label close",
        };
        format!("{format}, column `{column}`: {form}, the {label} of each candle ({by})")
    }
}

impl Serialize for SimulationReport<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shares = |shares: Result<BTreeMap<String, Share>, AmountOverflow>| {
            shares.map_err(serde::ser::Error::custom)
        };
        let counts = &self.decisions.counts;
        let decisions: BTreeMap<_, _> = counts.decisions().map(|(v, n)| (v.as_str(), n)).collect();
        let reasons: BTreeMap<_, _> = counts.reasons().map(|(r, n)| (r.code(), n)).collect();
        let prices: Vec<_> = self.series.iter().map(Prices::new).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tapes", self.tapes)?;
        map.serialize_entry("records", &(counts.records + self.decisions.positions))?;
        map.serialize_entry("position_records_set_aside", &self.decisions.positions)?;
        map.serialize_entry("decisions", &decisions)?;
        map.serialize_entry("reasons", &reasons)?;
        map.serialize_entry("times_without_offset", &counts.offset_assumed)?;
        map.serialize_entry("candles", &prices)?;
        map.serialize_entry("settings", self.settings)?;
        map.serialize_entry("outcome", self.outcome)?;
        let by_symbol = self.outcome.by(|trip| trip.symbol.as_str().to_owned());
        map.serialize_entry("by_symbol", &shares(by_symbol)?)?;
        let by_policy = self.outcome.by(|trip| trip.policy.clone());
        map.serialize_entry("by_policy", &shares(by_policy)?)?;
        if let Some(set) = self.set_section() {
            map.serialize_entry("policy_set", &set)?;
        }
        self.run_settings.serialize_into(&mut map)?;
        map.end()
    }
}

/// The maximum number of tapes named in the text.
const TAPES_SHOWN: usize = 5;

impl fmt::Display for SimulationReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_inputs(f)?;
        self.write_settings(f)?;
        self.write_equity(f)?;
        self.write_counts(f)?;
        let by_symbol = self.outcome.by(|trip| trip.symbol.to_string());
        write_shares(f, "symbol", &by_symbol.map_err(|_| fmt::Error)?)?;
        let by_policy = self.outcome.by(|trip| Shown(&trip.policy).to_string());
        write_shares(f, "policy", &by_policy.map_err(|_| fmt::Error)?)?;
        if let Some(set) = self.set_section() {
            write!(f, "{set}")?;
        }
        // The last lines of a long report are those that a terminal shows.
        let outcome = self.outcome;
        writeln!(
            f,
            "\ntotal  {}: {} -> {} USD",
            counted(outcome.opened, "position"),
            outcome.cash_at_start,
            outcome.equity
        )?;
        let TapeDecisions {
            counts, timeline, ..
        } = self.decisions;
        let skips = Skips::of(counts, timeline.symbols(), self.tapes);
        write_next_steps(f, &skips.next_steps())
    }
}

/// The highest plausible fee of a fill: 1 %. Usual fees of venues are at most a tenth of this.
const FEE_USUAL: &str = "0.01";

impl SimulationReport<'_> {
    /// Returns the section about the policy set, if there is one.
    fn set_section(&self) -> Option<SetSection<'_>> {
        let set = self.decisions.set.as_ref()?;
        Some(SetSection::of_simulation(set, &self.outcome.arms))
    }

    /// Returns a note if the fee is so high that it is probably a percentage.
    #[must_use]
    pub fn fee_note(&self) -> Option<String> {
        let fee = self.settings.costs.taker_fee?;
        (fee > Rate::parse(FEE_USUAL).ok()?).then(|| {
            format!(
                "`--taker-fee` is a share: it is {} of each fill; if 4 basis points are meant, write 0.0004",
                percent(fee)
            )
        })
    }

    fn write_inputs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = &self.decisions.counts;
        let records = counted(counts.records + self.decisions.positions, "record");
        let tapes = Shown(some(self.tapes, TAPES_SHOWN)).whole();
        writeln!(f, "{records} from {tapes}")?;
        for (verdict, count) in counts.decisions().filter(|(_, count)| *count > 0) {
            if verdict != Verdict::Policy {
                writeln!(f, "  {:<6} {}", verdict.as_str(), thousands(count))?;
            }
            if verdict == Verdict::Skip {
                for (reason, count) in counts.reasons().filter(|(_, count)| *count > 0) {
                    writeln!(f, "    {} {}", reason.code(), thousands(count))?;
                }
            }
        }
        write_offset_note(f, counts.offset_assumed)?;
        if self.decisions.positions > 0 {
            let records = counted(self.decisions.positions, "position snapshot");
            writeln!(f, "ignored on the tape: {records}")?;
        }
        self.run_settings.write_policy_settings(f)?;
        for text in self.candle_texts() {
            writeln!(f, "{text}")?;
        }
        Ok(())
    }

    /// Describes the candles of each symbol.
    pub(super) fn candle_texts(&self) -> Vec<String> {
        self.series
            .iter()
            .map(|it| Prices::new(it).text())
            .collect()
    }

    /// Returns the name and the description of each cost setting and of the market state. For a
    /// missing setting, the description names the option.
    pub(super) fn setting_texts(&self) -> Vec<(&'static str, String)> {
        let Costs {
            taker_fee,
            funding_rate,
            maintenance_margin,
        } = self.settings.costs;
        let none = |option: &str| format!("none charged ({option} is not given)");
        let mut texts = vec![
            (
                "fees",
                taker_fee.map_or_else(
                    || none("--taker-fee"),
                    |rate| format!("{} of each fill", percent(rate)),
                ),
            ),
            (
                "funding",
                funding_rate.map_or_else(
                    || none("--funding-rate"),
                    |rate| format!("{} every 8 hours", percent(rate)),
                ),
            ),
            (
                "liquidation",
                maintenance_margin.map_or_else(
                    || {
                        "when the whole margin is lost (--maintenance-margin is not given)"
                            .to_owned()
                    },
                    |rate| format!("at a maintenance margin of {}", percent(rate)),
                ),
            ),
            (
                "market state",
                self.settings.market.map_or_else(
                    || "none, so there is no kill score (--market-window is not given)".to_owned(),
                    |rule| {
                        format!(
                            "from the closing prices of the last {}; `p_trend` reaches 1 at a trend strength of {}",
                            Interval::Fixed(SignedDuration::from_micros(
                                i64::from(rule.window_sec) * 1_000_000
                            )),
                            rule.trend_certain
                        )
                    },
                ),
            ),
        ];
        let has_gaps = self.series.iter().any(|series| series.gaps.count > 0);
        if self.settings.fill_after_gap || has_gaps {
            let text = match self.settings.fill_after_gap {
                true => "filled (--fill-after-gap)",
                false => "not filled (--fill-after-gap is not given)",
            };
            texts.push(("entries decided during a gap", text.to_owned()));
        }
        texts
    }

    fn write_settings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        for (name, value) in self.setting_texts() {
            writeln!(f, "{name}: {value}")?;
        }
        writeln!(f, "sizes: {}", self.sizes_text())
    }

    /// Describes the lot sizes and the minimum sizes. If there are none, the description names the options.
    pub(super) fn sizes_text(&self) -> String {
        let symbols = self.settings.sizes.iter().map(|(symbol, sizes)| {
            let parts = [
                ("lot", sizes.lot_size, ""),
                ("at least", sizes.min_quantity, " units"),
                ("at least", sizes.min_notional_usd, " USD"),
            ];
            let parts = parts
                .into_iter()
                .filter_map(|(name, size, unit)| Some(format!("{name} {}{unit}", size?)));
            format!("{symbol} {}", parts.collect::<Vec<_>>().join(", "))
        });
        let symbols: Vec<String> = symbols.collect();
        if symbols.is_empty() {
            "15 significant digits, no minimum (--lot, --min-quantity and --min-notional are not given)".to_owned()
        } else {
            Shown(symbols.join("; ")).whole()
        }
    }

    fn write_equity(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SimulationOutcome {
            cash_at_start,
            equity,
            curve,
            ..
        } = self.outcome;
        let change = (equity.to_f64() / cash_at_start.to_f64() - 1.0) * 100.0;
        writeln!(
            f,
            "\nequity: {cash_at_start} -> {equity} USD ({change:+.2} %)"
        )?;
        writeln!(f, "max drawdown: {} USD", curve.drawdown_usd)?;
        writeln!(f, "max exposure: {} USD", curve.exposure_max_usd)?;
        self.write_gaps(f)?;
        let line = spark(self.outcome);
        if line.is_empty() {
            return Ok(());
        }
        writeln!(f, "{line}")
    }

    fn write_counts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome;
        writeln!(f)?;
        write!(f, "{} opened", counted(outcome.opened, "position"))?;
        write!(f, ", {} still open", thousands(outcome.still_open))?;
        match outcome.without_stop {
            0 => writeln!(f)?,
            count => writeln!(f, ", {} without a stop (no R)", thousands(count))?,
        }
        write_bars(f, "close reason", &outcome.closes)?;
        write_bars(f, "order not filled", &outcome.rejected)?;
        write_bars(f, "limit exceeded by a fill", &outcome.limits_exceeded)?;
        write_bars(f, "harvest result", &outcome.harvests)?;
        match outcome.harvests.get(SkipCode::PolicyStale.code()) {
            Some(count) if !self.run_settings.assume_in_force => writeln!(
                f,
                "the policy had expired for {}; use --assume-in-force to simulate as if it were in force",
                counted(*count, "harvest")
            ),
            Some(_) | None => Ok(()),
        }
    }

    /// Writes `target_gap_usd` and `beyond_margin_usd`, if they are above 0.
    fn write_gaps(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome;
        if outcome.target_gap_usd > Money::ZERO {
            let gap = outcome.target_gap_usd;
            writeln!(
                f,
                "fills of targets at the open would have gained {gap} USD more"
            )?;
        }
        if outcome.beyond_margin_usd > Money::ZERO {
            let loss = outcome.beyond_margin_usd;
            writeln!(
                f,
                "losses beyond the margin, which are not booked: {loss} USD"
            )?;
        }
        Ok(())
    }
}

fn write_bars(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    counts: &BTreeMap<&'static str, u64>,
) -> fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let cells = bar_cells(f);
    let mut table = table(&[name, "count", ""], "lrl");
    for (why, count) in counts {
        table.add_row([
            (*why).to_owned(),
            thousands(*count),
            bar(cells, *count, most),
        ]);
    }
    write_table(f, &table)
}

fn write_shares(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    shares: &BTreeMap<String, Share>,
) -> fmt::Result {
    if shares.is_empty() {
        return Ok(());
    }
    let columns = [
        name,
        "positions",
        "notional (USD)",
        "realised (USD)",
        "fees (USD)",
        "funding (USD)",
        "unrealised (USD)",
        "net (USD)",
        "mean R",
    ];
    let mut table = table(&columns, "lrrrrrrrr");
    for (name, it) in shares {
        let mean = u32::try_from(it.with_r).ok().filter(|count| *count > 0);
        let mean = mean.map_or_else(
            || "–".to_owned(),
            |count| format!("{:+.2}", it.r_sum / f64::from(count)),
        );
        table.add_row(share_cells(name, it).into_iter().chain([mean]));
    }
    write_table(f, &table)
}

/// Draws the equity curve as a line of block characters. The height of each character is the lowest equity in its part
/// of the curve.
fn spark(outcome: &SimulationOutcome) -> String {
    const WIDTH: usize = 60;
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let values: Vec<f64> = outcome
        .curve
        .points
        .iter()
        .map(|point| point.equity_usd.to_f64())
        .collect();
    let parts = values.chunks(values.len().div_ceil(WIDTH).max(1));
    let lows: Vec<f64> = parts
        .map(|part| part.iter().copied().fold(f64::INFINITY, f64::min))
        .collect();
    let low = lows.iter().copied().fold(f64::INFINITY, f64::min);
    let high = lows.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = high - low;
    if lows.len() < 2 || height <= 0.0 {
        return String::new();
    }
    let block = |value: f64| {
        let steps = BLOCKS.iter().zip(1_u8..);
        let reached = steps.filter(|(_, step)| (value - low) / height * 8.0 >= f64::from(step - 1));
        reached.last().map_or(' ', |(block, _)| *block)
    };
    lows.into_iter().map(block).collect()
}

/// Formats a share as cells: its name, positions and amounts in USD.
pub(super) fn share_cells(name: &str, share: &Share) -> [String; 8] {
    [
        name.to_owned(),
        thousands(share.positions),
        share.notional_usd.to_string(),
        share.pnl_usd.to_string(),
        share.fees_usd.to_string(),
        share.funding_usd.to_string(),
        share.unrealised_usd.to_string(),
        share.net_usd.to_string(),
    ]
}
