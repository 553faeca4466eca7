//! The fields of an intent or a position as Python objects.
//!
//! A call with plain values builds the intent directly. All other values are written as JSON and read by the reader of
//! the engine, so that each alias, each duplicate and each unsupported field has the same answer as on a tape.

use portcullis::{Side, Timestamp, answer::write_json_number, intent::IntentBuilder};
use pyo3::{
    intern,
    prelude::*,
    types::{
        PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple,
    },
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
        /// The fields that a plain intent can have, and that calls name as arguments. `None` of Python is absent.
        #[derive(Default)]
        pub(crate) struct Known<'py> {
            $(pub(crate) $name: Option<Bound<'py, PyAny>>,)*
        }

        impl<'py> Known<'py> {
            /// Returns the place of the field with this name.
            fn place(&mut self, name: &str) -> Option<&mut Option<Bound<'py, PyAny>>> {
                Some(match name {
                    $(stringify!($name) => &mut self.$name,)*
                    _ => return None,
                })
            }

            /// Calls `visit` for each field that is present.
            fn each(
                &self,
                mut visit: impl FnMut(&str, &Bound<'py, PyAny>) -> PyResult<()>,
            ) -> PyResult<()> {
                $(if let Some(value) = &self.$name {
                    visit(stringify!($name), value)?;
                })*
                Ok(())
            }

            /// Returns true if no field is present.
            pub(crate) fn is_empty(&self) -> bool {
                $(self.$name.is_none())&&*
            }
        }
    };
}

known! {
    symbol, side, source, leverage, position_size_usd, quantity, price, id, ts, position_usd, entry_price, stop_loss,
    take_profit,
}

impl<'py> Known<'py> {
    /// Reads a dict whose keys are all names of these fields. Returns `None` if it has another key.
    pub(crate) fn of_dict(dict: &Bound<'py, PyDict>) -> Option<Self> {
        let mut known = Self::default();
        for (key, value) in dict {
            let key = key.cast_exact::<PyString>().ok()?;
            let place = known.place(key.to_str().ok()?)?;
            if !value.is_none() {
                *place = Some(value);
            }
        }
        Some(known)
    }

    /// Returns the builder of a plain intent. Returns `None` if a value is not plain: then the text must be read.
    ///
    /// A number is plain if it is finite and greater than 0, a side if it is BUY or SELL, an id if it cannot be a stream
    /// entry id, and a time if it is plausible. For these, the builder and the reader of JSON do the same.
    pub(crate) fn plain(&self) -> Option<IntentBuilder<'_>> {
        let mut builder = IntentBuilder::new(text(self.symbol.as_ref()?)?);
        if let Some(side) = &self.side {
            builder = builder.with_side(plain_side(text(side)?)?);
        }
        if let Some(source) = &self.source {
            builder = builder.with_source(text(source)?);
        }
        if let Some(id) = &self.id {
            let id = text(id)?;
            builder = if id.contains('-') {
                return None;
            } else {
                builder.with_id(id)
            };
        }
        if let Some(ts) = &self.ts {
            builder = builder.with_emitted_at(plain_millis(ts)?);
        }
        if let Some(leverage) = &self.leverage {
            builder = builder.with_leverage(plain_number(leverage)?);
        }
        if let Some(usd) = &self.position_size_usd {
            builder = builder.with_notional_usd(plain_number(usd)?);
        }
        if let Some(usd) = &self.position_usd {
            builder = builder.with_margin_usd(plain_number(usd)?);
        }
        if let Some(quantity) = &self.quantity {
            builder = builder.with_quantity(plain_number(quantity)?);
        }
        if let Some(price) = &self.price {
            builder = builder.with_price(plain_number(price)?);
        }
        if let Some(price) = &self.entry_price {
            builder = builder.with_entry_price(plain_number(price)?);
        }
        if let Some(price) = &self.stop_loss {
            builder = builder.with_stop_loss(plain_number(price)?);
        }
        if let Some(price) = &self.take_profit {
            builder = builder.with_take_profit(plain_number(price)?);
        }
        Some(builder)
    }

    /// Writes these fields and `others` as a JSON object.
    pub(crate) fn to_json(&self, others: Option<&Bound<'py, PyDict>>) -> PyResult<String> {
        let mut object = Object::default();
        self.each(|name, value| object.member(name, value, 0))?;
        for (name, value) in others.into_iter().flatten() {
            object.member(key(&name)?, &value, 0)?;
        }
        Ok(object.finish())
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
        return Known::default().to_json(Some(dict));
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut object = Object::default();
        for pair in mapping.items()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
            object.member(key(&name)?, &value, 0)?;
        }
        return Ok(object.finish());
    }
    Err(Fault::new(format_args!(
        "{what} is {}; pass a dict, JSON text, or keyword arguments",
        a_type(value)
    ))
    .into())
}

