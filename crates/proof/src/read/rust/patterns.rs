//! Conversion of patterns: the condition that they test, and the names that they bind.

use syn::{Pat, spanned::Spanned};

use super::{
    Reader,
    names::{identifier, is_named},
    node,
};
use crate::tree::{Kind, Node, Pattern};

/// The names that a pattern binds and the values that it compares with, in order.
#[derive(Default)]
struct Gathered {
    names: Vec<Node>,
    values: Vec<Node>,
}

impl Reader {
    /// Returns the name that a pattern binds, or a list if it binds several.
    pub(super) fn target(&self, pattern: &Pat) -> Node {
        let mut names = self.gathered(pattern).names;
        match bare(pattern) {
            Pat::Tuple(it) => node(
                it.span(),
                Kind::List(it.elems.iter().map(|it| self.target(it)).collect()),
            ),
            Pat::Wild(it) => node(it.span(), Kind::Name("_".to_owned())),
            _ if names.len() == 1 => names.remove(0),
            other => node(other.span(), Kind::List(names)),
        }
    }

    /// Returns every bound name with its position.
    pub(super) fn names(&self, pattern: &Pat) -> Vec<Node> {
        self.gathered(pattern).names
    }

    pub(super) fn pattern(&self, pattern: &Pat) -> Pattern {
        let whole = self.gathered(pattern);
        match bare(pattern) {
            Pat::Guard(it) => self.pattern(&it.pat),
            Pat::Ident(it) if it.subpat.is_some() => {
                match it.subpat.as_ref().map(|(_, inner)| self.pattern(inner)) {
                    Some(Pattern::Present) => Pattern::Present,
                    Some(pattern @ (Pattern::Absent | Pattern::Failed)) => pattern,
                    Some(Pattern::Other(values)) => Pattern::Other(values),
                    None => Pattern::Other(whole.values),
                }
            }
            Pat::Ident(it) if it.ident == "None" => Pattern::Absent,
            Pat::Path(it) if is_named(&it.path, "None") => Pattern::Absent,
            Pat::TupleStruct(it) if is_named(&it.path, "Err") => Pattern::Failed,
            Pat::TupleStruct(it) if is_named(&it.path, "Some") || is_named(&it.path, "Ok") => {
                match it.elems.first().map(|inner| self.pattern(inner)) {
                    Some(inner @ (Pattern::Absent | Pattern::Failed)) => inner,
                    // `Some("BTCUSDT")` does not match every `Some`.
                    Some(Pattern::Other(values)) if !values.is_empty() => Pattern::Other(values),
                    _ => Pattern::Present,
                }
            }
            Pat::Or(it) => either(
                it.cases.iter().map(|case| self.pattern(case)).collect(),
                whole,
            ),
            _ => Pattern::Other(whole.values),
        }
    }

    fn gathered(&self, pattern: &Pat) -> Gathered {
        let mut all = Gathered::default();
        self.gather(pattern, &mut all);
        all
    }

    fn gather(&self, pattern: &Pat, all: &mut Gathered) {
        match pattern {
            Pat::Ident(it) => {
                let name = identifier(&it.ident);
                // A constant or a variant is compared, not bound.
                let is_value = it.subpat.is_none() && name.starts_with(char::is_uppercase);
                let named = node(it.ident.span(), Kind::Name(name));
                if is_value {
                    all.values.push(named)
                } else {
                    all.names.push(named)
                }
                it.subpat
                    .iter()
                    .for_each(|(_, inner)| self.gather(inner, all));
            }
            Pat::Guard(it) => {
                self.gather(&it.pat, all);
                all.values.push(self.expression(&it.guard));
            }
            Pat::Const(it) => all.values.push(self.block(&it.block)),
            Pat::Lit(it) => all.values.push(self.literal(&it.lit)),
            Pat::Macro(it) => all.values.push(self.called_macro(&it.mac)),
            Pat::Path(it) => all.values.push(self.path(it.qself.as_ref(), &it.path)),
            Pat::Range(it) => {
                let ends = it.start.iter().chain(&it.end);
                all.values.extend(ends.map(|end| self.expression(end)));
            }
            Pat::Or(it) => it.cases.iter().for_each(|inner| self.gather(inner, all)),
            Pat::Paren(it) => self.gather(&it.pat, all),
            Pat::Reference(it) => self.gather(&it.pat, all),
            Pat::Type(it) => self.gather(&it.pat, all),
            Pat::Slice(it) => it.elems.iter().for_each(|inner| self.gather(inner, all)),
            Pat::Tuple(it) => it.elems.iter().for_each(|inner| self.gather(inner, all)),
            Pat::Struct(it) => {
                all.values.push(self.path(it.qself.as_ref(), &it.path));
                it.fields
                    .iter()
                    .for_each(|field| self.gather(&field.pat, all));
            }
            Pat::TupleStruct(it) => {
                all.values.push(self.path(it.qself.as_ref(), &it.path));
                it.elems.iter().for_each(|inner| self.gather(inner, all));
            }
            Pat::Verbatim(tokens) => all.values.push(self.scanned(tokens.clone())),
            Pat::Rest(_) | Pat::Wild(_) | _ => {}
        }
    }
}

/// Removes parentheses, references and type annotations.
fn bare(pattern: &Pat) -> &Pat {
    match pattern {
        Pat::Paren(it) => bare(&it.pat),
        Pat::Reference(it) => bare(&it.pat),
        Pat::Type(it) => bare(&it.pat),
        pattern => pattern,
    }
}

/// Combines the alternatives of a pattern. If all are of one kind, the result is of that kind.
/// `None | Err(_)` is [`Pattern::Absent`].
fn either(cases: Vec<Pattern>, whole: Gathered) -> Pattern {
    let is_present = |case: &Pattern| matches!(case, Pattern::Present);
    let is_failed = |case: &Pattern| matches!(case, Pattern::Failed);
    let is_gone = |case: &Pattern| matches!(case, Pattern::Absent | Pattern::Failed);
    let is_wild = |case: &Pattern| matches!(case, Pattern::Other(values) if values.is_empty());
    if cases.iter().all(is_present) {
        Pattern::Present
    } else if cases.iter().all(is_failed) {
        Pattern::Failed
    } else if cases.iter().all(is_gone) {
        Pattern::Absent
    } else if cases.iter().any(is_wild) || cases.iter().any(is_present) && cases.iter().any(is_gone)
    {
        Pattern::Other(Vec::new())
    } else {
        Pattern::Other(whole.values)
    }
}
