//! Replays recorded intents through Portcullis.

pub mod tape;
