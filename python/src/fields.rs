//! The fields of an intent or a position as Python objects.
//!
//! A call with plain values builds the intent directly. All other values are written as JSON and read by the reader of
//! the engine, so that each alias, each duplicate and each unsupported field has the same answer as on a tape.

use std::{borrow::Borrow, io::Write as _};

use portcullis::{Side, Timestamp, answer::write_json_number, intent::PlainIntent};
use pyo3::{
    intern,
    prelude::*,
    types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple},
};

use crate::{
    error::Fault,
    time::{from_datetime, is_datetime},
};

/// Objects and lists may be nested as deeply as this. The engine reads fields of the intent at three levels only.
const DEPTH_MAX: usize = 32;

/// Defines the struct of the fields that are arguments of a call.
macro_rules! known {
    ($($name:ident),* $(,)?) => {
        /// The fields that a plain intent can have, and that calls name as arguments. `None` of Python is absent. `V` is an
        /// object or a reference to it.
        pub(crate) struct Known<V> {
            $(pub(crate) $name: Option<V>,)*
        }

        impl<V> Default for Known<V> {
            fn default() -> Self {
                Self {
                    $($name: None,)*
                }
            }
        }

        impl<'py> Known<Bound<'py, PyAny>> {
            /// Reads a dict whose keys are all names of these fields. Returns `None` if it has another key.
            pub(crate) fn of_dict(dict: &Bound<'py, PyDict>) -> Option<Self> {
                let mut known = Self::default();
                for (key, value) in dict {
                    let key = key.cast_exact::<PyString>().ok()?;
                    let place = match key.to_str().ok()? {
                        $(stringify!($name) => &mut known.$name,)*
                        _ => return None,
                    };
                    if !value.is_none() {
                        *place = Some(value);
                    }
                }
                Some(known)
            }
        }

        impl<'py, V: Borrow<Bound<'py, PyAny>>> Known<V> {
            /// Returns true if no field is present.
            pub(crate) fn is_empty(&self) -> bool {
                $(self.$name.is_none())&&*
            }

            /// Writes these fields as a JSON object.
            pub(crate) fn to_json(&self) -> PyResult<String> {
                let mut object = Object::new();
                $(if let Some(value) = &self.$name {
                    object.member(stringify!($name), value.borrow(), 0)?;
                })*
                Ok(object.finish())
            }
        }
    };
}

known! {
    symbol, side, source, leverage, position_size_usd, quantity, price, id, ts, position_usd, entry_price, stop_loss,
    take_profit, action, reduce_only, position_side, timestamp, size, qty, intent_id, confidence, regime, model,
}

impl<'py, V: Borrow<Bound<'py, PyAny>>> Known<V> {
    /// Returns the fields of a plain intent. Returns `None` if a value is not plain: then the text must be read.
    ///
    /// A number is plain if it is finite and greater than 0, a side if it is BUY or SELL, an id if it cannot be a stream
    /// entry id, and a time if it is plausible. For these, a plain intent equals that of the reader of JSON.
    #[inline]
    pub(crate) fn plain<'a>(&'a self) -> Option<PlainIntent<'a>>
    where
        'py: 'a,
    {
        let other = [
            &self.action,
            &self.reduce_only,
            &self.position_side,
            &self.timestamp,
            &self.size,
            &self.qty,
            &self.intent_id,
        ];
        // These do not decide.
        let ignored = [&self.confidence, &self.regime, &self.model];
        let is_scalar = |value: &V| is_scalar(value.borrow());
        if other.into_iter().any(Option::is_some) || !ignored.into_iter().flatten().all(is_scalar) {
            return None;
        }
        let mut plain = PlainIntent::new(text(self.symbol.as_ref()?.borrow())?);
        if let Some(side) = &self.side {
            plain.side = Some(plain_side(text(side.borrow())?)?);
        }
        if let Some(source) = &self.source {
            plain.source = Some(text(source.borrow())?);
        }
        if let Some(id) = &self.id {
            plain.id = Some(text(id.borrow()).filter(|id| !may_be_entry_id(id))?);
        }
        if let Some(ts) = &self.ts {
            plain.emitted_at = Some(plain_millis(ts.borrow())?);
        }
        for (from, to) in [
            (&self.leverage, &mut plain.leverage),
            (&self.position_size_usd, &mut plain.notional_usd),
            (&self.position_usd, &mut plain.margin_usd),
            (&self.quantity, &mut plain.quantity),
            (&self.price, &mut plain.price),
            (&self.entry_price, &mut plain.entry_price),
            (&self.stop_loss, &mut plain.stop_loss),
            (&self.take_profit, &mut plain.take_profit),
        ] {
            if let Some(number) = from {
                *to = Some(plain_number(number.borrow())?);
            }
        }
        Some(plain)
    }
}

