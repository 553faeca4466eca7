//! Conversion of Rust expressions.

use proc_macro2::Span;
use syn::{BinOp, Expr, Lit, Member, Path, QSelf, UnOp, spanned::Spanned};

use super::{
    Reader,
    names::{identifier, is_named, path_name, type_name},
    node, place,
};
use crate::tree::{
    Argument, At, Bind, Binding, Call, Comparison, Entry, Kind, Leaving, Node, Operator,
};

/// Functions that never return, by the last parts of their path.
const ENDS: [&str; 5] = [
    "process::exit",
    "process::abort",
    "panic_any",
    "panic::resume_unwind",
    "unreachable_unchecked",
];

impl Reader {
    pub(super) fn expression(&self, expression: &Expr) -> Node {
        self.begun(expression).1
    }

    pub(super) fn boxed(&self, expression: &Expr) -> Box<Node> {
        Box::new(self.expression(expression))
    }

    fn all<'e>(&self, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<Node> {
        expressions
            .into_iter()
            .map(|it| self.expression(it))
            .collect()
    }

    /// Converts an expression and returns its start. `a.b` starts at `a`, but its node is positioned at `b`.
    fn begun(&self, expression: &Expr) -> (At, Node) {
        let node = match expression {
            Expr::Assign(it) => {
                return self.infix(&it.left, |left| {
                    self.bound(left, self.expression(&it.right), Binding::Assign)
                });
            }
            Expr::Await(it) => return self.begun(&it.base),
            Expr::Binary(it) => {
                return self.infix(&it.left, |left| {
                    self.binary(left, &it.op, self.expression(&it.right))
                });
            }
            Expr::Call(it) => {
                return self.infix(&it.func, |callee| call(callee, self.arguments(&it.args)));
            }
            Expr::Cast(it) => return self.begun(&it.expr),
            Expr::Field(it) => return self.field(&it.base, &it.member),
            Expr::Index(it) => {
                return self.infix(&it.expr, |of| {
                    Kind::Index(Box::new(of), self.boxed(&it.index))
                });
            }
            Expr::MethodCall(it) => {
                return self.infix_at(&it.receiver, |at, of| {
                    let callee = Node {
                        at: place(it.method.span()),
                        kind: Kind::Field(Box::new(of), identifier(&it.method)),
                    };
                    Node {
                        at,
                        kind: call(callee, self.arguments(&it.args)),
                    }
                });
            }
            Expr::Range(it) => {
                let at = it
                    .start
                    .as_ref()
                    .map_or_else(|| place(it.limits.span()), |start| self.begun(start).0);
                let ends = [&it.start, &it.end].into_iter().flatten();
                Node {
                    at,
                    kind: Kind::Other(self.all(ends.map(AsRef::as_ref))),
                }
            }
            Expr::Try(it) => return self.infix(&it.expr, question),
            Expr::Group(it) => return (place(it.group_token.span), self.expression(&it.expr)),
            Expr::Paren(it) => {
                return (place(it.paren_token.span.open()), self.expression(&it.expr));
            }
            Expr::Reference(it) => return (place(it.and_token.span), self.expression(&it.expr)),
            Expr::RawAddr(it) => return (place(it.and_token.span), self.expression(&it.expr)),
            Expr::Unary(it) if matches!(it.op, UnOp::Deref(_)) => {
                return (place(it.op.span()), self.expression(&it.expr));
            }
            Expr::Unary(it) => self.unary(&it.op, &it.expr),
            Expr::Array(it) => node(
                it.bracket_token.span.open(),
                Kind::List(self.all(&it.elems)),
            ),
            Expr::Tuple(it) if it.elems.is_empty() => {
                node(it.paren_token.span.open(), Kind::Nothing)
            }
            Expr::Tuple(it) => node(it.paren_token.span.open(), Kind::List(self.all(&it.elems))),
            Expr::Repeat(it) => node(
                it.bracket_token.span.open(),
                Kind::List(self.repeated(&it.expr, &it.len)),
            ),
            Expr::Struct(it) => self.record(it),
            Expr::Lit(it) => self.literal(&it.lit),
            Expr::Path(it) => self.path(it.qself.as_ref(), &it.path),
            Expr::Infer(it) => node(it.underscore_token.span, Kind::Name("_".to_owned())),
            Expr::Macro(it) => self.called_macro(&it.mac),
            Expr::Verbatim(tokens) => self.scanned(tokens.clone()),
            Expr::Closure(it) => self.closure(it),
            other => self.flow(other),
        };
        (node.at, node)
    }

    /// Converts a construct that starts with its left operand.
    fn infix(&self, left: &Expr, kind: impl FnOnce(Node) -> Kind) -> (At, Node) {
        self.infix_at(left, |at, left| Node {
            at,
            kind: kind(left),
        })
    }

    fn infix_at(&self, left: &Expr, whole: impl FnOnce(At, Node) -> Node) -> (At, Node) {
        let (at, left) = self.begun(left);
        (at, whole(at, left))
    }

    fn field(&self, base: &Expr, member: &Member) -> (At, Node) {
        let (at, base) = self.begun(base);
        let (span, name) = named(member);
        (at, node(span, Kind::Field(Box::new(base), name)))
    }

    fn arguments<'e>(&self, arguments: impl IntoIterator<Item = &'e Expr>) -> Vec<Argument> {
        self.all(arguments).into_iter().map(positional).collect()
    }

    fn binary(&self, left: Node, op: &BinOp, right: Node) -> Kind {
        let arithmetic = |op, left, right| Kind::Arithmetic(op, Box::new(left), Box::new(right));
        let compare = |op, left, right| Kind::Compare(op, Box::new(left), Box::new(right));
        let update = |op, left: Node, right| {
            let at = left.at;
            let value = Node {
                at,
                kind: arithmetic(op, left.duplicate(), right),
            };
            self.bound(left, value, Binding::Update)
        };
        match op {
            BinOp::Add(_) => arithmetic(Operator::Add, left, right),
            BinOp::Sub(_) => arithmetic(Operator::Subtract, left, right),
            BinOp::Mul(_) => arithmetic(Operator::Multiply, left, right),
            BinOp::Div(_) => arithmetic(Operator::Divide, left, right),
            BinOp::And(_) => Kind::And(Box::new(left), Box::new(right)),
            BinOp::Or(_) => Kind::Or(Box::new(left), Box::new(right)),
            BinOp::Eq(_) => compare(Comparison::Equal, left, right),
            BinOp::Ne(_) => compare(Comparison::Unequal, left, right),
            BinOp::Lt(_) => compare(Comparison::Less, left, right),
            BinOp::Le(_) => compare(Comparison::LessOrEqual, left, right),
            BinOp::Gt(_) => compare(Comparison::Greater, left, right),
            BinOp::Ge(_) => compare(Comparison::GreaterOrEqual, left, right),
            BinOp::AddAssign(_) => update(Operator::Add, left, right),
            BinOp::SubAssign(_) => update(Operator::Subtract, left, right),
            BinOp::MulAssign(_) => update(Operator::Multiply, left, right),
            BinOp::DivAssign(_) => update(Operator::Divide, left, right),
            BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_) => update(Operator::Another, left, right),
            BinOp::Rem(_)
            | BinOp::BitXor(_)
            | BinOp::BitAnd(_)
            | BinOp::BitOr(_)
            | BinOp::Shl(_)
            | BinOp::Shr(_)
            | _ => arithmetic(Operator::Another, left, right),
        }
    }

    fn unary(&self, op: &UnOp, operand: &Expr) -> Node {
        let of = self.expression(operand);
        let kind = match (op, of.kind) {
            (UnOp::Not(_), kind) => Kind::Not(Box::new(Node { at: of.at, kind })),
            (UnOp::Neg(_), Kind::Number(number)) => Kind::Number(-number),
            (_, kind) => Kind::Other(vec![Node { at: of.at, kind }]),
        };
        node(op.span(), kind)
    }

    fn bound(&self, target: Node, value: Node, kind: Binding) -> Kind {
        Kind::Bind(Bind {
            target: Box::new(target),
            value: Box::new(value),
            kind,
            otherwise: None,
        })
    }

    /// Converts `[value; length]`. The length is not one of the values.
    pub(super) fn repeated(&self, value: &Expr, length: &Expr) -> Vec<Node> {
        let length = self.expression(length);
        let mut nodes = vec![self.expression(value)];
        if !matches!(
            length.kind,
            Kind::Number(_) | Kind::Name(_) | Kind::Field(..)
        ) {
            nodes.push(Node {
                at: length.at,
                kind: Kind::Other(vec![length]),
            });
        }
        nodes
    }

    fn record(&self, it: &syn::ExprStruct) -> Node {
        let fields = it
            .fields
            .iter()
            .filter(|field| !self.leaves_out(&field.attrs))
            .map(|field| {
                let (span, name) = named(&field.member);
                Entry {
                    at: place(span),
                    name: Some(name),
                    key: None,
                    value: self.expression(&field.expr),
                }
            });
        let rest = it.rest.iter().map(|rest| {
            let value = self.expression(rest);
            Entry {
                at: value.at,
                name: None,
                key: None,
                value,
            }
        });
        let kind = Kind::Record {
            name: Some(path_name(&it.path)),
            entries: fields.chain(rest).collect(),
        };
        node(it.path.span(), kind)
    }

    pub(super) fn path(&self, of: Option<&QSelf>, path: &Path) -> Node {
        let name = match of {
            // `<Policy as Default>::default` becomes `Policy::default`.
            Some(of) => {
                let after = path
                    .segments
                    .iter()
                    .skip(of.position)
                    .map(|it| identifier(&it.ident));
                std::iter::once(type_name(&of.ty))
                    .chain(after)
                    .collect::<Vec<_>>()
                    .join("::")
            }
            None => path_name(path),
        };
        let span = of.map_or_else(|| path.span(), |of| of.lt_token.span);
        node(
            span,
            if is_named(path, "None") {
                Kind::Nothing
            } else {
                Kind::Name(name)
            },
        )
    }

    pub(super) fn literal(&self, literal: &Lit) -> Node {
        let kind = match literal {
            Lit::Str(it) => Kind::Text(it.value()),
            Lit::ByteStr(it) => Kind::Text(String::from_utf8_lossy(&it.value()).into_owned()),
            Lit::CStr(it) => Kind::Text(it.value().to_string_lossy().into_owned()),
            Lit::Char(it) => Kind::Text(it.value().to_string()),
            Lit::Int(it) => Kind::Number(it.base10_digits().parse().unwrap_or(f64::INFINITY)),
            Lit::Float(it) => Kind::Number(it.base10_digits().parse().unwrap_or(f64::INFINITY)),
            Lit::Bool(it) => Kind::Truth(it.value),
            Lit::Byte(_) | Lit::Verbatim(_) | _ => Kind::Other(Vec::new()),
        };
        node(literal.span(), kind)
    }
}

pub(super) fn positional(value: Node) -> Argument {
    Argument { name: None, value }
}

fn call(callee: Node, arguments: Vec<Argument>) -> Kind {
    let ends = match &callee.kind {
        Kind::Name(name) => ENDS.iter().any(|end| name.ends_with(end)),
        _ => false,
    };
    let at = callee.at;
    let kind = Kind::Call(Call {
        callee: Box::new(callee),
        arguments,
        is_macro: false,
    });
    if ends {
        Kind::Leave(Leaving::Raise, Some(Box::new(Node { at, kind })))
    } else {
        kind
    }
}

/// Converts `?`. `Err(…)?` and `None?` always leave the function.
fn question(of: Node) -> Kind {
    let fails = match &of.kind {
        Kind::Call(call) => call.callee.last_name() == Some("Err"),
        Kind::Nothing => true,
        _ => false,
    };
    if fails {
        Kind::Leave(Leaving::Return, Some(Box::new(of)))
    } else {
        Kind::Question(Box::new(of))
    }
}

fn named(member: &Member) -> (Span, String) {
    match member {
        Member::Named(it) => (it.span(), identifier(it)),
        Member::Unnamed(it) => (it.span, it.index.to_string()),
    }
}
