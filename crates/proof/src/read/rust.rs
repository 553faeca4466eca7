//! Reader for Rust, based on `syn`. Macro arguments, which `syn` leaves as tokens, are parsed here as far as possible.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the tree of `syn` has about a hundred kinds and may grow; unnamed kinds are read as `Other`"
)]

mod attributes;
mod expressions;
mod flow;
mod items;
mod macros;
mod names;
mod patterns;
#[cfg(test)]
mod tests;

use std::cell::Cell;

use proc_macro2::{
    Delimiter, Span, TokenStream, TokenTree, extra::invalidate_current_thread_spans,
};
use syn::{Block, Local, Pat, Stmt};

use super::{Tree, Unparsed};
use crate::{
    tree::{At, Bind, Binding, Kind, Node},
    work,
};

/// The maximum number of tokens in unfinished constructs. The parser recurses for each of them, so
/// this number limits its use of the stack.
const UNFINISHED_MAX: usize = 10_000;
/// The weight of an open bracket, in tokens.
const BRACKET: usize = 50;
/// The maximum number of bytes of macro input that may be scanned without a match before the file is rejected.
const FAILED_SCAN_BYTES_MAX: usize = 4 << 20;

/// Parses a source file.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let read = read_spans(text);
    // `proc_macro2` keeps the span tables of every parsed file until the thread ends.
    invalidate_current_thread_spans();
    read
}

fn read_spans(text: &str) -> Result<Tree, Unparsed> {
    let tokens: TokenStream =
        without_shebang(text)
            .parse()
            .map_err(|error: proc_macro2::LexError| Unparsed {
                at: place(error.span()),
                message: "unbalanced bracket or quote, or a character that is not valid in Rust"
                    .to_owned(),
            })?;
    if let Some(span) = too_deep(tokens.clone()) {
        return Err(Unparsed {
            at: place(span),
            message: "nested too deeply".to_owned(),
        });
    }
    let file: syn::File = syn::parse2(tokens).map_err(|error| Unparsed {
        at: place(error.span()),
        message: error.to_string(),
    })?;
    let reader = Reader::new();
    let nodes = if reader.leaves_out(&file.attrs) {
        Vec::new()
    } else {
        reader.items(&file.items)
    };
    if reader.is_scan_limit_reached() {
        return Err(Unparsed {
            at: reader.last_failed_scan.get(),
            message: "macro arguments that do not parse as Rust are too long to scan".to_owned(),
        });
    }
    Ok(Tree {
        root: Node {
            at: At { line: 1, column: 1 },
            kind: Kind::Block {
                nodes,
                has_value: false,
            },
        },
        tests_left_out: reader.tests_left_out.get(),
    })
}

/// Removes the first line of a script (`#!/…`), but not an inner attribute (`#![…]`).
fn without_shebang(text: &str) -> &str {
    match text.strip_prefix("#!") {
        Some(rest) if !rest.trim_start().starts_with('[') => text
            .find('\n')
            .and_then(|end| text.get(end..))
            .unwrap_or_default(),
        Some(_) | None => text,
    }
}

/// Returns the position at which the parser would recurse too deeply, or `None` if there is none.
/// The parser recurses into brackets, and along a chain (`!!!!x`, `a + b + …`, `if … else if …`)
/// until the next `,` or `;`.
fn too_deep(tokens: TokenStream) -> Option<Span> {
    let mut levels = vec![(0, 0, tokens.into_iter().peekable())];
    while let Some((above, run, rest)) = levels.last_mut() {
        let Some(token) = rest.next() else {
            levels.pop();
            continue;
        };
        *run += 1;
        if *above + *run > UNFINISHED_MAX {
            return Some(token.span());
        }
        match token {
            TokenTree::Punct(it) if matches!(it.as_char(), ',' | ';') => *run = 0,
            TokenTree::Group(it) => {
                let unfinished = *above + *run + BRACKET;
                if it.delimiter() == Delimiter::Brace && !rest.peek().is_some_and(goes_on) {
                    *run = 0;
                }
                levels.push((unfinished, 0, it.stream().into_iter().peekable()));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    None
}

/// Returns true if this token continues an expression that ended in `}`.
fn goes_on(next: &TokenTree) -> bool {
    match next {
        TokenTree::Ident(it) => it == "else" || it == "as",
        TokenTree::Punct(it) => it.as_char() != '#',
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}

fn place(span: Span) -> At {
    work::node();
    let start = span.start();
    At {
        line: start.line.max(1),
        column: start.column + 1,
    }
}

fn node(span: Span, kind: Kind) -> Node {
    Node {
        at: place(span),
        kind,
    }
}

struct Reader {
    tests_left_out: Cell<usize>,
    /// The number of bytes scanned without a match.
    failed_scan_bytes: Cell<usize>,
    /// The position of the last scan without a match.
    last_failed_scan: Cell<At>,
}

impl Reader {
    fn new() -> Self {
        Self {
            tests_left_out: Cell::new(0),
            failed_scan_bytes: Cell::new(0),
            last_failed_scan: Cell::new(At { line: 1, column: 1 }),
        }
    }

    /// Records that the text between these positions did not parse and will be scanned again from the next token.
    fn record_failed_scan(&self, from: Span, to: Span) {
        let bytes = to.byte_range().end.saturating_sub(from.byte_range().start);
        self.failed_scan_bytes
            .update(|before| before.saturating_add(bytes));
        self.last_failed_scan.set(place(from));
    }

    fn is_scan_limit_reached(&self) -> bool {
        self.failed_scan_bytes.get() > FAILED_SCAN_BYTES_MAX
    }

    fn block(&self, block: &Block) -> Node {
        node(block.brace_token.span.open(), self.statements(&block.stmts))
    }

    fn statements(&self, statements: &[Stmt]) -> Kind {
        let has_value = match statements.last() {
            Some(Stmt::Expr(_, end)) => end.is_none(),
            Some(Stmt::Macro(it)) => it.semi_token.is_none(),
            Some(Stmt::Local(_) | Stmt::Item(_)) | None => false,
        };
        Kind::Block {
            nodes: statements
                .iter()
                .filter_map(|it| self.statement(it))
                .collect(),
            has_value,
        }
    }

    /// Converts a statement. Returns `None` for code that is compiled only for tests, and for a lone `;`.
    fn statement(&self, statement: &Stmt) -> Option<Node> {
        match statement {
            Stmt::Local(it) => (!self.leaves_out(&it.attrs)).then(|| self.local(it)),
            Stmt::Item(it) => self.item(it),
            Stmt::Expr(syn::Expr::Verbatim(tokens), _) if tokens.is_empty() => None,
            Stmt::Expr(it, _) => Some(self.expression(it)),
            Stmt::Macro(it) => (!self.leaves_out(&it.attrs)).then(|| self.called_macro(&it.mac)),
        }
    }

    fn local(&self, local: &Local) -> Node {
        let pattern = match &local.pat {
            Pat::Type(it) => &it.pat,
            pattern => pattern,
        };
        let kind = match &local.init {
            None => Kind::Other(Vec::new()),
            Some(init) => Kind::Bind(Bind {
                target: Box::new(self.target(pattern)),
                value: Box::new(self.expression(&init.expr)),
                kind: Binding::Assign,
                otherwise: init
                    .diverge
                    .as_ref()
                    .map(|(_, it)| Box::new(self.expression(it))),
            }),
        };
        node(local.let_token.span, kind)
    }
}
