//! Gate 9: the intent has a usable size.

use crate::{
    decide::SkipReason,
    intent::{Entry, Size},
};

#[inline(always)]
pub(in crate::decide) fn check<'a>(entry: &Entry) -> Result<Size, SkipReason<'a>> {
    match entry.requested_size() {
        None => Err(SkipReason::NoSize),
        Some(Err(fault)) => Err(SkipReason::SizeUnusable(fault)),
        Some(Ok(size)) => Ok(size),
    }
}
