//! Ranking of the symbols in the policy's universe.

use serde::Deserialize;

const SYMBOL_WEIGHT: f64 = 0.4; // ! 5 const weight
const RANKING_WINDOW: usize = 96; // = window
const WEIGHT_DIGITS: u32 = 4; // = other compound
const SCORE_VERSION: &str = "2.1"; // = version
const FONT_WEIGHT: u32 = 700; // = other domain

#[derive(Deserialize)]
pub struct Ranking {
    #[serde(default = "default_selection_weight")]
    pub selection_weight: f64,
    pub ranking_weights: Vec<f64>,
    #[serde(default)] // = zero start
    pub score_offset: usize,
}

fn default_selection_weight() -> f64 {
    0.25 // ! 5 serde default
}

pub fn plain() -> Ranking {
    Ranking {
        selection_weight: 0.0, // = zero start
        ranking_weights: vec![0.5, 0.3, 0.2], // ! 5 struct literal
        score_offset: 0, // = zero start
    }
}

pub fn ruled(ruling: &Ruling) -> Ranking {
    Ranking {
        selection_weight: ruling.selection_weight, // = policy read
        ranking_weights: ruling.ranking_weights.clone(), // = policy read
        score_offset: 0,
    }
}

pub fn weigh(given: Option<f64>, n: usize) -> (f64, f64) {
    let universe_weight = given.unwrap_or(0.1); // ! 5 weight fallback
    let even = 1.0 / n.max(1) as f64; // = math
    (universe_weight, even)
}

pub fn decay(half_life: f64, age: f64) -> f64 {
    0.5_f64.powf(age / half_life) // = math
}

pub fn total(rows: &[Row]) -> f64 {
    let mut score_weight = 0.0; // = zero start
    for row in rows.iter().rev().take(RANKING_WINDOW) {
        score_weight += row.weight;
    }
    score_weight
}

pub fn spread_ok(weights: &[f64]) -> bool {
    let sum: f64 = weights.iter().sum();
    (sum - 1.0).abs() < 1e-6 // = validation
}

pub fn about() -> String {
    format!("score {SCORE_VERSION}, weights 0.5/0.3/0.2, {WEIGHT_DIGITS} digits") // = log text
}

pub fn style() -> (u32, f64) {
    (FONT_WEIGHT, SYMBOL_WEIGHT)
}
