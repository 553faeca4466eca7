//! Calls of decoders that panic if their input is damaged.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls `decode`, and returns `None` if it panics. The message of the panic is not printed, because it contains places
/// in the source code of the decoder and not in the input.
pub(crate) fn without_panic<T>(decode: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                previous(info);
            }
        }));
    });
    let was_quiet = IS_QUIET.replace(true);
    let decoded = panic::catch_unwind(AssertUnwindSafe(decode));
    IS_QUIET.set(was_quiet);
    decoded.ok()
}
