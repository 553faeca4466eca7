//! The requested fields of an object.

use super::raw_field::RawField;

/// The requested fields of one kind of object, which [`scan_object`](super::scan_object) fills.
///
/// ```
/// use portcullis::json::{Fields, RawField, scan_object};
///
/// #[derive(Default)]
/// struct Order<'a> {
///     symbol: RawField<'a>,
/// }
///
/// impl<'a> Fields<'a> for Order<'a> {
///     fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>> {
///         (key == b"symbol").then_some(&mut self.symbol)
///     }
/// }
///
/// let mut order = Order::default();
/// scan_object(r#"{"symbol": "BTCUSDT", "size": 250}"#, &mut order)?;
/// assert_eq!(order.symbol.text(), Ok(Some("BTCUSDT".into())));
/// # Ok::<(), portcullis::json::SyntaxError>(())
/// ```
pub trait Fields<'a> {
    /// Returns the [`RawField`] for the value of `key`, or `None` if the key is not requested.
    fn field(&mut self, key: &[u8]) -> Option<&mut RawField<'a>>;

    /// Records that a requested key occurs again in the object. Called for each repetition.
    fn note_duplicate(&mut self) {}
}