fn text<'a>(value: &'a Bound<'_, PyAny>) -> Option<&'a str> {
    value.cast::<PyString>().ok()?.to_str().ok()
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
#[derive(Default)]
struct Object(String);

impl Object {
    /// Appends a member. `None` of Python is absent.
    fn member(&mut self, name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
        if value.is_none() {
            return Ok(());
        }
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        push_text(&mut self.0, name);
        self.0.push(':');
        push(&mut self.0, name, value, depth)
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// Appends a text as a JSON string.
fn push_text(to: &mut String, text: &str) {
    let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
    if text.bytes().all(is_plain) {
        to.push('"');
        to.push_str(text);
        to.push('"');
    } else {
        to.push_str(&serde_json::Value::from(text).to_string());
    }
}

fn push_number(to: &mut String, number: f64) {
    if number.is_nan() {
        to.push_str("NaN");
    } else if number.is_infinite() {
        to.push_str(if number > 0.0 { "Infinity" } else { "-Infinity" });
    } else {
        let mut bytes = std::mem::take(to).into_bytes();
        write_json_number(number, &mut bytes);
        *to = String::from_utf8(bytes).unwrap_or_default();
    }
}

/// Appends the value of a field.
fn push(to: &mut String, name: &str, value: &Bound<'_, PyAny>, depth: usize) -> PyResult<()> {
    let fault = |problem: String| Fault::new(format!("`{name}` {problem}")).with_field(name);
    if depth > DEPTH_MAX {
        return Err(fault(format!("is nested more than {DEPTH_MAX} levels deep; flatten it")).into());
    }
    if value.is_none() {
        to.push_str("null");
    } else if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().map_err(|_| {
            fault("contains a surrogate, which is not Unicode text; fix the text".to_owned())
        })?;
        push_text(to, text);
    } else if let Ok(flag) = value.cast::<PyBool>() {
        to.push_str(if flag.is_true() { "true" } else { "false" });
    } else if let Ok(number) = value.cast::<PyFloat>() {
        push_number(to, number.value());
    } else if value.is_instance_of::<PyInt>() {
        // The text of a subclass, such as an `IntEnum`, can be a name.
        let whole = value.call_method0(intern!(value.py(), "__index__"))?;
        to.push_str(whole.str()?.to_str()?);
    } else if let Ok(dict) = value.cast::<PyDict>() {
        let mut object = Object::default();
        for (name, value) in dict {
            object.member(key(&name)?, &value, depth + 1)?;
        }
        to.push_str(&object.finish());
    } else if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        to.push('[');
        for (index, item) in value.try_iter()?.enumerate() {
            if index > 0 {
                to.push(',');
            }
            push(to, name, &item?, depth + 1)?;
        }
        to.push(']');
    } else if is_datetime(value)? {
        let at = from_datetime(value, name)?;
        match name {
            "ts" | "decided_at" | "as_of" => to.push_str(&at.as_millis().to_string()),
            _ => push_text(to, &at.to_string()),
        }
    } else {
        return push_converted(to, name, value);
    }
    Ok(())
}

/// Appends a number that is not a `float` or an `int`, such as a `Decimal` or a numpy scalar.
fn push_converted(to: &mut String, name: &str, value: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = value.py();
    let module = py.import(intern!(py, "numbers"))?;
    let is = |class| value.is_instance(&module.getattr(class)?);
    let kind = value.get_type().qualname()?;
    if kind == "bool_" || kind == "bool" {
        to.push_str(if value.is_truthy()? { "true" } else { "false" });
    } else if is(intern!(py, "Integral"))? {
        let whole = value.call_method0(intern!(py, "__index__"))?;
        to.push_str(whole.str()?.to_str()?);
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
