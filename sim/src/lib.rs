//! Replays recorded intents through Portcullis.
