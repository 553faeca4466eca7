//! Tests of the reader of plain lines.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    super::keys::{KEYS, KeyKind, LEVERAGE, PRICE, SIDE, SIZE, SOURCE, SYMBOL},
    *,
};

proptest! {
    #[test]
    fn a_text_ends_at_the_first_special_byte(bytes in vec(select(b"ab\x7f\x80\xff \"\\\x1f\x00!#[]".to_vec()), 0..40)) {
        let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..=0x1f);
        prop_assert_eq!(text_end(&bytes), bytes.iter().position(special));
    }
}

/// Reads a line twice: alone, and before other lines.
fn read(reader: &mut LineReader, line: &str, check: impl Fn(Option<PlainLine<'_>>)) {
    for next in ["", "\n", "\r\n{\"symbol\":\"B\",\"ts\":5}\n", "\n}\n\"}\n"] {
        let bytes = format!("{line}{next}");
        check(reader.read_whole(bytes.as_bytes(), line.len()));
    }
}

/// A new reader predicts keys although it has read no line.
#[test]
fn the_first_line_is_plain_only_if_its_value_has_a_form_of_its_key() {
    for (index, (name, kind)) in KEYS.into_iter().enumerate() {
        for value in ["5", "\"5\"", "null", "true", "[]", "-5", "{\"price\":5}"] {
            let line = format!("{{\"{name}\":{value}}}");
            let form = Form::of(kind, value.as_bytes()[0]);
            let is_plain = match kind {
                _ if Key(index).bit() & MARKET_ONLY != 0 => false,
                // A payload can have the key `price`, and a market state cannot.
                KeyKind::Payload => value.starts_with('{'),
                KeyKind::Market => false,
                KeyKind::Text | KeyKind::Number | KeyKind::TextOrNumber => form.is_some(),
            };
            let mut reader = LineReader::default();
            let found = reader.read_whole(line.as_bytes(), line.len());
            assert_eq!(found.is_some(), is_plain, "{line}");
        }
    }
}

#[test]
fn only_plain_lines_are_read() {
    let mut reader = LineReader::default();
    for line in [
        r#"{"symbol": "A b", "leverage":"5","side":null, "ts":17, "price":0.25}"#,
        r#"{"symbol":"A b","leverage":"5","side":null,"ts":17,"price":0.25}"#,
        r#"{"symbol": "A b", "leverage": 5, "side": null, "ts": 17, "price": "0.25"}"#,
        r#"{ "ts":17,"symbol":"A b" ,"leverage"  :5 , "model":"x", "price":0.25  }"#,
        r#"{"model":5,"price":0.25,"regime":null,"ts":"17","leverage":5,"symbol":"A b"}"#,
    ] {
        read(&mut reader, line, |found| {
            let found = found.unwrap();
            assert_eq!(found.text(SYMBOL), Some(&b"A b"[..]), "{line}");
            assert_eq!(found.text(SIDE), None, "{line}");
            assert_eq!(found.number(LEVERAGE), Some(5.0), "{line}");
            assert_eq!(found.millis(TS).ok(), Some(Some(17)), "{line}");
            assert_eq!(found.number(PRICE), Some(0.25), "{line}");
        });
    }
    for other in [
        "",
        "{}",
        "{",
        r#"{"symbol":"A""#,
        r#"{"symbol":"A"} "#,
        r#"{"symbol":"A",}"#,
        r#"{"symbol":"A","symbol":"A"}"#,
        r#"{"symbol":"A","side":null,"side":"BUY"}"#,
        r#"{"symbol":"\u0041"}"#,
        "{\"symbol\":\"A\tB\"}",
        r#"{"symbol":5}"#,
        r#"{"leverage":"5 "}"#,
        r#"{"leverage":""}"#,
        r#"{"payload":null}"#,
        r#"{"payload":5}"#,
        r#"{"payload":{"side":"BUY"},"data":{"side":"BUY"}}"#,
        r#"{"payload":{"side":"BUY"},"data":"{\"side\":\"BUY\"}"}"#,
        r#"{"payload":"{\"side\":\"BUY\"}","data":{"side":"BUY"}}"#,
        r#"{"payload":"{\"side\":\"BUY\"}","data":"{\"side\":\"BUY\"}"}"#,
        r#"{"payload":{"payload":{"side":"BUY"}}}"#,
        r#"{"symbol":"A","payload":{"side":"BUY"}}"#,
        r#"{"model":"A","payload":{"side":"BUY"}}"#,
        r#"{"id":"1-0","payload":{"id":"1-0","side":"BUY"}}"#,
        r#"{"payload":{"side":"BUY"}"#,
        r#"{"payload":"{\"side\":\"BUY\"} "}"#,
        r#"{"payload":"{\"side\":\"\u0042\"}"}"#,
        r#"{"payload":"{\"side\":\"BUY\\\"}"}"#,
        r#"{"leverage":05}"#,
        r#"{"leverage":-5}"#,
        r#"{"leverage":5.}"#,
        r#"{"leverage":.5}"#,
        r#"{"leverage":5e1}"#,
        r#"{"leverage":5.5E1}"#,
        r#"{"leverage":1234567890123456}"#,
        r#"{"leverage":nul}"#,
        r#"{"leverage":true}"#,
        r#"{"lever":5}"#,
        r#"{"leverage":5;"ts":5}"#,
        r#"["leverage":5]"#,
        r#"{"leverage":5,"ts":"5,"side":"BUY"}"#,
        r#"{"leverage":5","side":"BUY"}"#,
    ] {
        read(&mut reader, other, |found| {
            assert!(found.is_none(), "{other}")
        });
    }
    for (number, value) in [
        ("123456789012345", 123_456_789_012_345.0),
        ("12345.6789012345", 12_345.678_901_234_5),
        ("0.12345678901234", 0.123_456_789_012_34),
    ] {
        read(
            &mut reader,
            &format!(r#"{{"leverage":{number}}}"#),
            |line| {
                let number = line.unwrap().number(LEVERAGE);
                assert_eq!(number, Some(value));
            },
        );
    }
    for envelope in [
        r#"{"id":"1-0","payload":{"side":"BUY","size":5},"source":"s"}"#,
        r#"{"id":"1-0","source":"s","data":"{\"side\":\"BUY\",\"size\":5}"}"#,
    ] {
        read(&mut reader, envelope, |line| {
            let line = line.unwrap();
            assert_eq!(line.text(ID), Some(&b"1-0"[..]));
            assert_eq!(line.text(SOURCE), Some(&b"s"[..]));
            assert_eq!(line.text(SIDE), Some(&b"BUY"[..]));
            assert_eq!(line.number(SIZE), Some(5.0));
        });
    }
}
