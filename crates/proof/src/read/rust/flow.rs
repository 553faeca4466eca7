//! Conversion of control flow: blocks, branches, loops, closures and jumps.

use proc_macro2::Span;
use syn::{Expr, Pat, spanned::Spanned as _};

use super::{Reader, node, place};
use crate::tree::{Arm, Function, Kind, Leaving, Node};

impl Reader {
    /// Converts blocks, branches, loops and jumps.
    pub(super) fn flow(&self, expression: &Expr) -> Node {
        match expression {
            Expr::Async(it) => self.block(&it.block),
            Expr::Block(it) => self.block(&it.block),
            Expr::Const(it) => self.block(&it.block),
            Expr::TryBlock(it) => self.block(&it.block),
            Expr::Unsafe(it) => self.block(&it.block),
            Expr::If(it) => {
                let kind = Kind::If {
                    condition: self.boxed(&it.cond),
                    then: Box::new(self.block(&it.then_branch)),
                    otherwise: it
                        .else_branch
                        .as_ref()
                        .map(|(_, otherwise)| self.boxed(otherwise)),
                };
                node(it.if_token.span, kind)
            }
            Expr::Let(it) => node(
                it.let_token.span,
                Kind::Fits(Box::new(self.pattern(&it.pat)), self.boxed(&it.expr)),
            ),
            Expr::Match(it) => {
                let arms = it.arms.iter().filter(|arm| !self.leaves_out(&arm.attrs));
                let kind = Kind::Match {
                    on: self.boxed(&it.expr),
                    arms: arms.map(|arm| self.arm(arm)).collect(),
                };
                node(it.match_token.span, kind)
            }
            Expr::ForLoop(it) => {
                self.looped(it.for_token.span, Some(&it.pat), Some(&it.expr), &it.body)
            }
            Expr::While(it) => self.looped(it.while_token.span, None, Some(&it.cond), &it.body),
            Expr::Loop(it) => self.looped(it.loop_token.span, None, None, &it.body),
            Expr::Break(it) => self.leave(it.break_token.span, Leaving::Break, it.expr.as_deref()),
            Expr::Continue(it) => self.leave(it.continue_token.span, Leaving::Continue, None),
            Expr::Return(it) => {
                self.leave(it.return_token.span, Leaving::Return, it.expr.as_deref())
            }
            Expr::Yield(it) => self.leave(it.yield_token.span, Leaving::Yield, it.expr.as_deref()),
            other => node(other.span(), Kind::Other(Vec::new())),
        }
    }

    pub(super) fn closure(&self, it: &syn::ExprClosure) -> Node {
        let function = Function {
            name: String::new(),
            parameters: it
                .inputs
                .iter()
                .flat_map(|input| self.parameters(input))
                .collect(),
            body: self.expression(&it.body),
        };
        let begin = it.capture.map_or(it.inputs_begin.span, |it| it.span);
        node(
            it.asyncness.map_or(begin, |it| it.span),
            Kind::Function(Box::new(function)),
        )
    }

    fn arm(&self, arm: &syn::Arm) -> Arm {
        let guard = match &arm.pat {
            Pat::Guard(it) => Some(self.expression(&it.guard)),
            _ => None,
        };
        Arm {
            at: place(arm.pat.span()),
            pattern: self.pattern(&arm.pat),
            guard,
            body: self.expression(&arm.body),
        }
    }

    fn looped(
        &self,
        span: Span,
        target: Option<&Pat>,
        over: Option<&Expr>,
        body: &syn::Block,
    ) -> Node {
        let kind = Kind::Loop {
            target: target.map(|it| Box::new(self.target(it))),
            over: over.map(|it| self.boxed(it)),
            body: Box::new(self.block(body)),
        };
        node(span, kind)
    }

    fn leave(&self, span: Span, leaving: Leaving, value: Option<&Expr>) -> Node {
        node(span, Kind::Leave(leaving, value.map(|it| self.boxed(it))))
    }
}
