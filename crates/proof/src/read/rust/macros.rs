//! Conversion of macro calls, which `syn` leaves as tokens. Arguments are parsed as expressions, maps or statements. In
//! any other input, every part that parses is used, so that no literal is missed.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::{
    Block, Expr, Item, Lit, Macro, Pat, Stmt, Token, Type,
    ext::IdentExt as _,
    parse::{ParseStream, Parser, Result, discouraged::Speculative as _},
    punctuated::Punctuated,
    spanned::Spanned as _,
};

use super::{
    Reader,
    expressions::positional,
    names::{identifier, path_name},
    node,
};
use crate::tree::{Argument, Call, Comparison, Entry, Kind, Leaving, Node};

/// Macros that never return.
const ENDS: [&str; 5] = ["panic", "unreachable", "todo", "unimplemented", "bail"];
/// Macros that leave the function if their first argument is false.
const ASSERTS: [&str; 4] = ["assert", "debug_assert", "ensure", "require"];

/// One macro argument.
#[derive(Clone)]
enum Value {
    Expression(Expr),
    Object(Span, Vec<(Expr, Value)>),
    List(Span, Vec<Value>),
}

/// The longest part that parses, among tokens that do not follow the Rust grammar.
enum Construct {
    Named(Expr, Value),
    Statement(Stmt),
    Expression(Expr),
}

impl Reader {
    pub(super) fn called_macro(&self, of: &Macro) -> Node {
        let path = path_name(&of.path);
        let name = path.rsplit("::").next().unwrap_or_default();
        let span = of.path.span();
        if ["matches", "assert_matches", "debug_assert_matches"].contains(&name)
            && let Ok(fits) = of.parse_body_with(|input: ParseStream<'_>| self.fits(input))
        {
            let kind = match name {
                "matches" => fits,
                _ => Kind::Leave(Leaving::Assert, Some(Box::new(node(span, fits)))),
            };
            return node(span, kind);
        }
        let mut arguments = self.macro_arguments(of);
        if ASSERTS.contains(&name) && !arguments.is_empty() {
            return node(
                span,
                Kind::Leave(
                    Leaving::Assert,
                    Some(Box::new(arguments.swap_remove(0).value)),
                ),
            );
        }
        let equal = match name {
            "assert_eq" | "debug_assert_eq" => Some(Comparison::Equal),
            "assert_ne" | "debug_assert_ne" => Some(Comparison::Unequal),
            _ => None,
        };
        if let Some(comparison) = equal
            && arguments.len() >= 2
        {
            let right = Box::new(arguments.swap_remove(1).value);
            let left = Box::new(arguments.swap_remove(0).value);
            let compare = Kind::Compare(comparison, left, right);
            return node(
                span,
                Kind::Leave(Leaving::Assert, Some(Box::new(node(span, compare)))),
            );
        }
        if name == "dbg" && arguments.len() == 1 {
            return arguments.swap_remove(0).value;
        }
        let ends = ENDS.contains(&name);
        let callee = Box::new(node(span, Kind::Name(path)));
        let call = Kind::Call(Call {
            callee,
            arguments,
            is_macro: true,
        });
        node(
            span,
            if ends {
                Kind::Leave(Leaving::Raise, Some(Box::new(node(span, call))))
            } else {
                call
            },
        )
    }

    /// Parses the arguments of `matches!(value, pattern if guard)`.
    fn fits(&self, input: ParseStream<'_>) -> Result<Kind> {
        let value = self.expression(&input.parse()?);
        let comma: Token![,] = input.parse()?;
        let pattern = Pat::parse_multi_with_leading_vert(input)?;
        let fits = Kind::Fits(Box::new(self.pattern(&pattern)), Box::new(value));
        let guard = if input.parse::<Option<Token![if]>>()?.is_some() {
            Some(input.parse::<Expr>()?)
        } else {
            None
        };
        // Skip the message of an assertion.
        input.parse::<TokenStream>()?;
        Ok(match guard {
            Some(guard) => Kind::And(
                Box::new(node(comma.span, fits)),
                Box::new(self.expression(&guard)),
            ),
            None => fits,
        })
    }

    fn macro_arguments(&self, of: &Macro) -> Vec<Argument> {
        let span = of.delimiter.span().open();
        if let Ok(values) = of.parse_body_with(Punctuated::<Value, Token![,]>::parse_terminated) {
            return values.iter().map(|value| self.argument(value)).collect();
        }
        if let Ok((value, length)) = of.parse_body_with(repeated) {
            return self
                .repeated(&value, &length)
                .into_iter()
                .map(positional)
                .collect();
        }
        if let Ok(entries) = of.parse_body_with(object) {
            return vec![positional(self.object(span, &entries))];
        }
        let tokens = plain(of.tokens.clone());
        if let Ok(statements) = Block::parse_within.parse2(tokens.clone()) {
            return vec![positional(node(span, self.statements(&statements)))];
        }
        vec![positional(self.scanned(tokens))]
    }

    fn argument(&self, value: &Value) -> Argument {
        // `name = value` is a keyword argument.
        if let Value::Expression(Expr::Assign(it)) = value
            && let Expr::Path(name) = it.left.as_ref()
            && let Some(name) = name.path.get_ident()
        {
            return Argument {
                name: Some(identifier(name)),
                value: self.expression(&it.right),
            };
        }
        positional(self.value(value))
    }

    fn value(&self, value: &Value) -> Node {
        match value {
            Value::Expression(it) => match self.expression(it) {
                Node {
                    at,
                    kind: Kind::Name(name),
                } if name == "null" => Node {
                    at,
                    kind: Kind::Nothing,
                },
                node => node,
            },
            Value::Object(span, entries) => self.object(*span, entries),
            Value::List(span, values) => node(
                *span,
                Kind::List(values.iter().map(|it| self.value(it)).collect()),
            ),
        }
    }

    fn object(&self, span: Span, entries: &[(Expr, Value)]) -> Node {
        let entries = entries
            .iter()
            .map(|(key, value)| self.entry(self.expression(key), self.value(value)));
        node(
            span,
            Kind::Record {
                name: None,
                entries: entries.collect(),
            },
        )
    }

    fn entry(&self, key: Node, value: Node) -> Entry {
        let at = key.at;
        match key.kind {
            Kind::Text(name) | Kind::Name(name) => Entry {
                at,
                name: Some(name),
                key: None,
                value,
            },
            kind => Entry {
                at,
                name: None,
                key: Some(Node { at, kind }),
                value,
            },
        }
    }

    /// Converts tokens that do not follow the Rust grammar. Every part of them that parses is
    /// converted.
    pub(super) fn scanned(&self, tokens: TokenStream) -> Node {
        self.scan(plain(tokens))
    }

    fn scan(&self, tokens: TokenStream) -> Node {
        let first = tokens.clone().into_iter().next();
        let span = first.map_or_else(Span::call_site, |first| first.span());
        let scan = |input: ParseStream<'_>| {
            let mut nodes = Vec::new();
            while !input.is_empty() {
                nodes.extend(self.scan_one(input)?);
            }
            Ok(nodes)
        };
        node(span, Kind::Other(scan.parse2(tokens).unwrap_or_default()))
    }

