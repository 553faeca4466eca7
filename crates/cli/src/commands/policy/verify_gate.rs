//! The command `portcullis policy verify-gate`.

use std::path::PathBuf;

use portcullis_lifecycle::{Inputs, gate::GateRules, verify};
use portcullis_sim::text::counted;

use crate::{
    args::store::{AddressArg, GuardrailsArg, PublicationIdArg},
    commands::policy::gate::HistoryArgs,
    failure::Failure,
    input::file::parse_file,
    print::print,
};

/// Help of `--no-guardrails`, which differs from that of a publication.
const NO_GUARDRAILS_HELP: &str =
    "Judge without guardrails; use this only if the publication was made without them";

#[derive(Debug, clap::Args)]
#[command(mut_arg("no_guardrails", |arg| arg.help(NO_GUARDRAILS_HELP)))]
pub(crate) struct Args {
    #[command(flatten)]
    publication: PublicationIdArg,
    #[command(flatten)]
    address: AddressArg,
    #[command(flatten)]
    guardrails: GuardrailsArg,
    /// The gate file of the publication
    #[arg(long, value_name = "FILE", requires = "tapes")]
    gate: PathBuf,
    #[command(flatten)]
    history: HistoryArgs,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let id = args.publication.get()?;
    let rules = parse_file(&args.gate, GateRules::from_toml)?;
    let history = args.history.resolve(&args.guardrails.resolve()?)?;
    let store = args.address.open()?;
    let inputs = Inputs {
        rules: &rules,
        replayer: &history.intents.replayer,
        candles: &history.candles,
    };
    let verified =
        history.read(|reader, progress| verify(store.as_ref(), id, &inputs, reader, progress));
    let differences = verified.map_err(Failure::error)?;
    let mut text = String::new();
    for it in &differences {
        text += &format!(
            "{}: stored {}, repeated {}\n",
            it.field, it.stored, it.repeated
        );
    }
    if differences.is_empty() {
        return print(format!("the judgement of {id} is confirmed\n"));
    }
    print(text)?;
    Err(Failure::Negative(format!(
        "the judgement of {id} differs in {}; use the same gate file, guardrails, exit owner, tapes and candles",
        counted(differences.len(), "value")
    )))
}