/// Returns a record as JSON: a mapping is written as an object, and a text is returned as it is.
pub(crate) fn record_text(value: &Bound<'_, PyAny>, what: &str) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().map(str::to_owned);
        return text.map_err(|_| {
            Fault::new(format_args!(
                "{what} contains a surrogate, which is not Unicode text; pass the bytes"
            ))
            .into()
        });
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return String::from_utf8(bytes.as_bytes().to_vec()).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            Fault::new(format_args!(
                "{what} is not UTF-8 from byte {at} on; send UTF-8"
            ))
            .into()
        });
    }
    if let Ok(dict) = value.cast::<PyDict>() {
        let mut object = Object::new();
        for (name, value) in dict {
            object.member(key(&name)?, &value, 0)?;
        }
        return Ok(object.finish());
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut object = Object::new();
        for pair in mapping.items()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            object.member(key(&name)?, &value, 0)?;
        }
        return Ok(object.finish());
    }
    Err(Fault::new(format_args!(
        "{what} is {}; pass a dict or JSON text",
        a_type(value)
    ))
    .into())
}

fn text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast::<PyString>().ok()?.to_str().ok()
}

/// Returns true if an id may have the form of a stream entry id, `<ms>-<n>`, which is also a time.
fn may_be_entry_id(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_digit()) && id.contains('-')
}

/// Returns true for a number or a text that can be written as JSON.
fn is_scalar(value: &Bound<'_, PyAny>) -> bool {
    value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyInt>()
        || text(value).is_some()
}

fn plain_side(text: &str) -> Option<Side> {
    if text.eq_ignore_ascii_case("BUY") {
        Some(Side::Buy)
    } else if text.eq_ignore_ascii_case("SELL") {
        Some(Side::Sell)
    } else {
        None
    }
}

fn plain_number(value: &Bound<'_, PyAny>) -> Option<f64> {
    let number = match value.cast_exact::<PyFloat>() {
        Ok(number) => number.value(),
        Err(_) => f64::from(value.cast_exact::<PyInt>().ok()?.extract::<i32>().ok()?),
    };
    (number > 0.0 && number.is_finite()).then_some(number)
}

fn plain_millis(value: &Bound<'_, PyAny>) -> Option<Timestamp> {
    let millis = value.cast_exact::<PyInt>().ok()?.extract().ok()?;
    (946_684_800_000..4_102_444_800_000)
        .contains(&millis)
        .then(|| Timestamp::from_millis(millis).ok())?
}

/// Returns the name of the type of a value, for errors.
pub(crate) fn a_type(value: &Bound<'_, PyAny>) -> String {
    let name = value.get_type().qualname();
    name.map_or_else(|_| "an object".to_owned(), |name| format!("`{name}`"))
}

fn key<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let fault = |problem: &str| {
        let shown = name.repr().map(|text| text.to_string());
        let shown = shown.unwrap_or_else(|_| "a key".to_owned());
        Fault::new(format_args!("the key {shown} {problem}")).with_value(shown)
    };
    let text = name.cast::<PyString>();
    let text = text.map_err(|_| fault("is not a str; pass field names as str"))?;
    let text = text.to_str();
    text.map_err(|_| fault("contains a surrogate, which is not Unicode text; fix the name").into())
}

/// A JSON object that is being written.
struct Object(Vec<u8>);

/// Room for a usual intent.
const USUAL_BYTES: usize = 256;

impl Object {
    fn new() -> Self {
        Self(Vec::with_capacity(USUAL_BYTES))
    }

