//! Conversion of Python expressions.

use ruff_python_ast::{
    Arguments, BoolOp, Comprehension, DictItem, Expr, FStringPart, InterpolatedStringElement,
    Number, UnaryOp,
};
use ruff_text_size::Ranged;

use super::{Reader, comparison, operator};
use crate::tree::{Argument, Binding, Call, Entry, Function, Kind, Leaving, Node};

/// Functions that end the process.
const EXITS: [&str; 3] = ["exit", "_exit", "abort"];

impl Reader<'_> {
    pub(super) fn boxed(&self, expression: &Expr) -> Box<Node> {
        Box::new(self.expression(expression))
    }

    pub(super) fn boxed_option(&self, expression: Option<&Expr>) -> Option<Box<Node>> {
        expression.map(|it| self.boxed(it))
    }

    fn all<'e>(&self, expressions: impl IntoIterator<Item = &'e Expr>) -> Vec<Node> {
        expressions
            .into_iter()
            .map(|it| self.expression(it))
            .collect()
    }

    pub(super) fn expression(&self, expression: &Expr) -> Node {
        let kind = match expression {
            Expr::BoolOp(it) => return self.logic(it.op, &it.values, expression),
            Expr::Named(it) => self.bind(&it.target, self.expression(&it.value), Binding::Assign),
            Expr::BinOp(it) => {
                Kind::Arithmetic(operator(it.op), self.boxed(&it.left), self.boxed(&it.right))
            }
            Expr::UnaryOp(it) => self.unary(it.op, &it.operand),
            Expr::Lambda(it) => Kind::Function(Box::new(Function {
                name: String::new(),
                parameters: it
                    .parameters
                    .as_deref()
                    .map(|all| self.parameters(all))
                    .unwrap_or_default(),
                body: self.expression(&it.body),
            })),
            Expr::If(it) => Kind::If {
                condition: self.boxed(&it.test),
                then: self.boxed(&it.body),
                otherwise: Some(self.boxed(&it.orelse)),
            },
            Expr::Dict(it) => Kind::Record {
                name: None,
                entries: it.items.iter().map(|item| self.entry(item)).collect(),
            },
            Expr::Set(it) => Kind::List(self.all(&it.elts)),
            Expr::List(it) => Kind::List(self.all(&it.elts)),
            Expr::Tuple(it) => Kind::List(self.all(&it.elts)),
            Expr::ListComp(it) => self.each(self.expression(&it.elt), &it.generators),
            Expr::SetComp(it) => self.each(self.expression(&it.elt), &it.generators),
            Expr::Generator(it) => self.each(self.expression(&it.elt), &it.generators),
            Expr::DictComp(it) => {
                let value = self.expression(&it.value);
                let entry = Entry {
                    at: value.at,
                    name: None,
                    key: it.key.as_deref().map(|key| self.expression(key)),
                    value,
                };
                let element = Kind::Record {
                    name: None,
                    entries: vec![entry],
                };
                self.each(self.node(expression, element), &it.generators)
            }
            Expr::Await(it) => return self.expression(&it.value),
            Expr::Yield(it) => Kind::Leave(Leaving::Yield, self.boxed_option(it.value.as_deref())),
            Expr::YieldFrom(it) => Kind::Leave(Leaving::Yield, Some(self.boxed(&it.value))),
            Expr::Compare(it) => return self.compare(it),
            Expr::Call(it) => self.call(&it.func, &it.arguments),
            Expr::FString(it) => self.formatted(it),
            Expr::StringLiteral(it) => Kind::Text(it.value.to_str().to_owned()),
            Expr::NumberLiteral(it) => Kind::Number(match &it.value {
                Number::Int(whole) => self.whole(whole.as_u64(), it),
                Number::Float(number) => *number,
                Number::Complex { real, .. } => *real,
            }),
            Expr::BooleanLiteral(it) => Kind::Truth(it.value),
            Expr::NoneLiteral(_) | Expr::EllipsisLiteral(_) => Kind::Nothing,
            Expr::Attribute(it) => {
                let kind = Kind::Field(self.boxed(&it.value), it.attr.to_string());
                return self.node(&it.attr, kind);
            }
            Expr::Subscript(it) => Kind::Index(self.boxed(&it.value), self.boxed(&it.slice)),
            Expr::Starred(it) => Kind::Other(vec![self.expression(&it.value)]),
            Expr::Name(it) => Kind::Name(it.id.to_string()),
            Expr::Slice(it) => {
                let parts = [&it.lower, &it.upper, &it.step];
                Kind::Other(self.all(parts.into_iter().filter_map(Option::as_deref)))
            }
            Expr::TString(_) | Expr::BytesLiteral(_) | Expr::IpyEscapeCommand(_) => {
                Kind::Other(Vec::new())
            }
        };
        self.node(expression, kind)
    }

    /// Returns the value of an integer literal. One beyond 64 bits is parsed as a float.
    fn whole(&self, short: Option<u64>, of: &impl Ranged) -> f64 {
        let text = short.map_or_else(
            || self.words(of).replace('_', ""),
            |short| short.to_string(),
        );
        text.parse().unwrap_or(f64::INFINITY)
    }

    /// Converts a chain such as `a or b or c` into `(a or b) or c`.
    fn logic(&self, op: BoolOp, values: &[Expr], whole: &Expr) -> Node {
        let mut nodes = values.iter().map(|value| self.expression(value));
        let Some(first) = nodes.next() else {
            return self.node(whole, Kind::Nothing);
        };
        nodes.fold(first, |left, right| {
            let (at, left, right) = (left.at, Box::new(left), Box::new(right));
            let kind = match op {
                BoolOp::And => Kind::And(left, right),
                BoolOp::Or => Kind::Or(left, right),
            };
            Node { at, kind }
        })
    }

    fn unary(&self, op: UnaryOp, operand: &Expr) -> Kind {
        let operand = self.expression(operand);
        match (op, operand.kind) {
            (UnaryOp::Not, kind) => Kind::Not(Box::new(Node {
                at: operand.at,
                kind,
            })),
            (UnaryOp::USub, Kind::Number(number)) => Kind::Number(-number),
            (UnaryOp::UAdd, kind) => kind,
            (_, kind) => Kind::Other(vec![Node {
                at: operand.at,
                kind,
            }]),
        }
    }

    fn compare(&self, it: &ruff_python_ast::ExprCompare) -> Node {
        let mut left: &Expr = &it.left;
        let mut whole: Option<Node> = None;
        for (op, right) in it.ops.iter().zip(&it.comparators) {
            let kind = Kind::Compare(comparison(*op), self.boxed(left), self.boxed(right));
            let link = self.node(left, kind);
            whole = Some(match whole {
                None => link,
                Some(before) => Node {
                    at: before.at,
                    kind: Kind::And(Box::new(before), Box::new(link)),
                },
            });
            left = right;
        }
        whole.unwrap_or_else(|| self.expression(&it.left))
    }

    fn entry(&self, item: &DictItem) -> Entry {
        let key = item.key.as_ref().map(|key| self.expression(key));
        let (name, key) = match key {
            Some(Node {
                kind: Kind::Text(text),
                ..
            }) => (Some(text), None),
            key => (None, key),
        };
        Entry {
            at: item
                .key
                .as_ref()
                .map_or_else(|| self.at(&item.value), |key| self.at(key)),
            name,
            key,
            value: self.expression(&item.value),
        }
    }

    fn each(&self, element: Node, generators: &[Comprehension]) -> Kind {
        let mut over = Vec::new();
        let mut at = element.at;
        for generator in generators {
            at = self.at(generator);
            over.push(Node {
                at,
                kind: Kind::Loop {
                    target: Some(self.boxed(&generator.target)),
                    over: Some(self.boxed(&generator.iter)),
                    body: Box::new(Node {
                        at,
                        kind: Kind::Other(self.all(&generator.ifs)),
                    }),
                },
            });
        }
        Kind::Comprehension {
            element: Box::new(element),
            over: Box::new(Node {
                at,
                kind: Kind::Other(over),
            }),
        }
    }

    fn call(&self, callee: &Expr, arguments: &Arguments) -> Kind {
        let callee = self.boxed(callee);
        let positional = arguments.args.iter().map(|it| Argument {
            name: None,
            value: self.expression(it),
        });
        let keywords = arguments.keywords.iter().map(|it| match &it.arg {
            Some(name) => Argument {
                name: Some(name.to_string()),
                value: self.expression(&it.value),
            },
            None => Argument {
                name: None,
                value: self.node(&it.value, Kind::Other(vec![self.expression(&it.value)])),
            },
        });
        let arguments = positional.chain(keywords).collect();
        let call = Call {
            callee,
            arguments,
            is_macro: false,
        };
        let ends = call
            .callee
            .last_name()
            .is_some_and(|name| EXITS.contains(&name));
        if ends {
            let at = call.callee.at;
            return Kind::Leave(
                Leaving::Raise,
                Some(Box::new(Node {
                    at,
                    kind: Kind::Call(call),
                })),
            );
        }
        Kind::Call(call)
    }

    /// Converts an f-string into one string with its literal parts, followed by the interpolated expressions.
    fn formatted(&self, it: &ruff_python_ast::ExprFString) -> Kind {
        let (mut text, mut values) = (String::new(), Vec::new());
        for part in &it.value {
            match part {
                FStringPart::Literal(literal) => text.push_str(literal.as_str()),
                FStringPart::FString(formatted) => {
                    for element in &formatted.elements {
                        match element {
                            InterpolatedStringElement::Literal(literal) => {
                                text.push_str(&literal.value)
                            }
                            InterpolatedStringElement::Interpolation(value) => {
                                values.push(self.expression(&value.expression));
                            }
                        }
                    }
                }
            }
        }
        values.insert(0, self.node(it, Kind::Text(text)));
        Kind::Other(values)
    }
}