    /// Consumes the longest construct that parses here: an entry, a statement or an expression; otherwise one token.
    fn scan_one(&self, input: ParseStream<'_>) -> Result<Option<Node>> {
        if !self.is_scan_limit_reached() {
            match ahead(input, construct) {
                Ok(Construct::Named(key, value)) => {
                    let entry = self.entry(self.expression(&key), self.value(&value));
                    let at = entry.at;
                    let kind = Kind::Record {
                        name: None,
                        entries: vec![entry],
                    };
                    return Ok(Some(Node { at, kind }));
                }
                Ok(Construct::Statement(statement)) => return Ok(self.statement(&statement)),
                Ok(Construct::Expression(expression)) => {
                    return Ok(Some(self.expression(&expression)));
                }
                Err(error) => self.record_failed_scan(input.span(), error.span()),
            }
        }
        Ok(match input.parse::<TokenTree>()? {
            TokenTree::Group(it) => Some(self.scan(it.stream())),
            TokenTree::Literal(it) => Some(self.literal(&Lit::new(it))),
            TokenTree::Ident(it) => Some(node(it.span(), Kind::Name(identifier(&it)))),
            TokenTree::Punct(_) => None,
        })
    }
}

impl syn::parse::Parse for Value {
    /// Parses `{"leverage": 10.0}` and `[…]` as in `json!`; anything else as an expression.
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if let Ok(value) = ahead(input, json) {
            return Ok(value);
        }
        input.parse().map(Self::Expression)
    }
}

