//! Names of identifiers, paths and types.

use proc_macro2::Ident;
use syn::{Path, Type, ext::IdentExt as _, spanned::Spanned};

/// Returns a name without the `r#` of a raw identifier.
pub(super) fn identifier(name: &Ident) -> String {
    name.unraw().to_string()
}

/// Returns the source text of a type or a name.
pub(super) fn source_text(of: &impl Spanned) -> String {
    of.span().source_text().unwrap_or_default()
}

/// Returns the parts of a path, joined by `::`, without generic arguments.
pub(super) fn path_name(path: &Path) -> String {
    path.segments
        .iter()
        .map(|it| identifier(&it.ident))
        .collect::<Vec<_>>()
        .join("::")
}

/// Returns true if `name` is the last part of a path.
pub(super) fn is_named(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|it| it.ident == name)
}

/// Returns the name of a type, without references and generic arguments.
pub(super) fn type_name(of: &Type) -> String {
    match of {
        Type::Path(it) => path_name(&it.path),
        Type::Reference(it) => type_name(&it.elem),
        Type::Paren(it) => type_name(&it.elem),
        Type::Group(it) => type_name(&it.elem),
        other => source_text(other),
    }
}