    /// Appends a member. `None` of Python is absent.
    fn member(&mut self, name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
        if value.is_none() {
            return Ok(());
        }
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        push_text(&mut self.0, name);
        self.0.push(b':');
        push(&mut self.0, name, value, depth)
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push(b'{');
        }
        self.0.push(b'}');
        // All parts are texts.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

/// Appends a text as a JSON string.
fn push_text(to: &mut Vec<u8>, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        to.push(b'"');
        to.extend_from_slice(text.as_bytes());
        to.push(b'"');
    } else {
        to.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

fn push_number(to: &mut Vec<u8>, number: f64) {
    if number.is_nan() {
        to.extend_from_slice(b"NaN");
    } else if number.is_infinite() {
        to.extend_from_slice(if number > 0.0 {
            b"Infinity"
        } else {
            b"-Infinity"
        });
    } else {
        write_json_number(number, to);
    }
}

/// Appends a whole number, which can be larger than any number of Rust.
fn push_whole(to: &mut Vec<u8>, number: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(small) = number.cast_exact::<PyInt>()
        && let Ok(small) = small.extract::<i64>()
    {
        // Writing to a `Vec` cannot fail.
        let _ = write!(to, "{small}");
        return Ok(());
    }
    // The text of a subclass, such as an `IntEnum`, can be a name.
    let whole = number.call_method0(intern!(number.py(), "__index__"))?;
    to.extend_from_slice(whole.str()?.to_str()?.as_bytes());
    Ok(())
}

/// Appends the value of a field.
fn push(to: &mut Vec<u8>, name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    let fault = |problem: String| Fault::new(format!("`{name}` {problem}")).with_field(name);
    if depth > DEPTH_MAX {
        return Err(fault(format!(
            "is nested more than {DEPTH_MAX} levels deep; flatten it"
        ))
        .into());
    }
    if value.is_none() {
        to.extend_from_slice(b"null");
    } else if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().map_err(|_| {
            fault("contains a surrogate, which is not Unicode text; fix the text".to_owned())
        })?;
        push_text(to, text);
    } else if let Ok(flag) = value.cast::<PyBool>() {
        to.extend_from_slice(if flag.is_true() { b"true" } else { b"false" });
    } else if let Ok(number) = value.cast::<PyFloat>() {
        push_number(to, number.value());
    } else if value.is_instance_of::<PyInt>() {
        push_whole(to, value)?;
    } else if let Ok(dict) = value.cast::<PyDict>() {
        let mut object = Object::new();
        for (name, value) in dict {
            object.member(key(&name)?, &value, depth + 1)?;
        }
        to.extend_from_slice(object.finish().as_bytes());
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        to.push(b'[');
        for (index, item) in value.try_iter()?.enumerate() {
            if index > 0 {
                to.push(b',');
            }
            push(to, name, &item?, depth + 1)?;
        }
        to.push(b']');
    } else if is_datetime(value)? {
        let at = from_datetime(value, name)?;
        match name {
            "ts" | "decided_at" | "as_of" => {
                to.extend_from_slice(at.as_millis().to_string().as_bytes());
            }
            _ => push_text(to, &at.to_string()),
        }
    } else {
        return push_converted(to, name, value);
    }
    Ok(())
}

/// Appends a number that is not a `float` or an `int`, such as a `Decimal` or a numpy scalar.
fn push_converted(to: &mut Vec<u8>, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = value.py();
    let module = py.import(intern!(py, "numbers"))?;
    let is = |class| value.is_instance(&module.getattr(class)?);
    let kind = value.get_type().qualname()?;
    if kind == "bool_" || kind == "bool" {
        to.extend_from_slice(if value.is_truthy()? {
            b"true"
        } else {
            b"false"
        });
    } else if is(intern!(py, "Integral"))? {
        push_whole(to, value)?;
    } else if kind == "Decimal" && value.call_method0(intern!(py, "is_finite"))?.is_truthy()? {
        // The text has all digits, as on a tape.
        to.extend_from_slice(value.str()?.to_str()?.as_bytes());
    } else if is(intern!(py, "Real"))? || kind == "Decimal" {
        push_number(to, value.extract()?);
    } else {
        return Err(Fault::new(format_args!(
            "`{name}` is {}; pass a str, a number, a bool, a dict, a list or None",
            a_type(value)
        ))
        .with_field(name)
        .into());
    }
    Ok(())
}
