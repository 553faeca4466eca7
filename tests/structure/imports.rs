//! The imports of a file, which are its uses of items in other files.

use std::{collections::BTreeMap, fmt};

use proc_macro2::{TokenStream, TokenTree};
use syn::{Visibility, visit::Visit};

use crate::module::{Modules, Place, attributes, is_test, use_paths};

/// The use of an item of another file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) from: String,
    pub(crate) to: String,
    /// The path as written.
    path: String,
}

impl fmt::Display for Import {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} uses {} of {}", self.from, self.path, self.to)
    }
}

/// Returns the imports of all files, one per pair of files.
pub(crate) fn imports(modules: &Modules) -> Vec<Import> {
    let mut found = BTreeMap::new();
    for (id, module) in modules.all() {
        let mut paths = Paths::default();
        module
            .contents
            .iter()
            .for_each(|item| paths.visit_item(item));
        let bare = paths
            .bare
            .into_iter()
            .filter(|it| module.exports.contains(it));
        for path in paths.paths.into_iter().chain(bare.map(|it| vec![it])) {
            let Some(Place::Item(to)) = modules.resolve(id, &path) else {
                continue;
            };
            let (from, to) = (module.file.clone(), modules.file(to).to_owned());
            if from != to {
                found.entry((from, to)).or_insert_with(|| path.join("::"));
            }
        }
    }
    let import = |((from, to), path)| Import { from, to, path };
    found.into_iter().map(import).collect()
}

/// The paths in the code of a module.
#[derive(Default)]
struct Paths {
    /// The paths of imports, and all other paths that consist of more than one name.
    paths: Vec<Vec<String>>,
    /// The names of types and of called functions that are not part of a longer path.
    bare: Vec<String>,
}

impl Paths {
    fn add(&mut self, path: Vec<String>, is_called: bool) {
        match &*path {
            [] => {}
            [name] => {
                if is_called || name.starts_with(char::is_uppercase) {
                    self.bare.push(name.clone());
                }
            }
            _ => self.paths.push(path),
        }
    }

    /// Adds the paths in the arguments of a macro. The syntax of the arguments is unknown.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path = Vec::new();
        let mut is_joined = false;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if !is_joined {
                        self.add(std::mem::take(&mut path), false);
                    }
                    path.push(name.to_string());
                    is_joined = false;
                }
                TokenTree::Punct(it) if it.as_char() == ':' => is_joined = true,
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.add(std::mem::take(&mut path), false);
                    is_joined = false;
                }
                TokenTree::Group(group) => {
                    self.add(std::mem::take(&mut path), true);
                    is_joined = false;
                    self.add_tokens(group.stream());
                }
            }
        }
        self.add(path, false);
    }
}

fn names(path: &syn::Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|it| it.ident.to_string())
        .collect()
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_test(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            syn::visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, Visibility::Inherited) {
            self.paths
                .extend(use_paths(&item.tree).into_iter().map(|it| it.path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(names(path), false);
        syn::visit::visit_path(self, path);
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        if let syn::Expr::Path(function) = &*call.func {
            self.add(names(&function.path), true);
        }
        syn::visit::visit_expr_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.add_tokens(call.tokens.clone());
    }
}
