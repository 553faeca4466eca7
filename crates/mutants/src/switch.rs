//! Rewrites a source file so that it contains all of its mutants, each behind a condition.

use std::{cmp::Reverse, collections::BTreeSet, ops::Range};

use proc_macro2::Span;
use syn::{
    Block, Expr, ReturnType, Signature, Type,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::mutant::{Genre, Mutant};

/// A source file with its mutants.
pub(crate) struct Switched {
    pub(crate) text: String,
    /// Where the text of each mutant is, and where the code is that it replaces.
    pub(crate) regions: Vec<Region>,
    /// The mutants for which no condition is possible, for example those of constants.
    pub(crate) left: Vec<usize>,
}

pub(crate) struct Region {
    pub(crate) mutant: usize,
    /// The bytes of the mutated code.
    pub(crate) mutated: Range<usize>,
    /// The bytes of the mutated code and of the original code.
    pub(crate) whole: Range<usize>,
}

/// The texts that a mutant inserts before and after a range of the source.
struct Insertion {
    range: Range<usize>,
    before: String,
    after: String,
    mutant: usize,
    mutated: String,
}

/// Rewrites a source file. Each mutant comes with its number. A `const fn` becomes a function that is not `const`,
/// unless its name is in `constants`.
pub(crate) fn switch(
    source: &str,
    mutants: &[(usize, &Mutant)],
    constants: &BTreeSet<String>,
) -> Result<Switched, syn::Error> {
    let mut places = Places::new(constants);
    places.visit_file(&syn::parse_file(source)?);
    let mut left = Vec::new();
    let mut insertions = Vec::new();
    for (number, mutant) in mutants {
        match places.insertion(source, *number, mutant) {
            Some(insertion) => insertions.push(insertion),
            None => left.push(*number),
        }
    }
    let mut source = source.to_owned();
    for token in &places.const_fns {
        source.replace_range(token.clone(), &" ".repeat(token.len()));
    }
    let (text, regions) = insert(&source, insertions);
    Ok(Switched {
        text,
        regions,
        left,
    })
}

/// Applies the insertions. Those with a smaller range are inside those with a larger one.
fn insert(source: &str, mut insertions: Vec<Insertion>) -> (String, Vec<Region>) {
    insertions.sort_by_key(|it| (it.range.start, Reverse(it.range.end)));
    let mut output = Output {
        source,
        ..Output::default()
    };
    for insertion in insertions {
        output.close_up_to(insertion.range.start);
        output.copy_up_to(insertion.range.start);
        let start = output.text.len();
        output.text += &insertion.before;
        match insertion.range.is_empty() {
            true => output.end(start, &insertion),
            false => output.open.push((start, insertion)),
        }
    }
    output.close_up_to(usize::MAX);
    output.copy_up_to(source.len());
    (output.text, output.regions)
}

#[derive(Default)]
struct Output<'a> {
    source: &'a str,
    copied: usize,
    text: String,
    regions: Vec<Region>,
    /// The insertions whose end has not been reached, with their starts in the text.
    open: Vec<(usize, Insertion)>,
}

impl Output<'_> {
    fn copy_up_to(&mut self, end: usize) {
        self.text += &self.source[self.copied..end];
        self.copied = end;
    }

    fn close_up_to(&mut self, end: usize) {
        while let Some((start, insertion)) = self.open.pop_if(|(_, it)| it.range.end <= end) {
            self.copy_up_to(insertion.range.end);
            self.text += &insertion.after;
            self.end(start, &insertion);
        }
    }

    fn end(&mut self, start: usize, insertion: &Insertion) {
        let whole = start..self.text.len();
        let place = self.text[whole.clone()].rfind(&insertion.mutated);
        let mutated = start + place.unwrap_or_default();
        self.regions.push(Region {
            mutant: insertion.mutant,
            mutated: mutated..mutated + insertion.mutated.len(),
            whole,
        });
    }
}

/// The places of a file at which code can be inserted.
struct Places<'a> {
    constants: &'a BTreeSet<String>,
    /// Expressions that an `if` can replace.
    expressions: Vec<Range<usize>>,
    /// The bodies of functions.
    bodies: Vec<Range<usize>>,
    /// The token `const` of each constant function.
    const_fns: Vec<Range<usize>>,
}

