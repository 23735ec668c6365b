//! What rows take, as distinct from the buffers that they share with other rows.

use arrow::array::{Array, ArrayRef, AsArray, ByteView, OffsetSizeTrait, RecordBatch};
use arrow::datatypes::DataType;

/// The longest text that a view holds by itself.
const INLINE: u32 = 12;

/// What the rows of a batch take, in bytes.
pub(super) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch.columns().iter().map(|column| array_bytes(column.as_ref())).sum()
}

/// The batch in parts, without copying, of which each takes at most `bytes` or is a single row. One without rows is a
/// part too.
pub fn divided(batch: RecordBatch, bytes: usize) -> Vec<RecordBatch> {
    let mut parts = Vec::new();
    divide(batch, bytes, &mut parts);
    parts
}

fn divide(part: RecordBatch, bytes: usize, parts: &mut Vec<RecordBatch>) {
    let rows = part.num_rows();
    if rows <= 1 || batch_bytes(&part) <= bytes {
        parts.push(part);
        return;
    }
    divide(part.slice(0, rows / 2), bytes, parts);
    divide(part.slice(rows / 2, rows - rows / 2), bytes, parts);
}

/// What the rows of an array take, in bytes.
pub(super) fn array_bytes(array: &dyn Array) -> usize {
    match array.data_type() {
        DataType::Utf8View => views(array.as_string_view().views()),
        DataType::BinaryView => views(array.as_binary_view().views()),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            listed(list.value_offsets(), list.values())
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            listed(list.value_offsets(), list.values())
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let entries = map.entries().columns().iter();
            entries.map(|column| listed(map.value_offsets(), column)).sum()
        }
        DataType::FixedSizeList(..) => array_bytes(array.as_fixed_size_list().values().as_ref()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(|column| array_bytes(column.as_ref())).sum(),
        // A type without such a size is held whole.
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()),
    }
}

fn views(views: &[u128]) -> usize {
    let lengths = views.iter().map(|view| ByteView::from(*view).length).filter(|length| *length > INLINE);
    size_of_val(views) + lengths.map(|length| length as usize).sum::<usize>()
}

fn listed<O: OffsetSizeTrait>(offsets: &[O], values: &ArrayRef) -> usize {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    size_of_val(offsets) + array_bytes(values.slice(first, last - first).as_ref())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, ListArray, StringArray, StringViewArray};
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn a_slice_takes_what_its_rows_take() {
        let long = "x".repeat(1000);
        let texts = vec!["short", &long, "a", "b"];
        assert_eq!(array_bytes(&StringViewArray::from(texts.clone())), 4 * 16 + 1000);
        assert_eq!(array_bytes(&StringViewArray::from(texts.clone()).slice(2, 2)), 2 * 16);
        assert_eq!(array_bytes(&StringArray::from(texts).slice(2, 2)), 3 * 4 + 2);
        let field = Arc::new(Field::new_list_field(DataType::Int64, true));
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        let lists = ListArray::new(field, OffsetBuffer::from_lengths(vec![10; 100]), numbers, None);
        assert_eq!(array_bytes(&lists.slice(50, 1)), 2 * 4 + 10 * 8);
    }
}
