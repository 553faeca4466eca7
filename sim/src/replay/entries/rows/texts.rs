//! The texts of a column.

use std::ops::Range;

use arrow_array::{
    Array, ArrayRef, GenericStringArray, LargeStringArray, OffsetSizeTrait, StringArray,
    StringViewArray, cast::AsArray as _, downcast_integer_array,
};
use arrow_buffer::ArrowNativeType;
use arrow_data::ByteView;

/// The longest text that is in its view, in bytes.
const INLINE_BYTES: usize = 12;

/// The number of short texts whose converted values are remembered.
const REMEMBERED: usize = 256;

/// The key of a null. It is greater than every key of a dictionary.
const NULL_KEY: u32 = u32::MAX;

/// The texts of a column.
#[derive(Debug)]
pub(super) struct Texts {
    values: Values,
    /// The indexes of the rows in `values`, if the column is a dictionary.
    keys: Option<Vec<u32>>,
}

#[derive(Debug)]
enum Values {
    View(StringViewArray),
    Offsets(StringArray),
    LargeOffsets(LargeStringArray),
}

impl Values {
    fn of(values: &ArrayRef) -> Option<Self> {
        if let Some(texts) = values.as_string_view_opt() {
            Some(Self::View(texts.clone()))
        } else if let Some(bytes) = values.as_binary_view_opt() {
            bytes.clone().to_string_view().ok().map(Self::View)
        } else if let Some(texts) = values.as_string_opt::<i32>() {
            Some(Self::Offsets(texts.clone()))
        } else {
            values
                .as_string_opt::<i64>()
                .map(|texts| Self::LargeOffsets(texts.clone()))
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::View(texts) => texts.len(),
            Self::Offsets(texts) => texts.len(),
            Self::LargeOffsets(texts) => texts.len(),
        }
    }

    #[inline(always)]
    fn get(&self, index: usize) -> Option<&[u8]> {
        (index < self.len()).then_some(())?;
        match self {
            Self::View(texts) => texts.is_valid(index).then(|| viewed(texts, index))?,
            Self::Offsets(texts) => texts.is_valid(index).then(|| texts.value(index).as_bytes()),
            Self::LargeOffsets(texts) => {
                texts.is_valid(index).then(|| texts.value(index).as_bytes())
            }
        }
    }
}

impl Texts {
    /// Returns the texts; `None` for another type, or if a text is not UTF-8.
    pub(super) fn of(values: &ArrayRef) -> Option<Self> {
        match values.as_any_dictionary_opt() {
            Some(dictionary) => Some(Self {
                values: Values::of(dictionary.values())?,
                keys: Some(keys(dictionary.keys())?),
            }),
            None => Some(Self {
                values: Values::of(values)?,
                keys: None,
            }),
        }
    }

    /// Returns the text of a row; `None` for null.
    #[inline(always)]
    pub(super) fn get(&self, row: usize) -> Option<&[u8]> {
        match &self.keys {
            Some(keys) => self.values.get(usize::try_from(*keys.get(row)?).ok()?),
            None => self.values.get(row),
        }
    }

    /// Returns true if it is known that no text is longer than `bytes_max`.
    pub(super) fn are_all_short(&self, bytes_max: usize) -> bool {
        match &self.values {
            Values::View(texts) => texts.views().iter().all(|view| length(*view) <= bytes_max),
            Values::Offsets(texts) => {
                texts.value_data().len() <= bytes_max || {
                    let mut offsets = texts.value_offsets().array_windows();
                    offsets.all(|[from, to]| {
                        usize::try_from(to - from).is_ok_and(|it| it <= bytes_max)
                    })
                }
            }
            Values::LargeOffsets(texts) => texts.value_data().len() <= bytes_max,
        }
    }

    /// Converts the text of each row. A text that repeats is usually converted once, so `convert` must return the same
    /// value for the same text.
    pub(super) fn map<T: Copy>(&self, mut convert: impl FnMut(Option<&[u8]>) -> T) -> Vec<T> {
        let of_null = convert(None);
        match (&self.keys, &self.values) {
            (Some(keys), values) => {
                let of_values: Vec<T> = (0..values.len())
                    .map(|index| convert(values.get(index)))
                    .collect();
                let of_key = |key: &u32| {
                    let place = usize::try_from(*key).ok();
                    let value = place.and_then(|place| of_values.get(place));
                    value.copied().unwrap_or(of_null)
                };
                keys.iter().map(of_key).collect()
            }
            (None, Values::View(texts)) => {
                let mut remembered = Remembered::default();
                let views = texts.views().iter().enumerate();
                let values = views.map(|(row, view)| match texts.is_valid(row) {
                    true => remembered.get(*view, || convert(viewed(texts, row))),
                    false => of_null,
                });
                values.collect()
            }
            (None, Values::Offsets(texts)) => map_offsets(texts, of_null, convert),
            (None, Values::LargeOffsets(texts)) => map_offsets(texts, of_null, convert),
        }
    }
}

fn map_offsets<O: OffsetSizeTrait, T: Copy>(
    texts: &GenericStringArray<O>,
    of_null: T,
    mut convert: impl FnMut(Option<&[u8]>) -> T,
) -> Vec<T> {
    let mut remembered = Remembered::default();
    let (bytes, nulls) = (texts.value_data(), texts.nulls());
    let ranges = texts.value_offsets().array_windows().enumerate();
    let values = ranges.map(|(row, [from, to])| {
        if nulls.is_some_and(|nulls| nulls.is_null(row)) {
            return of_null;
        }
        let range = from.as_usize()..to.as_usize();
        let text = bytes.get(range.clone());
        match short_view(bytes, range) {
            Some(view) => remembered.get(view, || convert(text)),
            None => convert(text),
        }
    });
    values.collect()
}

