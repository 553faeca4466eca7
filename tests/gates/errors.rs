//! Test that a service can store every public error, send it to another thread and print it.

use std::error::Error;

use portcullis::{
    exit::{NotExitOwnerError, OwnershipError},
    guardrails::{GuardrailsError, GuardrailsFieldError},
    harvest::{InputError, RError, SnapshotError},
    intent::{IntentError, SizeError},
    json::{SyntaxError, Unreadable},
    policy::{InvalidPolicyError, NotInForceError, PolicyUnavailable, ValidityError},
    types::{NumberError, PolicyHashError, SymbolError, TimestampError},
};

const fn is_error<E: Error + Send + Sync + 'static>() {}

const _: () = {
    is_error::<GuardrailsError>();
    is_error::<GuardrailsFieldError>();
    is_error::<InputError>();
    is_error::<IntentError>();
    is_error::<InvalidPolicyError>();
    is_error::<NotExitOwnerError<'static>>();
    is_error::<NotInForceError<'static>>();
    is_error::<NumberError>();
    is_error::<OwnershipError>();
    is_error::<PolicyHashError>();
    is_error::<PolicyUnavailable>();
    is_error::<RError>();
    is_error::<SizeError>();
    is_error::<SnapshotError>();
    is_error::<SymbolError>();
    is_error::<SyntaxError>();
    is_error::<TimestampError>();
    is_error::<Unreadable>();
    is_error::<ValidityError>();
};

#[test]
fn an_error_of_a_payload_has_its_syntax_error_as_source() {
    let syntax = SyntaxError {
        line: 1,
        column: 2,
        message: "expected value".to_owned(),
    };
    let error = IntentError::PayloadNotAnObject {
        field: "payload",
        error: syntax.clone(),
    };
    let source = error.source().unwrap().downcast_ref();
    assert_eq!(source, Some(&syntax));
}
