//! A bound for the nesting of Python code, checked on its tokens before it is parsed.
//!
//! The parser, the conversion, the checks and the destruction of the syntax tree recurse once per level. A level needs at
//! least one token that is not finished when the next level begins: an open bracket, an operator, a dot, a keyword. So the
//! number of unfinished tokens bounds the recursion.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "all tokens that neither open nor close anything are counted alike"
)]

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer::lex};

/// The maximum number of unfinished tokens.
pub(super) const UNFINISHED_MAX: usize = 10_000;
/// The number of tokens that an open bracket or an indented block counts as.
const BRACKET: usize = 50;
/// The number of tokens that an `elif` counts as, because the syntax tree nests it in the previous one.
const ELIF: usize = 10;
/// The number of tokens that a `lambda` counts as. It is not finished at the commas between its parameters.
const LAMBDA: usize = 5;

/// Returns the number of the line at which the code is nested too deeply, counted from 1.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    if !is_too_deep(text) {
        return None;
    }
    // Tokens have no positions, so the line is found by a binary search: the text up to the end of any line is too deep
    // if and only if it contains the line at which the code is nested too deeply.
    let ends: Vec<usize> = text.match_indices('\n').map(|(at, _)| at + 1).collect();
    let line = ends.partition_point(|end| !text.get(..*end).is_some_and(is_too_deep));
    Some(line + 1)
}

fn is_too_deep(text: &str) -> bool {
    let mut lexer = lex(text, Mode::Module);
    let mut nesting = Nesting::default();
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return false,
            TokenKind::Comment | TokenKind::NonLogicalNewline => {}
            token => {
                nesting.add(token);
                if nesting.unfinished() > UNFINISHED_MAX {
                    return true;
                }
            }
        }
    }
}

/// The unfinished tokens.
struct Nesting {
    /// The open blocks and brackets, outermost first, without the current one.
    outer: Vec<Level>,
    current: Level,
    /// True if the next token begins a line.
    begins_line: bool,
}

/// The tokens of one block, bracket or interpolated string.
#[derive(Clone, Copy)]
struct Level {
    /// The token that ends this level.
    end: TokenKind,
    /// The number of unfinished tokens in the enclosing levels.
    above: usize,
    /// The number of tokens since the last comma, semicolon or line.
    run: usize,
    lambdas: usize,
    elifs: usize,
}

impl Level {
    const fn new(end: TokenKind, above: usize) -> Self {
        Self {
            end,
            above,
            run: 0,
            lambdas: 0,
            elifs: 0,
        }
    }
}

impl Default for Nesting {
    fn default() -> Self {
        Self {
            outer: Vec::new(),
            current: Level::new(TokenKind::EndOfFile, 0),
            begins_line: true,
        }
    }
}

impl Nesting {
    fn unfinished(&self) -> usize {
        let Level {
            above,
            run,
            lambdas,
            elifs,
            ..
        } = self.current;
        above + run + lambdas + elifs
    }

    fn add(&mut self, token: TokenKind) {
        self.current.run += 1;
        let begins_line = std::mem::take(&mut self.begins_line);
        match token {
            TokenKind::Lpar => self.open(TokenKind::Rpar),
            TokenKind::Lsqb => self.open(TokenKind::Rsqb),
            TokenKind::Lbrace => self.open(TokenKind::Rbrace),
            TokenKind::FStringStart => self.open(TokenKind::FStringEnd),
            TokenKind::TStringStart => self.open(TokenKind::TStringEnd),
            TokenKind::Indent => {
                self.open(TokenKind::Dedent);
                self.begins_line = true;
            }
            // A closing bracket of another kind does not end the level, because the parser may continue within it.
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace if self.current.end == token => {
                self.close();
            }
            TokenKind::FStringEnd | TokenKind::TStringEnd => self.close_to(token),
            TokenKind::Dedent => {
                self.close_to(token);
                self.begins_line = true;
            }
            TokenKind::Comma | TokenKind::Semi => self.current.run = 0,
            TokenKind::Newline => {
                while ![TokenKind::Dedent, TokenKind::EndOfFile].contains(&self.current.end) {
                    self.close();
                }
                (self.current.run, self.current.lambdas) = (0, 0);
                self.begins_line = true;
            }
            TokenKind::Lambda => self.current.lambdas += LAMBDA,
            TokenKind::Elif if begins_line => self.current.elifs += ELIF,
            TokenKind::Else => {}
            _ if begins_line => self.current.elifs = 0,
            _ => {}
        }
    }

    fn open(&mut self, end: TokenKind) {
        let above = self.unfinished() + BRACKET;
        self.outer
            .push(std::mem::replace(&mut self.current, Level::new(end, above)));
    }

    fn close(&mut self) {
        if let Some(outer) = self.outer.pop() {
            self.current = outer;
        }
    }

    /// Closes the innermost level with this end, and all levels in it.
    fn close_to(&mut self, end: TokenKind) {
        let is_end = |level: &Level| level.end == end;
        if is_end(&self.current) {
            return self.close();
        }
        if let Some(at) = self.outer.iter().rposition(is_end) {
            self.outer.truncate(at);
            self.close();
        }
    }
}
