//! openpit, on one thread without locks: with its built-in policies for the validity and the size of
//! an order, and with a custom policy for the whole gate.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use openpit::{
    Engine, HasAccountId, HasInstrument as _, HasOrderLeverage as _, HasTradeAmount as _,
    Instrument, LocalEngine, LocalSync, OrderMargin, OrderOperation, RequestFieldAccessError,
    SyncMode, WithOrderMargin,
    param::{AccountId, Asset, Leverage, Side, TradeAmount, Volume},
    pretrade::{
        PreTradeContext, PreTradePolicy, Reject, RejectCode, RejectScope, Rejects,
        policies::{
            OrderSizeBrokerBarrier, OrderSizeLimit, OrderSizeLimitPolicy, OrderSizeLimitSettings,
            OrderValidationPolicy,
        },
    },
    storage::NoLocking,
};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part, universe},
};

/// An order with a requested leverage.
type MarginOrder = WithOrderMargin<OrderOperation>;

/// openpit, called through `execute_pre_trade`, with the reservation committed.
pub(crate) struct OpenPit<Order: 'static> {
    way: &'static str,
    part: Part,
    engine: LocalEngine<Order>,
    orders: Vec<Order>,
    /// Copies of the orders. A pass consumes them.
    at_hand: Vec<Order>,
}

impl OpenPit<OrderOperation> {
    /// Creates an engine with built-in policies. They have no universe and no limit of the leverage.
    pub(crate) fn built_in(asks: &[Ask]) -> Result<Self, Failure> {
        let limit = OrderSizeLimit {
            max_quantity: None,
            max_notional: Some(volume(CENTS_MAX)?),
        };
        let limits = OrderSizeLimitSettings::new(Some(OrderSizeBrokerBarrier { limit }), [], [])?;
        let engine = Engine::builder::<OrderOperation, (), ()>()
            .no_sync()
            .pre_trade(OrderValidationPolicy::new())
            .pre_trade(OrderSizeLimitPolicy::<NoLocking>::new(limits))
            .build()?;
        Ok(Self {
            way: "order validation and size limit",
            part: Part::Size,
            engine,
            orders: asks.iter().map(order).collect::<Result<_, Failure>>()?,
            at_hand: Vec::new(),
        })
    }
}

impl OpenPit<MarginOrder> {
    /// Creates an engine with a [`GatePolicy`] as its only policy.
    pub(crate) fn custom(asks: &[Ask]) -> Result<Self, Failure> {
        let engine = Engine::builder::<MarginOrder, (), ()>()
            .no_sync()
            .pre_trade(GatePolicy::new()?)
            .build()?;
        Ok(Self {
            way: "a custom policy",
            part: Part::Whole,
            engine,
            orders: asks.iter().map(margin_order).collect::<Result<_, _>>()?,
            at_hand: Vec::new(),
        })
    }
}

impl<Order: HasAccountId + Clone> Peer for OpenPit<Order> {
    fn package(&self) -> &'static str {
        "openpit"
    }

    fn way(&self) -> &'static str {
        self.way
    }

    fn part(&self) -> Part {
        self.part
    }

    fn prepare(&mut self) {
        self.at_hand.clone_from(&self.orders);
    }

    fn pass(&mut self, yes: &mut Vec<bool>) -> Result<(), Failure> {
        yes.extend(self.at_hand.drain(..).map(
            |order| match self.engine.execute_pre_trade(order) {
                Ok(mut reservation) => {
                    reservation.commit();
                    true
                }
                Err(_) => false,
            },
        ));
        Ok(())
    }
}

/// The three rules of the gate as one custom policy of openpit.
///
/// Its form is chosen for speed: one policy instead of one per rule, in the first of the two stages,
/// and rejections whose text is constant.
struct GatePolicy {
    #[expect(
        clippy::disallowed_types,
        reason = "entries are looked up and never iterated"
    )]
    leverages: HashMap<Asset, Leverage, FixedState>,
    volume_max: Volume,
}

impl GatePolicy {
    const NAME: &'static str = "gate";

    fn new() -> Result<Self, Failure> {
        let leverages = universe().map(|(symbol, most)| Ok((Asset::new(symbol)?, leverage(most)?)));
        Ok(Self {
            leverages: leverages.collect::<Result<_, Failure>>()?,
            volume_max: volume(CENTS_MAX)?,
        })
    }
}

impl PreTradePolicy<MarginOrder, (), (), LocalSync> for GatePolicy {
    fn name(&self) -> &str {
        Self::NAME
    }

    fn check_pre_trade_start(
        &self,
        _: &PreTradeContext<<LocalSync as SyncMode>::StorageLockingPolicyFactory>,
        order: &MarginOrder,
    ) -> Result<(), Rejects> {
        let symbol = order.instrument().map_err(missing)?.underlying_asset();
        let Some(leverage_max) = self.leverages.get(symbol) else {
            let reason = "symbol outside the universe";
            return Err(rejects(RejectCode::UnknownInstrument, reason));
        };
        if order.leverage().map_err(missing)? > Some(*leverage_max) {
            let reason = "leverage above the leverage of the symbol";
            return Err(rejects(RejectCode::LeverageLimitExceeded, reason));
        }
        let TradeAmount::Volume(volume) = order.trade_amount().map_err(missing)? else {
            let reason = "amount without a notional";
            return Err(rejects(RejectCode::UnsupportedOrderAttribute, reason));
        };
        if volume.is_zero() {
            let reason = "notional of zero";
            return Err(rejects(RejectCode::InvalidFieldValue, reason));
        }
        if volume > self.volume_max {
            let reason = "notional above the limit";
            return Err(rejects(RejectCode::OrderNotionalExceedsLimit, reason));
        }
        Ok(())
    }
}

fn missing(error: RequestFieldAccessError) -> Rejects {
    rejects(RejectCode::MissingRequiredField, error.field)
}

fn rejects(code: RejectCode, reason: &str) -> Rejects {
    Reject::new(GatePolicy::NAME, RejectScope::Order, code, reason, "").into()
}

fn order(ask: &Ask) -> Result<OrderOperation, Failure> {
    Ok(OrderOperation {
        instrument: Instrument::new(Asset::new(ask.symbol())?, Asset::new("USDT")?),
        account_id: AccountId::from_u64(1),
        trade_amount: TradeAmount::Volume(volume(ask.cents)?),
        price: None,
        side: if ask.buys { Side::Buy } else { Side::Sell },
    })
}

fn margin_order(ask: &Ask) -> Result<MarginOrder, Failure> {
    Ok(WithOrderMargin {
        inner: order(ask)?,
        margin: OrderMargin {
            leverage: Some(leverage(ask.leverage)?),
            ..OrderMargin::default()
        },
    })
}

fn leverage(times: i32) -> Result<Leverage, Failure> {
    Ok(Leverage::from_u16(u16::try_from(times)?)?)
}

fn volume(cents: i32) -> Result<Volume, Failure> {
    Ok(Volume::from_str(&format!(
        "{}.{:02}",
        cents / 100,
        cents % 100
    ))?)
}
