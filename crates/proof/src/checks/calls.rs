//! Names of functions, methods and keywords, grouped by their effect on a value. They come from languages and
//! libraries; the trading terms are in `vocabulary.toml`.

/// Functions and macros that return their first argument, possibly converted.
#[rustfmt::skip]
pub(super) const PASS_ARGUMENT: &[&str] = &[
    "float", "int", "str", "Decimal", "D", "dec", "abs", "Some", "Ok", "Box", "Arc", "Rc", "list", "tuple",
    "set", "frozenset", "sorted", "array", "Fraction", "round", "from_str", "from_float", "try_from", "from",
    "new", "loads", "Just", "deque", "OrderedDict", "dict", "MappingProxyType", "Final", "cast", "Cow",
    "Borrowed", "from_f64", "from_iter", "from_str_exact", "new_unchecked", "vec", "json", "hashmap", "hashset",
    "btreeset", "btreemap", "indexset", "indexmap", "lazy_static", "LazyLock", "OnceLock", "Lazy", "asarray",
    "Series", "copy", "deepcopy", "field", "Field",
];

/// Methods that return their receiver, possibly converted.
#[rustfmt::skip]
pub(super) const PASS_RECEIVER: &[&str] = &[
    "unwrap", "expect", "into", "to_string", "to_owned", "parse", "strip", "split", "trim", "clone", "cloned",
    "copied", "ok", "ok_or", "ok_or_else", "as_str", "as_f64", "try_into", "await", "copy", "upper", "lower",
    "iter", "into_iter", "collect", "map", "and_then", "filter", "context", "with_context", "to_vec", "abs",
    "as_deref", "as_ref", "map_err", "inspect_err", "splitlines", "keys", "values", "items", "to_f64", "max_by",
    "item", "flatten", "replace", "chars", "as_slice", "unwrap_unchecked", "filter_map",
];

/// Functions that return one of their arguments.
#[rustfmt::skip]
pub(super) const BOUNDS: &[&str] = &[
    "min", "max", "clamp", "clip", "minimum", "maximum", "fmin", "fmax", "coalesce", "first_non_none", "nvl",
    "where", "choose",
];

/// Functions that look up a key and return their last argument if the key is not found.
#[rustfmt::skip]
pub(super) const LOOKUPS: &[&str] = &[
    "get", "pop", "setdefault", "getattr", "getenv", "getfloat", "getint", "get_or", "get_float", "get_int",
    "hget", "getstr", "get_str", "config", "env", "float_env", "env_float", "env_or", "int_env", "env_int",
    "optional", "setting", "get_setting", "get_config", "getdefault", "lookup", "param", "get_param", "read",
    "get_env", "env_var", "get_or_default", "value_of",
];

/// Methods that return their argument if the receiver is empty.
#[rustfmt::skip]
pub(super) const FALLBACK_METHODS: &[&str] = &[
    "unwrap_or", "unwrap_or_else", "map_or", "map_or_else", "or_insert", "or_insert_with", "value_or", "or",
    "or_else", "fillna", "get_or_insert", "get_or_insert_with", "or_default", "is_none_or",
];

/// Functions that declare a field, an option or a column. The first argument, or a keyword of [`DEFAULTS`], is its
/// default.
#[rustfmt::skip]
pub(super) const FIELDS: &[&str] = &[
    "Field", "field", "Option", "Argument", "Query", "Body", "Form", "Header", "attrib", "ib", "Float",
    "Integer", "Param", "Parameter", "Setting", "Doc", "Depends", "mapped_column", "Column", "DecimalField",
    "FloatField", "IntegerField", "CharField", "confloat", "conint", "Var",
];

/// Keywords that set a default.
#[rustfmt::skip]
pub(super) const DEFAULTS: &[&str] = &[
    "default", "default_value", "fallback", "default_factory", "server_default", "initial", "insert_default",
    "alternative", "default_value_t",
];

/// Keys of entries that constrain or describe a value but do not set it.
#[rustfmt::skip]
pub(super) const BOUND_KEYS: &[&str] = &[
    "min", "max", "minimum", "maximum", "ge", "gt", "le", "lt", "step", "precision", "decimals", "multiple_of",
    "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "version", "scale", "digits", "maxLength",
    "minLength", "maxItems", "minItems", "example", "examples", "description", "title", "type", "unit", "enum",
];

/// Functions and methods that round.
#[rustfmt::skip]
pub(super) const ROUNDING: &[&str] = &[
    "round", "floor", "ceil", "trunc", "int", "rint", "quantize",
];

/// Words of units that convert into each other by a power of ten.
#[rustfmt::skip]
pub(super) const UNITS: &[&str] = &[
    "pct", "percent", "percentage", "bps", "bp", "ms", "us", "ns", "permille", "millis", "cents", "sat",
];

/// Words of things that are counted.
#[rustfmt::skip]
pub(super) const COUNTS: &[&str] = &[
    "count", "line", "slot", "step", "part", "leg", "bar", "period", "number", "split",
];

/// First words of the names of functions that set something.
#[rustfmt::skip]
pub(super) const SETTERS: &[&str] = &[
    "set", "with", "change", "update", "use", "new", "from", "default", "try", "adjust", "apply", "override",
];

/// Functions and macros that only log or print.
#[rustfmt::skip]
pub(super) const LOGGING: &[&str] = &[
    "debug", "info", "warning", "warn", "error", "exception", "critical", "log", "print", "println", "eprintln",
    "trace", "write", "writeln", "event", "span",
];

/// Functions whose string arguments are not keys, in addition to [`LOGGING`].
#[rustfmt::skip]
pub(super) const WITHOUT_KEYS: &[&str] = &[
    "format", "echo", "startswith", "endswith", "replace", "sub", "match", "compile", "strftime", "field_len",
    "add_row", "observe", "gauge", "inc", "counter", "histogram", "index", "count", "find", "text", "round",
    "ljust", "rjust", "center", "zfill", "encode", "join", "execute", "fetchrow", "filter", "set_title",
    "sleep", "incr", "timing", "expire", "ttl", "zadd",
];
