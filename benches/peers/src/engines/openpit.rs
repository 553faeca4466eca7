//! openpit, with its built-in policies for the validity and the size of an order, on one thread
//! without locks.

use openpit::{
    Engine, Instrument, LocalEngine, OrderOperation,
    param::{AccountId, Asset, Side, TradeAmount, Volume},
    pretrade::policies::{
        OrderSizeBrokerBarrier, OrderSizeLimit, OrderSizeLimitPolicy, OrderSizeLimitSettings,
        OrderValidationPolicy,
    },
    storage::NoLocking,
};

use super::Peer;
use crate::{
    Failure,
    asks::{Ask, CENTS_MAX, Part},
};

/// openpit, called through `execute_pre_trade`, with the reservation committed.
pub(crate) struct OpenPit {
    engine: LocalEngine<OrderOperation, (), ()>,
    orders: Vec<OrderOperation>,
    /// Copies of the orders. A pass consumes them.
    at_hand: Vec<OrderOperation>,
}

impl OpenPit {
    pub(crate) fn new(asks: &[Ask]) -> Result<Self, Failure> {
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
            engine,
            orders: asks.iter().map(order).collect::<Result<_, Failure>>()?,
            at_hand: Vec::new(),
        })
    }
}

impl Peer for OpenPit {
    fn package(&self) -> &'static str {
        "openpit"
    }

    fn way(&self) -> &'static str {
        "order validation and size limit"
    }

    fn part(&self) -> Part {
        Part::Size
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

fn order(ask: &Ask) -> Result<OrderOperation, Failure> {
    Ok(OrderOperation {
        instrument: Instrument::new(Asset::new(ask.symbol())?, Asset::new("USDT")?),
        account_id: AccountId::from_u64(1),
        trade_amount: TradeAmount::Volume(volume(ask.cents)?),
        price: None,
        side: if ask.buys { Side::Buy } else { Side::Sell },
    })
}

fn volume(cents: i32) -> Result<Volume, Failure> {
    Ok(Volume::from_str(&format!(
        "{}.{:02}",
        cents / 100,
        cents % 100
    ))?)
}
