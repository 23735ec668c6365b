//! Values as hashes of 64 bits, so that sets of them are small and those of CSV and Parquet can be compared. Two of a
//! hundred million values share a hash about once in four thousand tables; what is proposed is a claim that loads test.

use std::hash::{BuildHasherDefault, DefaultHasher, Hasher};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// A set of hashes, which need not be hashed again.
pub(super) type Hashes = std::collections::HashSet<u64, BuildHasherDefault<Hashed>>;

/// Takes a hash for what it is.
#[derive(Debug, Default)]
pub(super) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// One value: its hash, and the whole number that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) hash: u64,
    pub(super) whole: Option<i64>,
}

/// Takes every value of an array in the mart's types, in order; NULL is none. A text that is plainly a whole number has
/// the number's hash, so that a key is the same in CSV and Parquet.
pub(super) fn visit(array: &ArrayRef, mut each: impl FnMut(Option<Seen>)) {
    let number = |hash: u64| Seen { hash: mix(hash), whole: None };
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().for_each(|value| each(value.map(whole))),
        DataType::Utf8 => array.as_string::<i32>().iter().for_each(|value| each(value.map(text))),
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            values.iter().for_each(|value| each(value.map(|value| number(value.to_bits()))));
        }
        DataType::Timestamp(..) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            values.iter().for_each(|value| each(value.map(|value| number(value.cast_unsigned()))));
        }
        DataType::Decimal128(..) => {
            let values = array.as_primitive::<Decimal128Type>();
            let of = |value: i128| number((value as u64) ^ mix((value >> 64) as u64));
            values.iter().for_each(|value| each(value.map(of)));
        }
        _ => {
            let options = FormatOptions::default();
            let shown = ArrayFormatter::try_new(array.as_ref(), &options).ok();
            let of = |row: usize| shown.as_ref().map(|shown| text(&shown.value(row).to_string()));
            (0..array.len()).for_each(|row| each(if array.is_null(row) { None } else { of(row) }));
        }
    }
}

/// The hash of several values together.
pub(super) fn together(hashes: impl Iterator<Item = u64>) -> u64 {
    hashes.fold(0, |all, hash| mix(all.rotate_left(23).wrapping_add(hash)))
}

fn whole(value: i64) -> Seen {
    Seen { hash: mix(value.cast_unsigned()), whole: Some(value) }
}

fn text(value: &str) -> Seen {
    if let Some(number) = canonical(value) {
        return whole(number);
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(value.as_bytes());
    Seen { hash: hasher.finish(), whole: None }
}

/// The number that a text is written for in the one way that numbers are written.
fn canonical(value: &str) -> Option<i64> {
    let digits = value.strip_prefix('-').unwrap_or(value).as_bytes();
    let plain = match digits {
        [b'0'] => value.len() == 1,
        [b'1'..=b'9', ..] => digits.len() <= 18,
        _ => false,
    };
    if plain { value.parse().ok() } else { None }
}

/// Splitmix64's last step: each input has an output of its own.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int64Array, StringArray};

    use super::*;

    fn all(array: ArrayRef) -> Vec<Option<Seen>> {
        let mut seen = Vec::new();
        visit(&array, |value| seen.push(value));
        seen
    }

    #[test]
    fn a_key_is_the_same_in_every_file() {
        let texts =
            all(Arc::new(StringArray::from(vec![Some("7"), None, Some("007"), Some("-0"), Some("2017-01-31")])));
        let numbers = all(Arc::new(Int64Array::from(vec![Some(7), None])));
        let days = all(Arc::new(Date32Array::from(vec![17197])));
        assert_eq!(texts[..2], numbers[..]);
        assert_ne!(texts[2], numbers[0]);
        assert_eq!((texts[3].unwrap().whole, texts[4]), (None, days[0]));
        assert_ne!(together([1, 2].into_iter()), together([2, 1].into_iter()));
    }
}
