//! The command `portcullis policy explain`.

use portcullis_forge::Derivation;
use portcullis_store::{PolicyStore as _, PublishError};

use crate::{
    args::store::{AddressArg, PublicationIdArg},
    commands::policy::publish::publish_failure,
    failure::Failure,
    print::{Format, print, print_painted},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    publication: PublicationIdArg,
    #[command(flatten)]
    address: AddressArg,
    /// The output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let id = args.publication.get()?;
    let store = args.address.open()?;
    let entry = store.publication(id).map_err(Failure::error)?;
    let entry = entry.ok_or_else(|| publish_failure(PublishError::NotInHistory(id)))?;
    let Some(text) = entry.derivation() else {
        return Err(Failure::Negative(format!(
            "the publication with {id} has no derivation, because `portcullis updater` did not publish it"
        )));
    };
    let derivation = Derivation::from_json(text).map_err(Failure::error)?;
    match args.format {
        Format::Text => print_painted(&derivation.to_string()),
        Format::Json => print(format!("{}\n", derivation.to_json())),
    }
}
