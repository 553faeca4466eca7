//! The command `portcullis policy release`.

use portcullis_service::runtime::system_time;
use portcullis_store::{PolicyStore as _, ReleaseError};

use crate::{
    args::{
        store::{AddressArg, SignOffArgs},
        values::parse_whole,
    },
    commands::policy::publish::ask,
    failure::Failure,
    print::print,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The sequence of the last publication, as `policy history` lists it; any other number is refused, to prevent a release
    /// by mistake
    #[arg(long, value_name = "N", value_parser = |text: &str| parse_whole(text, 0..=u64::MAX))]
    seq: u64,
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    sign_off: SignOffArgs,
    /// Release without asking for confirmation
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let store = args.address.open()?;
    let question = format!(
        "remove the policy from {} and let another program write its key?",
        store.name()
    );
    ask(&question, "nothing was released", args.yes)?;
    let repairs = store
        .release(args.seq, &args.sign_off.operator(), system_time()?)
        .map_err(|error| {
            if let ReleaseError::Store(error) = error {
                return Failure::error(error);
            }
            Failure::Negative(error.to_string())
        })?;
    let mut text = format!(
        "released after sequence {0}: there is no policy until another program writes one\n\
         Services that remember sequence {0} keep rejecting policies without a higher sequence. Stop each of them, remove \
         its sequence file if it has one, and start it again.\n",
        args.seq
    );
    for repair in repairs {
        text.push_str(&format!("note: {repair}\n"));
    }
    print(text)
}