fn json(input: ParseStream<'_>) -> Result<Value> {
    let group: Group = input.parse()?;
    let span = group.span_open();
    let value = match group.delimiter() {
        Delimiter::Brace => Value::Object(span, object.parse2(group.stream())?),
        Delimiter::Bracket => {
            let values = Punctuated::<Value, Token![,]>::parse_terminated.parse2(group.stream())?;
            Value::List(span, values.into_iter().collect())
        }
        Delimiter::Parenthesis | Delimiter::None => {
            return Err(input.error("expected a map or a list"));
        }
    };
    // `[…].iter()` is an expression, not a list.
    if input.is_empty() || input.peek(Token![,]) {
        Ok(value)
    } else {
        Err(input.error("expected nothing after the value"))
    }
}

/// Parses `key: value, …` or `key => value, …`.
fn object(input: ParseStream<'_>) -> Result<Vec<(Expr, Value)>> {
    let entries = Punctuated::<(Expr, Value), Token![,]>::parse_terminated_with(input, |input| {
        let key = input.parse()?;
        separator(input)?;
        Ok((key, input.parse()?))
    })?;
    Ok(entries.into_iter().collect())
}

fn separator(input: ParseStream<'_>) -> Result<()> {
    if input.peek(Token![=>]) {
        input.parse::<Token![=>]>().map(drop)
    } else {
        input.parse::<Token![:]>().map(drop)
    }
}

/// Parses `value; length`.
fn repeated(input: ParseStream<'_>) -> Result<(Expr, Expr)> {
    let value = input.parse()?;
    input.parse::<Token![;]>()?;
    Ok((value, input.parse()?))
}

/// Parses `leverage: 10.0`, `leverage: f64 = 10.0` or `"leverage" => 10.0`.
fn named_value(input: ParseStream<'_>) -> Result<(Expr, Value)> {
    let key = if input.peek(Ident::peek_any) {
        let path = Ident::parse_any(input)?.into();
        Expr::Path(syn::ExprPath {
            attrs: Vec::new(),
            qself: None,
            path,
        })
    } else {
        Expr::Lit(syn::ExprLit {
            attrs: Vec::new(),
            lit: input.parse()?,
        })
    };
    separator(input)?;
    let typed = ahead(input, |it| {
        it.parse::<Type>()?;
        it.parse::<Token![=]>()?;
        it.parse()
    });
    Ok((key, typed.or_else(|_| input.parse())?))
}

fn construct(input: ParseStream<'_>) -> Result<Construct> {
    if let Ok((key, value)) = ahead(input, named_value) {
        return Ok(Construct::Named(key, value));
    }
    if let Ok(statement) = ahead(input, statement) {
        return Ok(Construct::Statement(statement));
    }
    expression(input).map(Construct::Expression)
}

/// Parses a statement. Rejects `Verbatim`, because scanning its tokens again would not terminate.
fn statement(input: ParseStream<'_>) -> Result<Stmt> {
    match input.parse()? {
        Stmt::Item(Item::Verbatim(_)) | Stmt::Expr(Expr::Verbatim(_), _) => {
            Err(input.error("tokens"))
        }
        statement => Ok(statement),
    }
}

/// Parses an expression. Rejects `Verbatim`, as [`statement`] does.
fn expression(input: ParseStream<'_>) -> Result<Expr> {
    match input.parse()? {
        Expr::Verbatim(_) => Err(input.error("tokens")),
        expression => Ok(expression),
    }
}

/// Parses a copy of the input. Consumes nothing if the copy does not parse.
fn ahead<T>(input: ParseStream<'_>, parse: impl FnOnce(ParseStream<'_>) -> Result<T>) -> Result<T> {
    let fork = input.fork();
    let parsed = parse(&fork)?;
    input.advance_to(&fork);
    Ok(parsed)
}

/// Removes the `$` of macro variables and the `ref` of `static ref`, so that the rest parses as Rust.
fn plain(tokens: TokenStream) -> TokenStream {
    let mut is_static = false;
    let kept = tokens.into_iter().filter_map(|token| {
        let after_static = std::mem::take(&mut is_static);
        match token {
            TokenTree::Punct(it) if it.as_char() == '$' => None,
            TokenTree::Ident(it) if after_static && it == "ref" => None,
            TokenTree::Group(it) => {
                let mut group = Group::new(it.delimiter(), plain(it.stream()));
                group.set_span(it.span());
                Some(TokenTree::Group(group))
            }
            token => {
                is_static = matches!(&token, TokenTree::Ident(it) if it == "static");
                Some(token)
            }
        }
    });
    kept.collect()
}
