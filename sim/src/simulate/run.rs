//! The simulation loop: candles and orders in time order.

use std::collections::VecDeque;

use portcullis::{
    answer::Answer,
    decide::SkipCode,
    harvest::{Harvest, HarvestAction, HarvestDecision, harvest},
    types::Timestamp,
};

use super::{
    account::Account,
    arm_results::ArmResults,
    candles::{Candle, Series},
    equity::CurveBuilder,
    fills::{fill_at_open, fill_within},
    ledger::LedgerEntry,
    market::Window,
    order::Order,
    outcome::SimulationOutcome,
    position::{CloseReason, OpenPosition},
    reject::RejectReason,
    settings::Settings,
    state::{CandleEvent, SymbolState, Tally, next_event},
    units::{AmountOverflow, Price, Quantity},
};
use crate::replay::{Replayer, SetRun, Timeline};

/// A simulation of decided orders.
pub(super) struct Run<'a> {
    pub(super) replayer: &'a Replayer,
    pub(super) timeline: &'a Timeline,
    /// The policy set, in place of the policies of the timeline.
    pub(super) set: Option<&'a SetRun<'a>>,
    pub(super) settings: &'a Settings,
}

impl Run<'_> {
    pub(super) fn run(
        &self,
        series: &[Series],
        orders: Vec<Order>,
        on_entry: &mut dyn FnMut(&LedgerEntry),
        progress: &mut dyn FnMut(u64),
    ) -> Result<SimulationOutcome, AmountOverflow> {
        let costs = self.settings.costs;
        let mut account = Account::new(self.settings.cash, costs, on_entry);
        let mut tally = Tally::default();
        let mut symbols = self.symbols(series, orders, &mut tally);
        let mut curve = CurveBuilder::new(self.settings.cash);
        let mut arms = self.set.map(|it| ArmResults::new(it.set()));
        let mut done = 0;
        while let Some((at, _, place)) = next_event(&symbols) {
            let Some(symbol) = symbols.get_mut(place) else {
                break;
            };
            let Some(candle) = symbol.candle() else { break };
            match symbol.event {
                CandleEvent::Open => {
                    fill_at_open(symbol, candle, self.settings, &mut account, &mut tally)?;
                    symbol.event = CandleEvent::Close;
                }
                CandleEvent::Close => {
                    let end = candle.end;
                    fill_within(&symbol.series.symbol, (candle, end), costs, &mut account)?;
                    self.evaluate_harvest(symbol, candle, end, &mut account, &mut tally);
                    symbol.event = CandleEvent::Open;
                    symbol.next += 1;
                    done += 1;
                    let more = next_event(&symbols);
                    if more.is_none_or(|(next, event, _)| (next, event) > (at, CandleEvent::Close))
                    {
                        curve.push(end, [account.equity()?, account.cash, account.exposure()?])?;
                        if let Some(arms) = &mut arms {
                            arms.update(&account)?;
                        }
                    }
                    if done % 4096 == 0 {
                        progress(done);
                    }
                }
            }
        }
        for symbol in &symbols {
            let none = u64::try_from(symbol.orders.len()).unwrap_or(u64::MAX);
            tally.reject(RejectReason::NoLaterCandle, none);
        }
        let cash = account.cash;
        let equity = account.equity()?;
        let open = account.positions().count();
        let (target_gap_usd, beyond_margin_usd) = (account.target_gap, account.beyond_margin);
        let (trips, closes) = account.finish()?;
        Ok(SimulationOutcome {
            cash_at_start: self.settings.cash,
            cash,
            equity,
            opened: tally.opened,
            still_open: u64::try_from(open).unwrap_or(u64::MAX),
            without_stop: tally.without_stop,
            closes: closes
                .into_iter()
                .map(|(reason, n)| (reason.as_str(), n))
                .collect(),
            rejected: tally
                .rejected
                .into_iter()
                .map(|(reason, n)| (reason.as_str(), n))
                .collect(),
            limits_exceeded: tally.exceeded,
            target_gap_usd,
            beyond_margin_usd,
            harvests: tally.harvests,
            curve: curve.finish(),
            trips,
            arms: arms.map_or_else(Vec::new, ArmResults::finish),
        })
    }

    /// Creates the state of each symbol with candles. Orders for other symbols are counted as `no_candles`.
    fn symbols<'s>(
        &self,
        series: &'s [Series],
        orders: Vec<Order>,
        tally: &mut Tally,
    ) -> Vec<SymbolState<'s>> {
        let mut symbols: Vec<SymbolState<'s>> = series
            .iter()
            .map(|series| SymbolState {
                series,
                next: 0,
                event: CandleEvent::Open,
                window: self
                    .settings
                    .market
                    .map(|rule| Window::new(rule, series.interval.length())),
                orders: VecDeque::new(),
                funded: series.candles.first().map_or(Timestamp::MIN, |it| it.start),
            })
            .collect();
        let mut orders = orders;
        orders.sort_by_key(|order| (order.at, order.n));
        for order in orders {
            let mut own = symbols.iter_mut();
            match own.find(|it| it.series.symbol == order.symbol) {
                Some(symbol) => symbol.orders.push_back(order),
                None => tally.reject(RejectReason::NoCandles, 1),
            }
        }
        symbols
    }

    /// Updates the mark price and the market window at the end of a candle, then evaluates harvest.
    fn evaluate_harvest(
        &self,
        symbol: &mut SymbolState<'_>,
        candle: Candle,
        end: Timestamp,
        account: &mut Account<'_>,
        tally: &mut Tally,
    ) {
        if let Some(window) = &mut symbol.window {
            window.push(candle.start, end, candle.close.to_f64());
        }
        let Some(position) = account.position_mut(&symbol.series.symbol) else {
            return;
        };
        position.mark = candle.close;
        let market = symbol.window.as_ref().and_then(Window::state);
        let policy = match self.set {
            Some(set) => set.ladder(position.policy_hash, end),
            None => self.replayer.state(self.timeline.at(end).state),
        };
        let decision = harvest(policy, &position.snapshot(end), market.as_ref(), end);
        let (name, pending, stop) = match &decision {
            HarvestDecision::Harvest(it) => (
                it.action().as_str(),
                pending(it, position),
                // The engine does not round its proposal, so a new proposal can be equal to the current stop after
                // rounding.
                it.stop()
                    .and_then(|stop| Price::computed(stop.value().get()))
                    .filter(|stop| position.stop != Some(*stop)),
            ),
            HarvestDecision::Skip(_) => {
                let reason = Answer::harvest(&decision, policy).reason;
                (reason.map_or("SKIP", SkipCode::code), None, None)
            }
        };
        *tally.harvests.entry(name).or_insert(0) += 1;
        position.pending = pending;
        if let Some(stop) = stop {
            account.move_stop(&symbol.series.symbol, stop, end);
        }
    }
}

/// Returns the close that a harvest proposes.
fn pending(harvest: &Harvest<'_>, position: &OpenPosition) -> Option<(CloseReason, Quantity)> {
    let reason = match harvest.action() {
        HarvestAction::None => return None,
        HarvestAction::Partial25 => CloseReason::Partial25,
        HarvestAction::Partial50 => CloseReason::Partial50,
        HarvestAction::Partial75 => CloseReason::Partial75,
        HarvestAction::FullCloseProposed => CloseReason::FullClose,
    };
    let units = harvest.close_quantity()?.get();
    let quantity = Quantity::stated(units, Some(position.lot)).ok()?;
    Some((reason, quantity))
}
