//! Tests that every public error of the libraries can be stored, sent to another thread and
//! printed.

use std::error::Error;

const fn is_error<E: Error + Send + Sync + 'static>() {}

const _: () = {
    is_error::<portcullis_store::InvalidKeyError>();
    is_error::<portcullis_store::LoadError>();
    is_error::<portcullis_store::PublishError>();
    is_error::<portcullis_store::StoreError>();
    is_error::<portcullis_proof::ProofError>();
    is_error::<portcullis_testing::EngineSetupError>();
    is_error::<portcullis_testing::LawFailures>();
    is_error::<portcullis_testing::RowError>();
    is_error::<portcullis_testing::Violation>();
    is_error::<portcullis_service::recorder::RecordError>();
    is_error::<portcullis_service::runtime::ServiceError>();
    is_error::<portcullis_sim::diff::DiffError>();
    is_error::<portcullis_sim::replay::ReplayError>();
    is_error::<portcullis_sim::simulate::SimulateError>();
    is_error::<portcullis_sim::tape::TapeError>();
};
