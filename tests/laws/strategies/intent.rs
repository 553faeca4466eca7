//! Intents through both doors: built in code, and read from JSON in every envelope.

use portcullis::{
    domain::{Instant, Side},
    event::{Event, Scratch, read},
    intent::{Intent, IntentBuilder},
};
use proptest::{option::weighted, prelude::*, sample::select};

use super::{
    DELEGATE, OUTSIDER, OWNER, STRANGER, SYMBOLS,
    number::{self, json, object, quote, seconds},
};

/// An intent before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct IntentDraft {
    pub(crate) door: Door,
    /// Numbers as texts.
    pub(crate) quoted: bool,
    pub(crate) symbol: String,
    pub(crate) kind: Kind,
    pub(crate) side: Side,
    pub(crate) source: Option<String>,
    /// By field.
    pub(crate) numbers: Vec<(&'static str, f64)>,
    /// The field that says when it was sent, and when that was, in microseconds.
    pub(crate) time: Option<(TimeField, i64)>,
    /// Whether the envelope, if there is one, holds source and time.
    pub(crate) lent: bool,
    /// Further members, as JSON.
    pub(crate) extra: Vec<(&'static str, String)>,
    /// The order of the keys.
    pub(crate) order: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// No text at all.
    Builder,
    Flat,
    /// As a stream entry, all texts.
    FlatText,
    /// The payload as an object under this name.
    Object(&'static str),
    /// The payload as a text under this name.
    Text(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Exit(Closing),
}

/// How an exit says that it is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing {
    Flag,
    CamelFlag,
    Action,
    Side,
    Type,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeField {
    DecidedAt,
    Id,
    Ts,
    Timestamp,
}

/// Members of an object, as JSON.
type Members = Vec<(&'static str, String)>;

impl IntentDraft {
    pub(crate) fn number(&self, field: &str) -> Option<f64> {
        let (_, number) = self.numbers.iter().find(|(key, _)| *key == field)?;
        Some(*number)
    }

    pub(crate) fn set(&mut self, field: &'static str, number: f64) {
        self.remove(field);
        self.numbers.push((field, number));
    }

    pub(crate) fn remove(&mut self, field: &str) {
        self.numbers.retain(|(key, _)| *key != field);
    }

    pub(crate) const fn is_entry(&self) -> bool {
        matches!(self.kind, Kind::Entry)
    }

    pub(crate) fn sent_at(mut self, at: i64) -> Self {
        if let Some((_, micros)) = &mut self.time {
            *micros = at;
        }
        self
    }

    /// The instant that a replay judges it at, in microseconds.
    pub(crate) fn event_time(&self) -> Option<i64> {
        let (field, micros) = self.time?;
        let whole_millis = micros.div_euclid(1_000) * 1_000;
        match (self.door, field) {
            (Door::Builder, _) | (_, TimeField::Timestamp) => Some(micros),
            // A stream counts from 1970.
            (_, TimeField::Id) => (micros >= 0).then_some(whole_millis),
            (_, TimeField::DecidedAt | TimeField::Ts) => Some(whole_millis),
        }
    }

    /// Shows the intent, as the engine reads it, to `then`.
    pub(crate) fn with<R>(&self, then: impl FnOnce(&Intent<'_>) -> R) -> R {
        if self.door == Door::Builder {
            return then(&self.built());
        }
        let text = self.text();
        let mut scratch = Scratch::default();
        match read(&text, &mut scratch) {
            Event::Intent(intent) => then(&intent),
            other => panic!("{other:?} is no intent"),
        }
    }

    fn built(&self) -> Intent<'_> {
        let mut builder = IntentBuilder::new(&self.symbol);
        if let Some(source) = &self.source {
            builder = builder.source(source.as_str());
        }
        builder = match self.kind {
            Kind::Entry => builder.side(self.side),
            Kind::Exit(Closing::Flag | Closing::CamelFlag) => builder.side(self.side).reduce_only(),
            Kind::Exit(Closing::Action | Closing::Side | Closing::Type) => builder.close(),
        };
        if let Some((_, micros)) = self.time {
            builder = builder.emitted_at(Instant::from_micros(micros).unwrap());
        }
        for (field, x) in &self.numbers {
            builder = match *field {
                "leverage" => builder.leverage(*x),
                "quantity" => builder.quantity(*x),
                "price" => builder.price(*x),
                "position_usd" => builder.margin_usd(*x),
                "position_size_usd" => builder.notional_usd(*x),
                "entry_price" => builder.entry_price(*x),
                "stop_loss" => builder.stop_loss(*x),
                "take_profit" => builder.take_profit(*x),
                other => panic!("the builder has no `{other}`"),
            };
        }
        builder.build()
    }

    pub(crate) fn text(&self) -> String {
        let (mut inner, lent) = self.members();
        let payload = match self.door {
            Door::Builder | Door::Flat | Door::FlatText => None,
            Door::Object(name) => Some((name, false)),
            Door::Text(name) => Some((name, true)),
        };
        match payload {
            None => inner.extend(lent),
            Some(_) if !self.lent => inner.extend(lent),
            Some((name, as_text)) => {
                let payload = object(&inner, self.order);
                let payload = if as_text { quote(&payload) } else { payload };
                let outer = [lent, vec![(name, payload)]].concat();
                return object(&outer, self.order);
            }
        }
        if self.door == Door::FlatText {
            for (_, value) in inner
                .iter_mut()
                .filter(|(_, value)| !value.starts_with('"'))
            {
                *value = quote(value);
            }
        }
        let body = object(&inner, self.order);
        match payload {
            None => body,
            Some((name, as_text)) => {
                let payload = if as_text { quote(&body) } else { body };
                object(
                    &[("event_type", quote("trade.intent")), (name, payload)],
                    self.order,
                )
            }
        }
    }

    /// What a payload holds, and what its envelope may lend.
    fn members(&self) -> (Members, Members) {
        let mut members = vec![("symbol", quote(&self.symbol))];
        let side = ("side", quote(self.side.as_str()));
        match self.kind {
            Kind::Entry => members.push(side),
            Kind::Exit(Closing::Flag) => members.extend([("reduce_only", "true".to_owned()), side]),
            Kind::Exit(Closing::CamelFlag) => members.extend([("reduceOnly", quote("1")), side]),
            Kind::Exit(Closing::Action) => members.push(("action", quote("close"))),
            Kind::Exit(Closing::Side) => members.push(("side", quote("CLOSE"))),
            Kind::Exit(Closing::Type) => {
                members.extend([("intent_type", quote("full_exit")), side])
            }
        }
        let numbers = self.numbers.iter();
        members.extend(numbers.map(|(field, x)| (*field, json(*x, self.quoted))));
        members.extend(self.extra.iter().cloned());
        let mut lent = Vec::new();
        lent.extend(self.source.iter().map(|source| ("source", quote(source))));
        lent.extend(self.time.map(|(field, micros)| {
            let millis = micros.div_euclid(1_000);
            match field {
                TimeField::DecidedAt => ("decided_at", millis.to_string()),
                TimeField::Id => ("id", quote(&format!("{millis}-0"))),
                TimeField::Ts => ("ts", millis.to_string()),
                TimeField::Timestamp => ("timestamp", seconds(micros)),
            }
        }));
        (members, lent)
    }
}

fn door() -> impl Strategy<Value = Door> {
    let name = || select(vec!["payload", "data"]);
    prop_oneof![
        3 => Just(Door::Builder),
        3 => Just(Door::Flat),
        1 => Just(Door::FlatText),
        1 => name().prop_map(Door::Object),
        1 => name().prop_map(Door::Text),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    select(vec![Side::Buy, Side::Sell])
}

fn time() -> impl Strategy<Value = Option<(TimeField, i64)>> {
    let field = select(vec![
        TimeField::DecidedAt,
        TimeField::Id,
        TimeField::Ts,
        TimeField::Timestamp,
        TimeField::Timestamp,
    ]);
    weighted(0.95, field.prop_map(|field| (field, 0)))
}

type Numbers = Vec<(&'static str, f64)>;

/// The ways to say a size.
fn size(x: fn() -> BoxedStrategy<f64>) -> BoxedStrategy<Numbers> {
    let one = |name: &'static str| x().prop_map(move |usd| vec![(name, usd)]);
    let product = |quantity: &'static str, price: &'static str| {
        (x(), x()).prop_map(move |(units, each)| vec![(quantity, units), (price, each)])
    };
    prop_oneof![
        3 => one("position_size_usd"),
        2 => one("size"),
        2 => product("quantity", "price"),
        1 => product("qty", "price"),
        1 => product("quantity", "entry_price"),
        1 => product("position_usd", "leverage"),
        1 => product("size", "price"),
    ]
    .boxed()
}

/// Numbers that make an entry, or spoil it: each of them may be anything.
fn any_numbers() -> impl Strategy<Value = Numbers> {
    let wild = || number::wild().boxed();
    let stops = vec!["stop_loss", "entry_price", "take_profit"];
    (
        weighted(0.95, size(|| number::wild().boxed())),
        weighted(0.5, wild()),
        weighted(0.1, size(|| number::wild().boxed())),
        weighted(0.1, (select(stops), wild())),
    )
        .prop_map(|(size, leverage, second_size, stop)| {
            let leverage = leverage.map(|leverage| ("leverage", leverage));
            let all = size.into_iter().flatten().chain(leverage);
            unique(all.chain(second_size.into_iter().flatten()).chain(stop))
        })
}

fn unique(numbers: impl Iterator<Item = (&'static str, f64)>) -> Numbers {
    let mut unique = Numbers::new();
    for (field, x) in numbers {
        if !unique.iter().any(|(key, _)| *key == field) {
            unique.push((field, x));
        }
    }
    unique
}

fn sound_numbers() -> impl Strategy<Value = Numbers> {
    let usual = || number::usual().boxed();
    (size(|| number::usual().boxed()), weighted(0.5, usual())).prop_map(|(size, leverage)| {
        unique(size.into_iter().chain(leverage.map(|x| ("leverage", x))))
    })
}

fn draft(
    kind: BoxedStrategy<Kind>,
    symbol: BoxedStrategy<String>,
    source: BoxedStrategy<Option<String>>,
    numbers: BoxedStrategy<Numbers>,
    time: BoxedStrategy<Option<(TimeField, i64)>>,
) -> BoxedStrategy<IntentDraft> {
    let form = (door(), any::<bool>(), any::<bool>(), 0..4_u64);
    (form, kind, side(), symbol, source, numbers, time)
        .prop_map(|(form, kind, side, symbol, source, numbers, time)| {
            let (door, quoted, lent, order) = form;
            let draft = IntentDraft {
                door,
                quoted,
                symbol,
                kind,
                side,
                source,
                numbers,
                time,
                lent,
                extra: Vec::new(),
                order,
            };
            draft.for_its_door()
        })
        .boxed()
}

impl IntentDraft {
    /// The builder knows fewer names.
    fn for_its_door(mut self) -> Self {
        if self.door == Door::Builder {
            let renamed = self.numbers.iter().map(|(field, x)| match *field {
                "qty" => ("quantity", *x),
                "size" => ("position_size_usd", *x),
                other => (other, *x),
            });
            self.numbers = unique(renamed);
        }
        self
    }
}

fn listed_symbol() -> impl Strategy<Value = String> {
    let symbols = SYMBOLS.iter().take(SYMBOLS.len() - 1);
    prop_oneof![3 => Just("BTCUSDT".to_owned()), 3 => select(symbols.map(ToString::to_string).collect::<Vec<_>>()),
        1 => Just("btcusdt".to_owned())]
}

fn any_symbol() -> impl Strategy<Value = String> {
    prop_oneof![16 => listed_symbol(), 2 => Just(OUTSIDER.to_owned()), 1 => select(vec!["".to_owned(), "BTC USDT".to_owned()])]
}

fn exit_kind() -> impl Strategy<Value = Kind> {
    select(vec![
        Kind::Exit(Closing::Flag),
        Kind::Exit(Closing::CamelFlag),
        Kind::Exit(Closing::Action),
        Kind::Exit(Closing::Side),
        Kind::Exit(Closing::Type),
    ])
}

fn stranger() -> impl Strategy<Value = Option<String>> {
    weighted(0.7, Just(STRANGER.to_owned()))
}

/// Mostly entries, a few of them from an exit owner, and a few exits.
pub(crate) fn any_intent() -> BoxedStrategy<IntentDraft> {
    let kind = prop_oneof![12 => Just(Kind::Entry), 1 => exit_kind()];
    let source = prop_oneof![12 => stranger(), 1 => select(vec![OWNER, DELEGATE]).prop_map(|s| Some(s.to_owned()))];
    draft(
        kind.boxed(),
        any_symbol().boxed(),
        source.boxed(),
        any_numbers().boxed(),
        time().boxed(),
    )
}

/// An entry with nothing wrong.
pub(crate) fn sound_entry() -> BoxedStrategy<IntentDraft> {
    let timestamp = Just(Some((TimeField::Timestamp, 0)));
    draft(
        Just(Kind::Entry).boxed(),
        listed_symbol().boxed(),
        stranger().boxed(),
        sound_numbers().boxed(),
        timestamp.boxed(),
    )
}

/// An exit of the owner or a delegate, whatever its numbers and its time.
pub(crate) fn any_exit() -> BoxedStrategy<IntentDraft> {
    let symbol = prop_oneof![4 => listed_symbol(), 1 => Just(OUTSIDER.to_owned()), 1 => Just("NEVERSEEN".to_owned())];
    let owners = select(vec![OWNER, OWNER, DELEGATE]).prop_map(|s| Some(s.to_owned()));
    draft(
        exit_kind().boxed(),
        symbol.boxed(),
        owners.boxed(),
        any_numbers().boxed(),
        time().boxed(),
    )
}
