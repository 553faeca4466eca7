//! The options of glob patterns.

use glob::MatchOptions;

/// The options with which a pattern matches the names of files and objects.
pub(super) const PATTERN_OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};
