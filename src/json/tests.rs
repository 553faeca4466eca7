//! Comparison of the fast reader with the general parser.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{fields::Fields, plain, raw_field::RawField, scan::scan_any};

const KEYS: [&str; 4] = ["a", "symbol", "leverage", "position_size_usd"];

#[derive(Debug, Default)]
struct Four<'a> {
    fields: [RawField<'a>; 4],
    has_duplicates: bool,
}

impl<'a> Fields<'a> for Four<'a> {
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
        let mut fields = self.fields.iter_mut().zip(KEYS);
        fields
            .find(|(_, name)| name.as_bytes() == key)
            .map(|(field, _)| field)
    }

    fn note_duplicate(&mut self) {
        self.has_duplicates = true;
    }
}

/// Returns everything that the fields expose, as text.
fn texts(fields: &Four<'_>) -> String {
    let texts = fields.fields.iter().map(|field| {
        format!(
            "{:?}, twice {}, differs {}, text {:?}, number text {:?}, number {:?}, flag {:?}",
            field.raw(),
            field.is_duplicate(),
            field.differs(),
            field.text(),
            field.number_text(),
            field.number().map(f64::to_bits),
            field.flag(),
        )
    });
    let texts: Vec<String> = texts.collect();
    format!("any twice {}\n{}", fields.has_duplicates, texts.join("\n"))
}

/// Returns true if the fast reader accepts the text. In this case, checks that both readers return
/// the same fields.
#[track_caller]
fn is_taken(text: &str) -> bool {
    let mut quick = Four::default();
    if plain::scan(text, &mut quick).is_none() {
        return false;
    }
    let mut general = Four::default();
    if let Err(error) = scan_any(text, &mut general) {
        panic!("the fast reader accepts a text that is not an object: {error}\n{text}");
    }
    assert_eq!(texts(&quick), texts(&general), "{text}");
    true
}

#[test]
fn machine_written_objects_are_accepted() {
    for text in [
        "{}",
        r#"{"symbol":"BTCUSDT","leverage":8,"a":-0.5,"position_size_usd":"250.75"}"#,
        r#"{"symbol": "BTCUSDT", "leverage": 8e0, "a": {"x": [1, "2", {}], "y": null}, "b": true}"#,
        r#"{"a":"{\"symbol\": \"BTCUSDT\", \"path\": \"c:\\\\d\"}","leverage":null}"#,
        r#"{ "a" : 1 , "a" : 1 , "symbol" : "币安人生USDT" }"#,
        r#"{"a":123456789012345678901234567890,"leverage":0.1234567890123456789}"#,
        r#"{"a":"a text that is longer than one block of sixty-four bytes, so that its end is in the next one","symbol":"x"}"#,
    ] {
        assert!(is_taken(text), "{text}");
    }
}

#[test]
fn other_texts_are_left_to_the_general_parser() {
    for text in [
        "",
        "{",
        "null",
        "[1]",
        r#" {"a":1}"#,
        "{\"a\":1}\t",
        "{\"a\":\t1}",
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":nul}"#,
        r#"{"a":nulls}"#,
        r#"{"a":"\u0041"}"#,
        r#"{"a":"\x"}"#,
        r#"{"\u0061":1}"#,
        r#"{"a":"unfinished"#,
        r#"{"a":1}{"a":2}"#,
        r#"{"a":1}x"#,
        "{\"a\":\"\u{1}\"}",
        r#"{"a":[[[[[[[[[1]]]]]]]]]}"#,
    ] {
        assert!(!is_taken(text), "{text}");
    }
}

#[test]
fn numbers_equal_their_text() {
    for number in [
        "0",
        "-0",
        "0.1",
        "-0.3",
        "999999999999999",
        "0.00000000000001",
        "9007199254740993",
        "123456.789012345",
        "1e23",
        "4.35",
        "100000000000000000000",
    ] {
        assert!(is_taken(&format!(r#"{{"a":{number}}}"#)), "{number}");
    }
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        (any::<i32>(), 0..5_u32).prop_map(|(number, places)| {
            let number = f64::from(number) / 10_f64.powi(places.cast_signed());
            number.to_string()
        }),
        any::<f64>().prop_map(|number| format!("{number:?}")),
        "-?[0-9]{1,20}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        "\"[ -~]{0,70}\"",
        "\"(\\\\[\"\\\\/bfnrtu]|[a-z]|é|币|\\t){0,20}\"",
        select(vec![
            "null",
            "true",
            "false",
            "\"BUY\"",
            "\"1.5\"",
            "{}",
            "[]",
            "{\"a\": \"x\"}",
            "[1, {\"b\": [\"\\\"\"]}]",
            "nul",
            "1.",
            "\"",
            "\\",
            "\u{b}",
        ])
        .prop_map(str::to_owned),
    ]
}

fn object() -> impl Strategy<Value = String> {
    let space = || select(vec!["", "", "", " ", "  ", "\t", "\n"]);
    let key = select(vec![
        "\"a\"",
        "\"symbol\"",
        "\"leverage\"",
        "\"position_size_usd\"",
        "\"other\"",
        "\"\\u0061\"",
        "a",
    ]);
    let member = (space(), key, space(), value(), space())
        .prop_map(|(a, key, b, value, c)| format!("{a}{key}{b}:{b}{value}{c}"));
    (vec(member, 0..8), space())
        .prop_map(|(members, end)| format!("{{{}}}{end}", members.join(",")))
}

/// Generates the text of an object in which a character may be removed or inserted, or whose end
/// may be cut off.
fn spoiled() -> impl Strategy<Value = String> {
    (
        object(),
        any::<prop::sample::Index>(),
        0..6_u8,
        any::<char>(),
    )
        .prop_map(|(object, place, way, other)| {
            let mut chars: Vec<char> = object.chars().collect();
            let place = place.index(chars.len());
            match way {
                0 => {
                    chars.remove(place);
                }
                1 => chars.insert(place, other),
                2 => chars.truncate(place),
                _ => {}
            }
            chars.into_iter().collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_agree_on_damaged_objects(text in spoiled()) {
        is_taken(&text);
    }

    #[test]
    fn both_readers_agree_on_any_text(text in any::<String>()) {
        is_taken(&text);
    }
}
