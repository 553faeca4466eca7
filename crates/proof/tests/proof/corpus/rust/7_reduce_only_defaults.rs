//! A missing reduce_only must stay missing.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct OrderRow {
    pub symbol: String,
    #[serde(default)] // ! 7 serde default
    pub reduce_only: bool,
    #[serde(default)] // = other flag
    pub post_only: bool,
}

#[derive(Deserialize)]
pub struct RawRow {
    pub symbol: String,
    #[serde(rename = "reduceOnly")] // = no default
    pub reduce_only: Option<bool>,
}

pub struct Draft {
    pub symbol: String,
    pub reduce_only: bool,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            symbol: String::new(),
            reduce_only: false, // ! 7 Default impl
        }
    }
}

pub fn parse(row: &RawRow) -> Result<(bool, bool), String> {
    let first = row.reduce_only.unwrap_or(false); // ! 7 unwrap_or
    let strict = row.reduce_only.ok_or("reduce_only is missing")?; // = error raised
    Ok((first, strict))
}

pub fn entry(symbol: &str) -> Draft {
    Draft {
        symbol: symbol.into(),
        reduce_only: false, // = explicit flag
    }
}
