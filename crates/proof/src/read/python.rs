//! Reader for Python, based on the parser of Ruff.

mod expressions;
mod nesting;
mod patterns;

use ruff_python_ast::{
    CmpOp, ElifElseClause, ExceptHandler, Expr, Operator as PythonOperator, Parameter as Argument,
    Parameters, Stmt,
};
use ruff_text_size::Ranged;

use super::{Tree, Unparsed, lines::Lines};
use crate::tree::{
    Arm, At, Bind, Binding, Class, Comparison, Function, Handler, Kind, Leaving, Node, Operator,
    Parameter,
};
use crate::work;

/// Parses a module.
pub(crate) fn read(text: &str) -> Result<Tree, Unparsed> {
    let lines = Lines::of(text);
    if let Some(line) = nesting::too_deep(text) {
        return Err(Unparsed {
            at: At { line, column: 1 },
            message: "nested too deeply".to_owned(),
        });
    }
    let parsed = ruff_python_parser::parse_module(text).map_err(|error| Unparsed {
        at: lines.at(error.location.start().to_usize()),
        message: error.error.to_string(),
    })?;
    let reader = Reader { text, lines };
    Ok(Tree {
        root: reader.block(
            At { line: 1, column: 1 },
            &parsed.syntax().body,
            Inside::Module,
        ),
        tests_left_out: 0,
    })
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
}

/// The kind of block that contains a statement. An assignment in a class is a field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Module,
    Class,
    Function,
}