/// Returns the view of a text that is short and not at the very end of the bytes.
#[inline(always)]
fn short_view(bytes: &[u8], range: Range<usize>) -> Option<u128> {
    let len = range.len();
    (len <= INLINE_BYTES).then_some(())?;
    let head = bytes.get(range.start..)?.first_chunk::<16>()?;
    let others = u32::try_from(8 * (16 - len)).ok()?;
    let text = u128::from_le_bytes(*head) & u128::MAX.checked_shr(others).unwrap_or_default();
    Some((text << 32) | u128::try_from(len).ok()?)
}

/// Returns the keys of a dictionary; `None` if a key is not valid.
fn keys(keys: &dyn Array) -> Option<Vec<u32>> {
    downcast_integer_array!(
        keys => {
            // A negative key becomes a large one, which is not valid either.
            let key = |key: _| u32::try_from(ArrowNativeType::as_usize(key)).unwrap_or(NULL_KEY);
            let values = keys.values().iter();
            let all: Vec<u32> = match keys.nulls() {
                None => values.map(|it| key(*it)).collect(),
                Some(nulls) => {
                    let values = values.zip(nulls);
                    values.map(|(it, is_valid)| if is_valid { key(*it) } else { NULL_KEY }).collect()
                }
            };
            let nulls = all.iter().filter(|key| **key == NULL_KEY).count();
            (nulls == keys.null_count()).then_some(all)
        },
        _ => None
    )
}

/// The converted values of short texts.
struct Remembered<T>([Option<(u128, T)>; REMEMBERED]);

impl<T: Copy> Default for Remembered<T> {
    fn default() -> Self {
        Self([None; REMEMBERED])
    }
}

impl<T: Copy> Remembered<T> {
    /// Returns the value of the text with this view, which `convert` computes if it is not known.
    #[inline(always)]
    fn get(&mut self, view: u128, convert: impl FnOnce() -> T) -> T {
        let Some(place) = self.0.get_mut(slot(view)) else {
            return convert();
        };
        if let Some((known, value)) = place
            && *known == view
        {
            return *value;
        }
        let value = convert();
        // Only the view of a short text contains the whole text.
        if length(view) <= INLINE_BYTES {
            *place = Some((view, value));
        }
        value
    }
}

/// Returns the place of a view, which depends on all of its bytes.
#[inline(always)]
fn slot(view: u128) -> usize {
    let [low, high] = [view, view >> 64].map(|part| part & u128::from(u64::MAX));
    let mixed = (low ^ high.rotate_left(23)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let top = (mixed >> 56) & 255;
    usize::try_from(top).unwrap_or_default()
}

#[inline(always)]
fn length(view: u128) -> usize {
    usize::try_from(ByteView::from(view).length).unwrap_or(usize::MAX)
}

/// Returns the bytes of a view, which are in the view itself if they are few.
#[inline(always)]
fn viewed(texts: &StringViewArray, row: usize) -> Option<&[u8]> {
    let view = *texts.views().get(row)?;
    let len = length(view);
    if len <= INLINE_BYTES {
        let start = row.checked_mul(16)?.checked_add(4)?;
        return texts.views().inner().as_slice().get(start..)?.get(..len);
    }
    let view = ByteView::from(view);
    let buffer = texts
        .data_buffers()
        .get(usize::try_from(view.buffer_index).ok()?)?;
    let start = usize::try_from(view.offset).ok()?;
    buffer.as_slice().get(start..)?.get(..len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{builder::StringDictionaryBuilder, types::Int16Type};
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    /// Texts of which many have the same beginning, so that views differ only in their last bytes. Some differ only in the
    /// number of zero bytes at their end.
    fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
        let text = ("[AB]{0,2}", 0..1_000_u16, 0..9_usize, "\0{0,2}").prop_map(
            |(begin, number, zeros, end)| format!("{begin}{}{number}{end}", "0".repeat(zeros)),
        );
        vec(option::weighted(0.9, text), 0..400)
    }

    proptest! {
        #[test]
        fn each_text_is_converted_to_its_own_value(texts in texts()) {
            let mut dictionary = StringDictionaryBuilder::<Int16Type>::new();
            texts.iter().for_each(|text| dictionary.append_option(text.as_ref()));
            let columns: [ArrayRef; 4] = [
                Arc::new(texts.iter().map(Option::as_deref).collect::<StringViewArray>()),
                Arc::new(texts.iter().map(Option::as_deref).collect::<StringArray>()),
                Arc::new(texts.iter().map(Option::as_deref).collect::<LargeStringArray>()),
                Arc::new(dictionary.finish()),
            ];
            let value = |text: Option<&[u8]>| text.map(xxhash_rust::xxh3::xxh3_64);
            let expected: Vec<_> = texts.iter().map(|text| value(text.as_deref().map(str::as_bytes))).collect();
            let bytes = |text: Option<&[u8]>| text.map(<[u8]>::to_vec);
            for column in columns {
                let found = Texts::of(&column).unwrap();
                prop_assert_eq!(&found.map(value), &expected);
                for (row, text) in texts.iter().enumerate() {
                    prop_assert_eq!(bytes(found.get(row)), bytes(text.as_deref().map(str::as_bytes)));
                }
                let longest = texts.iter().flatten().map(String::len).max().unwrap_or_default();
                prop_assert!(found.are_all_short(longest) || matches!(found.values, Values::LargeOffsets(_)));
                prop_assert!(longest == 0 || !found.are_all_short(longest - 1));
            }
        }
    }
}