impl<'a> Places<'a> {
    const fn new(constants: &'a BTreeSet<String>) -> Self {
        Self {
            constants,
            expressions: Vec::new(),
            bodies: Vec::new(),
            const_fns: Vec::new(),
        }
    }

    fn insertion(&self, source: &str, number: usize, mutant: &Mutant) -> Option<Insertion> {
        let edit = mutant.range(source);
        let contains = |it: &&Range<usize>| it.start <= edit.start && edit.end <= it.end;
        let is_active = format!("crate::mutant({number})");
        let (range, before, after, mutated) = match mutant.genre {
            Genre::FnValue => {
                let body = self.bodies.iter().filter(contains);
                let body = body.min_by_key(|it| it.len())?;
                let mutated = format!("return {};", mutant.replacement);
                let before = format!(" if {is_active} {{ {mutated} }}");
                (
                    body.start + 1..body.start + 1,
                    before,
                    String::new(),
                    mutated,
                )
            }
            Genre::BinaryOperator
            | Genre::MatchArm
            | Genre::MatchArmGuard
            | Genre::StructField
            | Genre::UnaryOperator => {
                let expression = self.expressions.iter().filter(contains);
                let expression = expression.min_by_key(|it| it.len())?.clone();
                let mutated = [
                    &source[expression.start..edit.start],
                    &mutant.replacement,
                    &source[edit.end..expression.end],
                ];
                let mutated = format!("({})", mutated.concat());
                // A `match` can be a statement, so it becomes a block.
                let is_match = source[expression.clone()].starts_with("match");
                let (open, close) = if is_match { ('{', '}') } else { ('(', ')') };
                let before = format!("{open}if !{is_active} {{(");
                let after = format!(")}} else {{{mutated}}}{close}");
                (expression, before, after, mutated)
            }
        };
        Some(Insertion {
            range,
            before,
            after,
            mutant: number,
            mutated,
        })
    }

    /// Visits a function. A function that must stay `const` is left out. If the return type contains `impl Trait`, no
    /// condition is possible for a mutant that replaces the whole body.
    fn function(&mut self, signature: &Signature, body: &Block) {
        if let Some(token) = &signature.constness {
            if self.constants.contains(&signature.ident.to_string()) {
                return;
            }
            self.const_fns.push(bytes(token.span()));
        }
        let mut opaque = Opaque(false);
        if let ReturnType::Type(_, it) = &signature.output {
            opaque.visit_type(it);
        }
        if !opaque.0 {
            self.bodies.push(bytes(body.span()));
        }
        self.visit_block(body);
    }
}

impl<'ast> Visit<'ast> for Places<'_> {
    fn visit_item_fn(&mut self, it: &'ast syn::ItemFn) {
        self.function(&it.sig, &it.block);
    }

    fn visit_impl_item_fn(&mut self, it: &'ast syn::ImplItemFn) {
        self.function(&it.sig, &it.block);
    }

    fn visit_trait_item_fn(&mut self, it: &'ast syn::TraitItemFn) {
        if let Some(body) = &it.default {
            self.function(&it.sig, body);
        }
    }

    fn visit_expr(&mut self, it: &'ast Expr) {
        let fits = matches!(
            it,
            Expr::Binary(_) | Expr::Match(_) | Expr::Struct(_) | Expr::Unary(_)
        );
        if fits && !has_let(it) {
            self.expressions.push(bytes(it.span()));
        }
        visit::visit_expr(self, it);
    }

    fn visit_pat_guard(&mut self, it: &'ast syn::PatGuard) {
        if !has_let(&it.guard) {
            self.expressions.push(bytes(it.guard.span()));
        }
        visit::visit_pat_guard(self, it);
    }

    // Constants are computed by the compiler.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, it: &'ast syn::ExprRepeat) {
        self.visit_expr(&it.expr);
    }
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_variant(&mut self, _: &'ast syn::Variant) {}
}

/// Becomes true if a type contains `impl Trait`.
struct Opaque(bool);

impl<'ast> Visit<'ast> for Opaque {
    fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
        self.0 = true;
    }
}

/// Returns true if a condition contains `let` outside of nested blocks.
fn has_let(it: &Expr) -> bool {
    match it {
        Expr::Let(_) => true,
        Expr::Binary(it) => has_let(&it.left) || has_let(&it.right),
        _ => false,
    }
}

fn bytes(span: Span) -> Range<usize> {
    span.byte_range()
}
