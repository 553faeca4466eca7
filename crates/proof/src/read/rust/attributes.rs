//! Attributes: detection of test-only code, and defaults of fields.

use syn::{Attribute, Expr, Lit, Meta, Token, punctuated::Punctuated, spanned::Spanned as _};

use super::{
    Reader,
    names::{identifier, is_named},
    node,
};
use crate::tree::{Call, Kind, Node};

/// Attributes that mark a function as a test, by the last part of their path (`tokio::test`).
const TESTS: [&str; 7] = [
    "test",
    "rstest",
    "proptest",
    "quickcheck",
    "test_case",
    "bench",
    "wasm_bindgen_test",
];
/// Words in the names of features and flags for tests.
const FOR_TESTS: [&str; 6] = ["test", "doctest", "mock", "fuzz", "miri", "loom"];
const DEFAULTS: [&str; 6] = [
    "default",
    "default_value",
    "default_value_t",
    "default_values",
    "default_values_t",
    "default_missing_value",
];

impl Reader {
    /// Returns true if an item is compiled only for tests. Such an item is counted as left out.
    pub(super) fn leaves_out(&self, attributes: &[Attribute]) -> bool {
        let conditions = attributes.iter().filter(|it| it.path().is_ident("cfg"));
        self.counted(
            conditions
                .flat_map(|it| inside(&it.meta))
                .any(|it| is_for_tests(&it)),
        )
    }

    /// Returns true if a function is compiled only for tests or has a test attribute. Such a function is counted as
    /// left out.
    pub(super) fn leaves_out_function(&self, attributes: &[Attribute]) -> bool {
        let is_test = |it: &Attribute| TESTS.iter().any(|name| is_named(it.path(), name));
        self.leaves_out(attributes) || self.counted(attributes.iter().any(is_test))
    }

    fn counted(&self, is_left_out: bool) -> bool {
        self.tests_left_out
            .update(|before| before + usize::from(is_left_out));
        is_left_out
    }

    /// Returns the default values that the attributes of a field set.
    pub(super) fn defaults(&self, attributes: &[Attribute]) -> Vec<Node> {
        let metas = attributes.iter().flat_map(|it| without_condition(&it.meta));
        metas.flat_map(|meta| self.defaults_of(&meta)).collect()
    }

    fn defaults_of(&self, meta: &Meta) -> Vec<Node> {
        if is_default(meta) {
            return self.default_value(meta, false).into_iter().collect();
        }
        let of_serde = meta.path().is_ident("serde");
        let within = inside(meta).into_iter().filter(is_default);
        within
            .filter_map(|it| self.default_value(&it, of_serde))
            .collect()
    }

    /// Parses `default`, `default = "f"`, `default_value_t = 10.0` or `default_value("10")`. In serde attributes, the
    /// string is the name of a function.
    fn default_value(&self, meta: &Meta, of_serde: bool) -> Option<Node> {
        match meta {
            Meta::Path(path) => of_serde.then(|| called(path, "Default::default".to_owned())),
            Meta::NameValue(it) => Some(match &it.value {
                Expr::Lit(literal) if of_serde && let Lit::Str(name) = &literal.lit => {
                    called(&it.path, name.value())
                }
                value => self.expression(value),
            }),
            Meta::List(it) => it
                .parse_args::<Expr>()
                .ok()
                .map(|value| self.expression(&value)),
        }
    }
}

fn called(path: &syn::Path, name: String) -> Node {
    let callee = Box::new(node(path.span(), Kind::Name(name)));
    node(
        path.span(),
        Kind::Call(Call {
            callee,
            arguments: Vec::new(),
            is_macro: false,
        }),
    )
}

fn is_default(meta: &Meta) -> bool {
    DEFAULTS.iter().any(|name| meta.path().is_ident(name))
}

/// Returns the list in the parentheses of an attribute; empty if there are no parentheses.
pub(super) fn inside(meta: &Meta) -> Vec<Meta> {
    let list = match meta {
        Meta::List(it) => it
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .ok(),
        Meta::Path(_) | Meta::NameValue(_) => None,
    };
    list.into_iter().flatten().collect()
}

/// Returns the attributes that `cfg_attr(condition, …)` sets. Any other attribute is returned
/// unchanged.
pub(super) fn without_condition(meta: &Meta) -> Vec<Meta> {
    if meta.path().is_ident("cfg_attr") {
        inside(meta).into_iter().skip(1).collect()
    } else {
        vec![meta.clone()]
    }
}

/// Returns true if a condition holds only in tests. `any(test, feature = "testing")` does;
/// `any(test, feature = "live")` does not, because it could hide code that trades.
fn is_for_tests(condition: &Meta) -> bool {
    match condition {
        Meta::Path(it) => it.is_ident("test"),
        Meta::List(it) if it.path.is_ident("all") => inside(condition).iter().any(is_for_tests),
        Meta::List(it) if it.path.is_ident("any") => {
            let either = inside(condition);
            either.iter().any(is_for_tests)
                && either
                    .iter()
                    .all(|it| is_for_tests(it) || is_named_for_tests(it))
        }
        Meta::List(_) | Meta::NameValue(_) => false,
    }
}

fn is_named_for_tests(condition: &Meta) -> bool {
    let name = match condition {
        Meta::Path(it) => it.get_ident().map(identifier).unwrap_or_default(),
        Meta::NameValue(syn::MetaNameValue {
            value: Expr::Lit(it),
            ..
        }) if let Lit::Str(name) = &it.lit => name.value(),
        Meta::NameValue(_) | Meta::List(_) => return false,
    };
    name.split(['-', '_'])
        .any(|word| FOR_TESTS.iter().any(|it| word.starts_with(it)))
}