impl Reader<'_> {
    fn at(&self, of: &impl Ranged) -> At {
        work::node();
        self.lines.at(of.range().start().to_usize())
    }

    fn node(&self, of: &impl Ranged, kind: Kind) -> Node {
        Node {
            at: self.at(of),
            kind,
        }
    }

    fn words(&self, of: &impl Ranged) -> String {
        self.text
            .get(of.range().to_std_range())
            .unwrap_or_default()
            .to_owned()
    }

    fn block(&self, at: At, statements: &[Stmt], inside: Inside) -> Node {
        let nodes = statements
            .iter()
            .map(|it| self.statement(it, inside))
            .collect();
        Node {
            at,
            kind: Kind::Block {
                nodes,
                has_value: false,
            },
        }
    }

    fn body(&self, statements: &[Stmt]) -> Node {
        let at = statements
            .first()
            .map_or(At { line: 1, column: 1 }, |first| self.at(first));
        self.block(at, statements, Inside::Function)
    }

    fn statement(&self, statement: &Stmt, inside: Inside) -> Node {
        let at = self.at(statement);
        let kind = match statement {
            Stmt::FunctionDef(it) => return self.function(at, it),
            Stmt::ClassDef(it) => return self.class(at, it),
            Stmt::Return(it) => {
                Kind::Leave(Leaving::Return, self.boxed_option(it.value.as_deref()))
            }
            Stmt::Raise(it) => Kind::Leave(Leaving::Raise, self.boxed_option(it.exc.as_deref())),
            Stmt::Assert(it) => Kind::Leave(Leaving::Assert, Some(self.boxed(&it.test))),
            Stmt::Break(_) => Kind::Leave(Leaving::Break, None),
            Stmt::Continue(_) => Kind::Leave(Leaving::Continue, None),
            Stmt::Assign(it) => self.assign(&it.targets, &it.value, inside),
            Stmt::AugAssign(it) => self.update(it),
            Stmt::AnnAssign(it) => return self.declared(at, it, inside),
            Stmt::For(it) => self.looped(Some(&it.target), Some(&it.iter), &it.body, &it.orelse),
            Stmt::While(it) => self.looped(None, Some(&it.test), &it.body, &it.orelse),
            Stmt::If(it) => Kind::If {
                condition: self.boxed(&it.test),
                then: Box::new(self.body(&it.body)),
                otherwise: self.otherwise(&it.elif_else_clauses),
            },
            Stmt::With(it) => return self.with(at, it),
            Stmt::Match(it) => Kind::Match {
                on: self.boxed(&it.subject),
                arms: it.cases.iter().map(|case| self.arm(case)).collect(),
            },
            Stmt::Try(it) => Kind::Try {
                body: Box::new(self.body(&it.body)),
                handlers: it
                    .handlers
                    .iter()
                    .map(|handler| self.handler(handler))
                    .collect(),
                after: vec![self.body(&it.orelse), self.body(&it.finalbody)],
            },
            // A docstring, or an ellipsis as a placeholder for a body.
            Stmt::Expr(it)
                if it.value.is_string_literal_expr() || it.value.is_ellipsis_literal_expr() =>
            {
                Kind::Other(Vec::new())
            }
            Stmt::Expr(it) => return self.expression(&it.value),
            Stmt::Import(_)
            | Stmt::ImportFrom(_)
            | Stmt::Delete(_)
            | Stmt::TypeAlias(_)
            | Stmt::Global(_)
            | Stmt::Nonlocal(_)
            | Stmt::Pass(_)
            | Stmt::IpyEscapeCommand(_) => Kind::Other(Vec::new()),
        };
        Node { at, kind }
    }

    fn assign(&self, targets: &[Expr], value: &Expr, inside: Inside) -> Kind {
        let kind = if inside == Inside::Class {
            Binding::Field
        } else {
            Binding::Assign
        };
        let mut binds: Vec<Node> = targets
            .iter()
            .map(|target| self.node(target, self.bind(target, self.expression(value), kind)))
            .collect();
        match binds.len() {
            1 => binds.remove(0).kind,
            _ => Kind::Other(binds),
        }
    }

    fn bind(&self, target: &Expr, value: Node, kind: Binding) -> Kind {
        Kind::Bind(Bind {
            target: self.boxed(target),
            value: Box::new(value),
            kind,
            otherwise: None,
        })
    }

    fn update(&self, it: &ruff_python_ast::StmtAugAssign) -> Kind {
        let value = Kind::Arithmetic(
            operator(it.op),
            self.boxed(&it.target),
            self.boxed(&it.value),
        );
        self.bind(&it.target, self.node(it, value), Binding::Update)
    }

    /// Converts `x: T` or `x: T = …`.
    fn declared(&self, at: At, it: &ruff_python_ast::StmtAnnAssign, inside: Inside) -> Node {
        let kind = if inside == Inside::Class {
            Binding::Field
        } else {
            Binding::Assign
        };
        let kind = match &it.value {
            Some(value) => self.bind(&it.target, self.expression(value), kind),
            None => Kind::Other(Vec::new()),
        };
        Node { at, kind }
    }

    fn looped(
        &self,
        target: Option<&Expr>,
        over: Option<&Expr>,
        body: &[Stmt],
        orelse: &[Stmt],
    ) -> Kind {
        let mut nodes = vec![self.body(body)];
        nodes.push(self.body(orelse));
        let at = nodes
            .first()
            .map_or(At { line: 1, column: 1 }, |node| node.at);
        Kind::Loop {
            target: self.boxed_option(target),
            over: self.boxed_option(over),
            body: Box::new(Node {
                at,
                kind: Kind::Block {
                    nodes,
                    has_value: false,
                },
            }),
        }
    }

    fn otherwise(&self, clauses: &[ElifElseClause]) -> Option<Box<Node>> {
        let (first, rest) = clauses.split_first()?;
        let node = match &first.test {
            None => self.body(&first.body),
            Some(test) => self.node(
                first,
                Kind::If {
                    condition: self.boxed(test),
                    then: Box::new(self.body(&first.body)),
                    otherwise: self.otherwise(rest),
                },
            ),
        };
        Some(Box::new(node))
    }

    fn with(&self, at: At, it: &ruff_python_ast::StmtWith) -> Node {
        let mut nodes = Vec::new();
        let mut suppresses = None;
        for item in &it.items {
            let value = self.expression(&item.context_expr);
            if let Kind::Call(call) = &value.kind
                && call.callee.last_name() == Some("suppress")
            {
                suppresses = Some(value.at);
            }
            nodes.push(match &item.optional_vars {
                Some(target) => {
                    self.node(target.as_ref(), self.bind(target, value, Binding::Assign))
                }
                None => value,
            });
        }
        let body = self.body(&it.body);
        nodes.push(match suppresses {
            None => body,
            Some(_) => Node {
                at,
                kind: Kind::Try {
                    body: Box::new(body),
                    handlers: vec![Handler {
                        at,
                        body: Node {
                            at,
                            kind: Kind::Other(Vec::new()),
                        },
                    }],
                    after: Vec::new(),
                },
            },
        });
        Node {
            at,
            kind: Kind::Block {
                nodes,
                has_value: false,
            },
        }
    }

    fn handler(&self, handler: &ExceptHandler) -> Handler {
        let ExceptHandler::ExceptHandler(it) = handler;
        Handler {
            at: self.at(it),
            body: self.body(&it.body),
        }
    }

    fn arm(&self, case: &ruff_python_ast::MatchCase) -> Arm {
        Arm {
            at: self.at(case),
            pattern: self.pattern(&case.pattern),
            guard: case.guard.as_deref().map(|guard| self.expression(guard)),
            body: self.body(&case.body),
        }
    }

    /// Decorator expressions come before the function node.
    fn function(&self, at: At, it: &ruff_python_ast::StmtFunctionDef) -> Node {
        let function = Function {
            name: it.name.to_string(),
            parameters: self.parameters(&it.parameters),
            body: self.body(&it.body),
        };
        let function = Node {
            at: self.at(&it.name),
            kind: Kind::Function(Box::new(function)),
        };
        if it.decorator_list.is_empty() {
            return function;
        }
        let mut nodes: Vec<Node> = it
            .decorator_list
            .iter()
            .map(|decorator| self.expression(&decorator.expression))
            .collect();
        nodes.push(function);
        Node {
            at,
            kind: Kind::Other(nodes),
        }
    }

    fn parameters(&self, parameters: &Parameters) -> Vec<Parameter> {
        let bare = |argument: &Argument| Parameter {
            name: argument.name.to_string(),
            declared: argument.annotation.as_deref().map(|it| self.words(it)),
            default: None,
        };
        let mut all: Vec<Parameter> = parameters
            .iter_non_variadic_params()
            .map(|it| Parameter {
                default: it
                    .default
                    .as_deref()
                    .map(|default| self.expression(default)),
                ..bare(&it.parameter)
            })
            .collect();
        all.extend(parameters.vararg.as_deref().map(bare));
        all.extend(parameters.kwarg.as_deref().map(bare));
        all
    }

    fn class(&self, at: At, it: &ruff_python_ast::StmtClassDef) -> Node {
        let bases = it
            .arguments
            .iter()
            .flat_map(|arguments| arguments.args.iter());
        let decorators = it
            .decorator_list
            .iter()
            .map(|decorator| &decorator.expression);
        let declared = it.body.iter().filter_map(Stmt::as_ann_assign_stmt);
        let fields = declared
            .filter(|field| field.value.is_none())
            .map(|field| Parameter {
                name: self.words(field.target.as_ref()),
                declared: Some(self.words(field.annotation.as_ref())),
                default: None,
            });
        let class = Class {
            name: it.name.to_string(),
            of: bases
                .chain(decorators)
                .map(|base| self.words(base))
                .collect(),
            fields: fields.collect(),
            body: it
                .body
                .iter()
                .map(|statement| self.statement(statement, Inside::Class))
                .collect(),
        };
        Node {
            at,
            kind: Kind::Class(class),
        }
    }
}

fn operator(operator: PythonOperator) -> Operator {
    match operator {
        PythonOperator::Add => Operator::Add,
        PythonOperator::Sub => Operator::Subtract,
        PythonOperator::Mult => Operator::Multiply,
        PythonOperator::Div | PythonOperator::FloorDiv => Operator::Divide,
        PythonOperator::MatMult
        | PythonOperator::Mod
        | PythonOperator::Pow
        | PythonOperator::LShift
        | PythonOperator::RShift
        | PythonOperator::BitOr
        | PythonOperator::BitXor
        | PythonOperator::BitAnd => Operator::Another,
    }
}

fn comparison(operator: CmpOp) -> Comparison {
    match operator {
        CmpOp::Eq | CmpOp::Is => Comparison::Equal,
        CmpOp::NotEq | CmpOp::IsNot => Comparison::Unequal,
        CmpOp::Lt => Comparison::Less,
        CmpOp::LtE => Comparison::LessOrEqual,
        CmpOp::Gt => Comparison::Greater,
        CmpOp::GtE => Comparison::GreaterOrEqual,
        CmpOp::In => Comparison::In,
        CmpOp::NotIn => Comparison::NotIn,
    }
}
