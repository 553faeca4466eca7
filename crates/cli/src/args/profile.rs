//! The argument for the profile of other services.

use clap::builder::PossibleValuesParser;
use portcullis_service::profile::{PROFILES, Profile};

/// The name of a profile.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ProfileArg {
    /// Use the field names, key names and values of an existing installation, and permit its services that close
    /// positions as exit delegates; `docs/quantum-trader.md` lists them all [default: no profile]
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(PROFILES.map(|profile| profile.name)))]
    profile: Option<String>,
}

impl ProfileArg {
    pub(crate) fn get(&self) -> Option<&'static Profile> {
        self.profile.as_deref().and_then(Profile::named)
    }
}
