//! Strategies for intents.

use portcullis::types::Side;
use proptest::{option::weighted, prelude::*, sample::select};

use super::{
    Closing, DELEGATE, IntentDraft, IntentForm, Kind, OTHER_SOURCE, OWNER, SYMBOLS, TimeField,
    UNLISTED_SYMBOL,
    intent::{Numbers, unique},
    number,
};

fn form() -> impl Strategy<Value = IntentForm> {
    let name = || select(vec!["payload", "data"]);
    prop_oneof![
        3 => Just(IntentForm::Builder),
        3 => Just(IntentForm::Flat),
        1 => Just(IntentForm::FlatText),
        1 => name().prop_map(IntentForm::Object),
        1 => name().prop_map(IntentForm::Text),
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

/// Generates a size in each of the forms that an intent may use.
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
        1 => product("stake_amount", "leverage"),
    ]
    .boxed()
}

/// Generates sizes that differ by at most 0.2 % and so agree, or that contradict each other.
fn several_sizes() -> BoxedStrategy<Numbers> {
    let factor =
        prop_oneof![3 => Just(1.0), 3 => 0.998..1.002_f64, 1 => select(vec![0.5, 0.9, 1.1, 2.0])];
    (
        0.1..50.0_f64,
        0.5..500.0_f64,
        1.5..20.0_f64,
        factor,
        0..4_u8,
    )
        .prop_map(|(units, price, leverage, factor, style)| {
            let usd = units * price * factor;
            let product = vec![("quantity", units), ("price", price)];
            let margin = vec![("position_usd", usd / leverage), ("leverage", leverage)];
            match style {
                0 => [product, vec![("position_size_usd", usd)]].concat(),
                1 => [product, margin].concat(),
                2 => [product, vec![("size", usd)]].concat(),
                _ => [product, margin, vec![("position_size_usd", units * price)]].concat(),
            }
        })
        .boxed()
}

/// Generates sizes that agree.
fn agreeing_sizes() -> BoxedStrategy<Numbers> {
    let factor = prop_oneof![1 => Just(1.0), 1 => 0.998..1.002_f64];
    (0.1..50.0_f64, 0.5..500.0_f64, factor)
        .prop_map(|(units, price, factor)| {
            let usd = units * price * factor;
            vec![
                ("quantity", units),
                ("price", price),
                ("position_size_usd", usd),
            ]
        })
        .boxed()
}

/// Generates the numbers of an intent. Each of them can be any float.
fn any_numbers() -> impl Strategy<Value = Numbers> {
    let wild = || number::wild().boxed();
    let stops = vec!["stop_loss", "entry_price", "take_profit"];
    (
        weighted(
            0.95,
            prop_oneof![5 => size(|| number::wild().boxed()), 1 => several_sizes()],
        ),
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

fn sound_numbers() -> impl Strategy<Value = Numbers> {
    let usual = || number::usual().boxed();
    let size = prop_oneof![7 => size(|| number::usual().boxed()), 1 => agreeing_sizes()];
    (size, weighted(0.5, usual())).prop_map(|(size, leverage)| {
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
    let share = weighted(0.3, select(vec![0.25, 0.5, 1.0]));
    let form = (form(), any::<bool>(), any::<bool>(), 0..4_u64, share);
    (form, kind, side(), symbol, source, numbers, time)
        .prop_map(|(form, kind, side, symbol, source, numbers, time)| {
            let (form, quoted, in_envelope, order, share) = form;
            let share = share.filter(|_| kind != Kind::Entry);
            let share = share.map(|share| ("quantity_fraction", share));
            let numbers = numbers.into_iter().chain(share).collect();
            let draft = IntentDraft {
                form,
                quoted,
                symbol,
                kind,
                side,
                source,
                numbers,
                time,
                in_envelope,
                extra: Vec::new(),
                order,
            };
            draft.for_its_form()
        })
        .boxed()
}

fn listed_symbol() -> impl Strategy<Value = String> {
    let symbols = SYMBOLS.iter().take(SYMBOLS.len() - 1);
    prop_oneof![3 => Just("BTCUSDT".to_owned()), 3 => select(symbols.map(ToString::to_string).collect::<Vec<_>>()),
        1 => Just("btcusdt".to_owned())]
}

fn any_symbol() -> impl Strategy<Value = String> {
    prop_oneof![16 => listed_symbol(), 2 => Just(UNLISTED_SYMBOL.to_owned()), 1 => select(vec!["".to_owned(), "BTC USDT".to_owned()])]
}

fn exit_kind() -> impl Strategy<Value = Kind> {
    select(vec![
        Kind::Exit(Closing::Flag),
        Kind::Exit(Closing::CamelFlag),
        Kind::Exit(Closing::Action),
        Kind::Exit(Closing::Side),
        Kind::Exit(Closing::Type),
        Kind::Exit(Closing::PositionSide),
        Kind::Exit(Closing::Word("EXIT_LONG")),
        Kind::Exit(Closing::Word("close-short")),
        Kind::Exit(Closing::Word("SELL_TO_CLOSE")),
        Kind::Exit(Closing::Word("Scale-Out_proposed")),
    ])
}

fn other_source() -> impl Strategy<Value = Option<String>> {
    weighted(0.7, Just(OTHER_SOURCE.to_owned()))
}

/// Generates mostly entries. A few intents are exits, and a few are from the exit owner or a delegate.
pub fn any_intent() -> BoxedStrategy<IntentDraft> {
    let kind = prop_oneof![12 => Just(Kind::Entry), 1 => exit_kind()];
    let source = prop_oneof![12 => other_source(), 1 => select(vec![OWNER, DELEGATE]).prop_map(|s| Some(s.to_owned()))];
    draft(
        kind.boxed(),
        any_symbol().boxed(),
        source.boxed(),
        any_numbers().boxed(),
        time().boxed(),
    )
}

/// Generates an entry that is valid and complete.
pub fn sound_entry() -> BoxedStrategy<IntentDraft> {
    let timestamp = Just(Some((TimeField::Timestamp, 0)));
    draft(
        Just(Kind::Entry).boxed(),
        listed_symbol().boxed(),
        other_source().boxed(),
        sound_numbers().boxed(),
        timestamp.boxed(),
    )
}

/// Generates an exit of the exit owner or a delegate, with any numbers and any timestamp.
pub fn any_exit() -> BoxedStrategy<IntentDraft> {
    let symbol = prop_oneof![4 => listed_symbol(), 1 => Just(UNLISTED_SYMBOL.to_owned()), 1 => Just("NEVERSEEN".to_owned())];
    let owners = select(vec![OWNER, OWNER, DELEGATE]).prop_map(|s| Some(s.to_owned()));
    draft(
        exit_kind().boxed(),
        symbol.boxed(),
        owners.boxed(),
        any_numbers().boxed(),
        time().boxed(),
    )
}
