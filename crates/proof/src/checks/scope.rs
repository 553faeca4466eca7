//! The scopes of a file: functions, class bodies, and the module level.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use crate::{
    name_words::{contains_any, words},
    tree::{Argument, At, Bind, Call, Class, Kind, Leaving, Node, Parameter},
    vocabulary::{Subject, Vocabulary},
    work::step,
};

pub(super) struct Program<'a> {
    pub(super) vocabulary: &'a Vocabulary,
    pub(super) scopes: Vec<Scope<'a>>,
    /// True for a settings file, false for code.
    pub(super) is_settings: bool,
    /// The values bound to each name outside of functions, and to each field of `self` (`.x`) anywhere.
    bound: BTreeMap<String, Vec<&'a Node>>,
    /// The values returned by each function without parameters.
    returned: BTreeMap<String, Vec<&'a Node>>,
    /// The subjects (leverage, size, …) of each name that was looked up so far, because most names occur many times.
    subject_cache: RefCell<BTreeMap<String, Vec<Subject>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
}

pub(super) struct Scope<'a> {
    pub(super) kind: ScopeKind,
    /// The name of the function or class; empty at module level.
    pub(super) name: &'a str,
    /// The position at which the scope begins.
    pub(super) at: At,
    /// The class in which the scope is defined, if any.
    pub(super) class: Option<&'a Class>,
    pub(super) parameters: &'a [Parameter],
    /// All nodes in source order, without those of nested functions and classes.
    pub(super) nodes: Vec<&'a Node>,
    /// The values that the function returns.
    pub(super) returned: Vec<&'a Node>,
    bound: BTreeMap<String, Vec<&'a Node>>,
    /// Every name that occurs in the scope.
    names: BTreeSet<&'a str>,
}

impl<'a> Program<'a> {
    pub(super) fn of(root: &'a Node, vocabulary: &'a Vocabulary) -> Self {
        let mut program = Self {
            vocabulary,
            scopes: Vec::new(),
            is_settings: matches!(root.kind, Kind::Record { .. } | Kind::List(_)),
            bound: BTreeMap::new(),
            returned: BTreeMap::new(),
            subject_cache: RefCell::default(),
        };
        program.enter(Scope::new(ScopeKind::Module, root.at, "", None, &[]), root);
        for scope in &program.scopes {
            for (name, values) in &scope.bound {
                if scope.kind != ScopeKind::Function || name.starts_with('.') {
                    program
                        .bound
                        .entry(name.clone())
                        .or_default()
                        .extend(values);
                }
            }
            if scope.kind == ScopeKind::Function
                && scope.parameters.is_empty()
                && !scope.name.is_empty()
            {
                program
                    .returned
                    .entry(scope.name.to_owned())
                    .or_default()
                    .extend(&scope.returned);
            }
        }
        program
    }

    fn enter(&mut self, mut scope: Scope<'a>, body: &'a Node) {
        self.gather(&mut scope, body);
        if let Kind::Block {
            nodes,
            has_value: true,
        } = &body.kind
        {
            scope.returned.extend(nodes.last());
        }
        self.scopes.push(scope);
    }

    fn gather(&mut self, scope: &mut Scope<'a>, node: &'a Node) {
        match &node.kind {
            Kind::Function(function) if !function.name.is_empty() => {
                for default in function
                    .parameters
                    .iter()
                    .filter_map(|it| it.default.as_ref())
                {
                    self.gather(scope, default);
                }
                let inner = Scope::new(
                    ScopeKind::Function,
                    node.at,
                    &function.name,
                    scope.class,
                    &function.parameters,
                );
                self.enter(inner, &function.body);
                return;
            }
            Kind::Class(class) => {
                let mut inner =
                    Scope::new(ScopeKind::Class, node.at, &class.name, Some(class), &[]);
                inner
                    .names
                    .extend(class.fields.iter().map(|field| field.name.as_str()));
                for node in &class.body {
                    self.gather(&mut inner, node);
                }
                self.scopes.push(inner);
                return;
            }
            _ => scope.take(node),
        }
        for child in node.children() {
            self.gather(scope, child);
        }
    }

