//! Columns of Parquet output.

/// Defines the Parquet columns for rows of one type. Each column is given by its name and its kind;
/// the kinds are the same as in [`portcullis::answer_columns`].
macro_rules! columns {
    (
        $(#[$doc:meta])*
        $visible:vis struct $columns:ident of $row:ty { $($name:ident as $kind:ident,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        $visible struct $columns {
            $($name: $crate::rows::columns::builder!($kind),)*
        }

        impl Default for $columns {
            fn default() -> Self {
                Self { $($name: $crate::rows::columns::new_builder!($kind),)* }
            }
        }

        impl $columns {
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Appends a row.
            $visible fn push(&mut self, row: &$row) {
                $($crate::rows::columns::append::$kind(&mut self.$name, &row.$name);)*
            }

            /// Takes all rows as columns, and leaves the builders empty.
            pub(crate) fn take(&mut self) -> Vec<arrow_array::ArrayRef> {
                vec![$(std::sync::Arc::new(self.$name.finish()),)*]
            }
        }
    };
}

/// Expands to the type of the builder for a column, given its kind.
macro_rules! builder {
    (count) => { arrow_array::builder::Int64Builder };
    (number) => { arrow_array::builder::Float64Builder };
    (time) => { arrow_array::builder::TimestampMillisecondBuilder };
    (names) => { arrow_array::builder::ListBuilder<arrow_array::builder::StringBuilder> };
    ($text:ident) => { arrow_array::builder::StringBuilder };
}

macro_rules! new_builder {
    (time) => {
        arrow_array::builder::TimestampMillisecondBuilder::new().with_timezone("+00:00")
    };
    ($kind:ident) => {
        Default::default()
    };
}

pub(crate) use {builder, columns, new_builder};

/// The functions that append a value to a column, named after the kinds.
pub(crate) mod append {
    use std::fmt::{Display, Write as _};

    use arrow_array::builder::{
        Float64Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMillisecondBuilder,
    };
    use portcullis::{
        answer::{AnswerId, Verdict},
        harvest::HarvestReasons,
        types::{Symbol, Timestamp},
    };

    pub(crate) fn count(to: &mut Int64Builder, n: &u64) {
        to.append_option(i64::try_from(*n).ok().filter(|n| *n != 0));
    }

    pub(crate) fn id(to: &mut StringBuilder, id: &AnswerId<'_>) {
        match id {
            AnswerId::Own(id) => to.append_value(id),
            AnswerId::Number(n) => text(to, &Some(n)),
        }
    }

    pub(crate) fn verdict(to: &mut StringBuilder, verdict: &Verdict) {
        to.append_value(verdict.as_str());
    }

    pub(crate) fn name(to: &mut StringBuilder, name: &Option<impl Copy + Into<&'static str>>) {
        to.append_option(name.map(Into::<&str>::into));
    }

    pub(crate) fn names(to: &mut ListBuilder<StringBuilder>, names: &Option<HarvestReasons>) {
        to.append_option(names.map(|names| names.iter().map(Some)));
    }

    pub(crate) fn symbol(to: &mut StringBuilder, symbol: &Option<Symbol>) {
        to.append_option(symbol.as_ref().map(|symbol| symbol.as_str()));
    }

    pub(crate) fn text(to: &mut StringBuilder, value: &Option<impl Display>) {
        match value {
            None => to.append_null(),
            Some(value) => {
                // The builder writes to memory and cannot fail.
                let _ = write!(to, "{value}");
                to.append_value("");
            }
        }
    }

    pub(crate) use {text as hash, text as source};

    pub(crate) fn time(to: &mut TimestampMillisecondBuilder, at: &Option<Timestamp>) {
        to.append_option(at.map(Timestamp::as_millis));
    }

    pub(crate) fn number(to: &mut Float64Builder, number: &Option<f64>) {
        to.append_option(*number);
    }
}
