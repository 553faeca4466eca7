//! Command line of the runner.

use clap::Parser;

#[derive(Parser, Debug)]
#[command(version, about = "runs one book at leverage 10")] // = log text
pub struct Args {
    #[arg(long, default_value_t = 10.0)] // ! 1 clap default_value_t
    pub leverage: f64,
    #[arg(long = "lev", default_value = "5")] // ! 1 clap default_value
    pub hedge_leverage: String,
    #[arg(long)] // = no default
    pub asked_leverage: Option<f64>,
    #[arg(long, default_value_t = 9100)] // = port
    pub port: u16,
    #[arg(long, default_value_t = 10)] // = timing
    pub leverage_interval_sec: u64,
}

pub fn from_environment() -> (f64, f64, Option<String>) {
    let a = std::env::var("LEVERAGE").unwrap_or("10".to_string()); // ! 1 env
    let b = std::env::var("BOOK_LEVERAGE").unwrap_or_else(|_| String::from("4")); // ! 1 env
    let c = std::env::var("LEVERAGE").ok(); // = no default
    let _port = std::env::var("PORT").unwrap_or("9100".into()); // = port
    (a.parse().unwrap(), b.parse().unwrap(), c)
}