    /// Returns the value of a name in a scope if the name is bound exactly once.
    pub(super) fn single_value(&self, node: &Node, scope: &Scope<'a>) -> Option<&'a Node> {
        let key = key(node)?;
        let is_parameter = scope.parameters.iter().any(|it| it.name == key);
        let inside = scope.bound.get(&key);
        let values = match inside {
            Some(values) if !key.starts_with('.') => values,
            _ if is_parameter => return None,
            // A field that no method assigns may be a class attribute.
            _ => self
                .bound
                .get(&key)
                .or_else(|| self.bound.get(key.strip_prefix('.')?))?,
        };
        match values.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// Returns the values that a call without arguments can return, if the function is in this file.
    pub(super) fn returned_by(&self, call: &Call) -> &[&'a Node] {
        let name = if call.arguments.is_empty() {
            call.callee.last_name()
        } else {
            None
        };
        name.and_then(|name| self.returned.get(name))
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_about(&self, name: &str, subject: Subject) -> bool {
        step();
        if let Some(subjects) = self.subject_cache.borrow().get(name) {
            return subjects.contains(&subject);
        }
        let subjects = self.vocabulary.subjects(name);
        let is_about = subjects.contains(&subject);
        self.subject_cache
            .borrow_mut()
            .insert(name.to_owned(), subjects);
        is_about
    }
}

impl<'a> Scope<'a> {
    fn new(
        kind: ScopeKind,
        at: At,
        name: &'a str,
        class: Option<&'a Class>,
        parameters: &'a [Parameter],
    ) -> Self {
        let names = parameters.iter().map(|it| it.name.as_str());
        let class_name = class.map(|class| class.name.as_str());
        Self {
            kind,
            at,
            name,
            class,
            parameters,
            nodes: Vec::new(),
            returned: Vec::new(),
            bound: BTreeMap::new(),
            names: names.chain([name]).chain(class_name).collect(),
        }
    }

    fn take(&mut self, node: &'a Node) {
        self.nodes.push(node);
        match &node.kind {
            Kind::Name(name) | Kind::Field(_, name) => {
                self.names.insert(name);
            }
            Kind::Record { entries, .. } => {
                self.names
                    .extend(entries.iter().filter_map(|it| it.name.as_deref()));
            }
            Kind::Call(call) => {
                self.names
                    .extend(call.arguments.iter().filter_map(|it| it.name.as_deref()));
            }
            Kind::Bind(bind) => self.bind(bind),
            Kind::Loop {
                target: Some(target),
                over: Some(over),
                ..
            } => self.bound_to(target, over),
            Kind::Leave(Leaving::Return, Some(value)) => self.returned.push(value),
            _ => {}
        }
    }

    fn bind(&mut self, bind: &'a Bind) {
        match (&bind.target.kind, &bind.value.kind) {
            (Kind::List(targets), Kind::List(values)) if targets.len() == values.len() => {
                for (target, value) in targets.iter().zip(values) {
                    self.bound_to(target, value);
                }
            }
            _ => self.bound_to(&bind.target, &bind.value),
        }
    }

    fn bound_to(&mut self, target: &'a Node, value: &'a Node) {
        if let Some(key) = key(target) {
            self.bound.entry(key).or_default().push(value);
        }
        if let Kind::List(targets) = &target.kind {
            // Each target gets an unknown part of the value.
            for target in targets {
                self.bound_to(target, value);
            }
        }
    }

    /// Returns the values that a name is bound to in this scope.
    pub(super) fn bindings(&self, name: &str) -> &[&'a Node] {
        self.bound.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns true if any name in the scope contains one of these words.
    pub(super) fn mentions(&self, of: &[&str]) -> bool {
        self.names.iter().any(|name| contains_any(&words(name), of))
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = (&'a Node, &'a Call)> {
        self.nodes
            .iter()
            .inspect(|_| step())
            .filter_map(|node| match &node.kind {
                Kind::Call(call) => Some((*node, call)),
                _ => None,
            })
    }
}

/// Returns the key under which bindings are stored: the last part of a path, or `.x` for a field of `self` or `cls`.
pub(super) fn key(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Name(name) => Some(name.rsplit("::").next().unwrap_or(name).to_owned()),
        Kind::Field(of, name) => match &of.kind {
            Kind::Name(object) if ["self", "cls"].contains(&object.as_str()) => {
                Some(format!(".{name}"))
            }
            // A class constant, accessed by the name of the class.
            Kind::Name(object) if object.starts_with(char::is_uppercase) => Some(name.clone()),
            _ => None,
        },
        _ => None,
    }
}

impl Call {
    /// Returns the positional arguments.
    pub(super) fn positional(&self) -> impl Iterator<Item = &Node> {
        self.arguments
            .iter()
            .filter(|it| it.name.is_none())
            .map(|it| &it.value)
    }

    /// Returns the keyword arguments.
    pub(super) fn keywords(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.arguments
            .iter()
            .filter_map(|Argument { name, value }| Some((name.as_deref()?, value)))
    }

    pub(super) fn name(&self) -> &str {
        self.callee.last_name().unwrap_or_default()
    }

    /// Returns the receiver of a method call.
    pub(super) fn receiver(&self) -> Option<&Node> {
        match &self.callee.kind {
            Kind::Field(of, _) => Some(of),
            _ => None,
        }
    }
}
