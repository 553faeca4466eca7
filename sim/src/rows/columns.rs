//! Columns of Parquet output.

/// Defines the columns for rows of one type. Each column is given by its name, its kind and the type of its values; the
/// kinds are the same as in [`portcullis::answer_columns`].
macro_rules! columns {
    (
        $(#[$doc:meta])*
        $visible:vis struct $columns:ident of $row:ty { $($name:ident as $kind:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        $visible struct $columns {
            $($visible $name: Option<$crate::rows::columns::builder!($kind, $type)>,)*
        }

        impl $columns {
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// Creates the columns whose names are selected.
            $visible fn select(selects: impl Fn(&str) -> bool) -> Self {
                Self {
                    $($name: selects(stringify!($name))
                        .then(|| $crate::rows::columns::new_builder!($kind, $type)),)*
                }
            }

            /// Appends a row.
            $visible fn push(&mut self, row: &$row) {
                $(if let Some(to) = &mut self.$name {
                    $crate::rows::columns::append::$kind(to, &row.$name);
                })*
            }

            /// Takes all rows as columns, and leaves the builders empty.
            pub(crate) fn take(&mut self) -> Vec<arrow_array::ArrayRef> {
                let mut columns: Vec<arrow_array::ArrayRef> = Vec::new();
                $(if let Some(from) = &mut self.$name {
                    columns.push(std::sync::Arc::new(from.finish()));
                })*
                columns
            }
        }

        impl std::fmt::Debug for $columns {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($columns)).finish_non_exhaustive()
            }
        }

        impl Default for $columns {
            fn default() -> Self {
                Self::select(|_| true)
            }
        }
    };
}

/// Expands to the type of the builder for a column, given its kind.
macro_rules! builder {
    (count, $type:ty) => { arrow_array::builder::Int64Builder };
    (number, $type:ty) => { arrow_array::builder::Float64Builder };
    (time, $type:ty) => { arrow_array::builder::TimestampMillisecondBuilder };
    (names, $type:ty) => { arrow_array::builder::ListBuilder<arrow_array::builder::StringBuilder> };
    (verdict, $type:ty) => { $crate::rows::names::NameBuilder };
    (name, $type:ty) => { $crate::rows::names::NameBuilder };
    (source, $type:ty) => {
        $crate::rows::terms::TermBuilder<<$type as IntoIterator>::Item>
    };
    (hash, $type:ty) => {
        $crate::rows::terms::TermBuilder<<$type as IntoIterator>::Item>
    };
    ($text:ident, $type:ty) => { arrow_array::builder::StringBuilder };
}

macro_rules! new_builder {
    (time $(, $type:ty)?) => {
        arrow_array::builder::TimestampMillisecondBuilder::new().with_timezone("UTC")
    };
    (verdict, $type:ty) => {
        $crate::rows::names::NameBuilder::new::<$type>()
    };
    (name, $type:ty) => {
        $crate::rows::names::NameBuilder::new::<<$type as IntoIterator>::Item>()
    };
    ($kind:ident, $type:ty) => {
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

    use crate::rows::{
        names::{NameBuilder, Named},
        terms::{Term, TermBuilder},
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

    pub(crate) fn verdict(to: &mut NameBuilder, verdict: &Verdict) {
        to.push(Some(*verdict));
    }

    pub(crate) fn name<T: Named>(to: &mut NameBuilder, name: &Option<T>) {
        to.push(*name);
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

    pub(crate) fn source<T: Term>(to: &mut TermBuilder<T>, value: &Option<T>) {
        to.push(*value);
    }

    pub(crate) use source as hash;

    pub(crate) fn time(to: &mut TimestampMillisecondBuilder, at: &Option<Timestamp>) {
        to.append_option(at.map(Timestamp::as_millis));
    }

    pub(crate) fn number(to: &mut Float64Builder, number: &Option<f64>) {
        to.append_option(*number);
    }
}
