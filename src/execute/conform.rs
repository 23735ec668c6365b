//! Batches in the schema that was announced: text as plain strings, dictionaries spelled out, names as announced, at
//! any depth. Only the way in which values are held may differ, never the values.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, GenericListArray, MapArray, OffsetSizeTrait, RecordBatch,
    RecordBatchOptions, StructArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use arrow::util::display::FormatOptions;

use super::fault;
use super::size::{batch_bytes, divided};
use crate::error::{Error, Result};

/// The most rows of one batch.
const ROWS: usize = 8192;
/// What the rows of one batch should take at most, in bytes: far less than plain strings may.
const BYTES: usize = 64 << 20;
/// What a row may take.
const ROW_BYTES: usize = 1 << 30;

/// Divides a batch, without copying, into parts that are not too large to be put into another form.
pub(super) fn parts(batch: &RecordBatch) -> Vec<RecordBatch> {
    let starts = (0..batch.num_rows()).step_by(ROWS);
    starts.flat_map(|start| divided(batch.slice(start, ROWS.min(batch.num_rows() - start)), BYTES)).collect()
}

/// A part of a batch in the schema announced.
///
/// # Errors
/// Exhausted: a row that is too large. Internal: values that differ from what was announced.
pub(super) fn conform(part: &RecordBatch, announced: &SchemaRef) -> Result<RecordBatch> {
    if part.num_columns() != announced.fields().len() {
        let (got, wanted) = (part.num_columns(), announced.fields().len());
        return Err(Error::internal(format!("the plan gave {got} columns where {wanted} were announced")));
    }
    if part.num_rows() == 1 && batch_bytes(part) > ROW_BYTES {
        return Err(Error::exhausted(format!(
            "one row of the result takes more than {} MiB; select fewer or shorter columns",
            ROW_BYTES >> 20
        )));
    }
    let columns = part.columns().iter().zip(announced.fields());
    let columns = columns.map(|(column, field)| values(column, field)).collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(part.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(announced), columns, &options)
        .map_err(|error| fault::error(error.into()))
}

/// Values as the field announces them.
fn values(held: &ArrayRef, wanted: &Field) -> Result<ArrayRef> {
    let arrow = |error: arrow::error::ArrowError| fault::error(error.into());
    Ok(match (held.data_type(), wanted.data_type()) {
        (held_type, wanted_type) if held_type == wanted_type => Arc::clone(held),
        (DataType::List(_), DataType::List(item)) => list(held.as_list::<i32>(), item)?,
        (DataType::LargeList(_), DataType::LargeList(item)) => list(held.as_list::<i64>(), item)?,
        (DataType::FixedSizeList(_, length), DataType::FixedSizeList(item, wanted)) if length == wanted => {
            let lists = held.as_fixed_size_list();
            let (values, nulls) = (values(lists.values(), item)?, lists.nulls().cloned());
            let lists = FixedSizeListArray::try_new_with_length(Arc::clone(item), *length, values, nulls, lists.len());
            Arc::new(lists.map_err(arrow)?)
        }
        (DataType::Map(..), DataType::Map(entries, sorted)) => {
            let DataType::Struct(fields) = entries.data_type() else { return Err(differs(held, wanted)) };
            let maps = held.as_map();
            let (offsets, first, length) = rebased(maps.offsets());
            let pairs = structure(&maps.entries().slice(first, length), fields)?;
            let nulls = maps.nulls().cloned();
            Arc::new(MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls, *sorted).map_err(arrow)?)
        }
        (DataType::Struct(fields), DataType::Struct(wanted)) if fields.len() == wanted.len() => {
            Arc::new(structure(held.as_struct(), wanted)?)
        }
        (held_type, wanted_type) if same_values(held_type, wanted_type) => {
            let options = CastOptions { safe: false, format_options: FormatOptions::default() };
            cast_with_options(held, wanted_type, &options).map_err(arrow)?
        }
        _ => return Err(differs(held, wanted)),
    })
}

fn list<O: OffsetSizeTrait>(lists: &GenericListArray<O>, item: &Arc<Field>) -> Result<ArrayRef> {
    let (offsets, first, length) = rebased(lists.offsets());
    let values = values(&lists.values().slice(first, length), item)?;
    let lists = GenericListArray::try_new(Arc::clone(item), offsets, values, lists.nulls().cloned());
    Ok(Arc::new(lists.map_err(|error| fault::error(error.into()))?))
}

fn structure(held: &StructArray, wanted: &Fields) -> Result<StructArray> {
    let columns = held.columns().iter().zip(wanted);
    let columns = columns.map(|(column, field)| values(column, field)).collect::<Result<Vec<_>>>()?;
    StructArray::try_new_with_length(wanted.clone(), columns, held.nulls().cloned(), held.len())
        .map_err(|error| fault::error(error.into()))
}

/// Offsets that begin at 0, and which of the values they mean: from where, and how many.
fn rebased<O: OffsetSizeTrait>(offsets: &OffsetBuffer<O>) -> (OffsetBuffer<O>, usize, usize) {
    let (first, last) = (offsets[0], offsets[offsets.len() - 1]);
    let offsets: ScalarBuffer<O> = offsets.iter().map(|offset| *offset - first).collect();
    (OffsetBuffer::new(offsets), first.as_usize(), (last - first).as_usize())
}

/// Whether two types, neither of which holds further ones, hold the same values in different ways.
fn same_values(held: &DataType, wanted: &DataType) -> bool {
    use DataType::{Binary, BinaryView, Dictionary, LargeBinary, LargeUtf8, Null, Timestamp, Utf8, Utf8View};
    match (held, wanted) {
        (Null, _) => true,
        (Dictionary(_, held), wanted) => **held == *wanted || same_values(held, wanted),
        (LargeUtf8 | Utf8View, Utf8) | (LargeBinary | BinaryView, Binary) => true,
        (held, DataType::Int64) => held.is_unsigned_integer(),
        (Timestamp(_, held), Timestamp(_, wanted)) => held == wanted,
        _ => false,
    }
}

fn differs(held: &ArrayRef, wanted: &Field) -> Error {
    let (held, name, wanted) = (held.data_type(), wanted.name(), wanted.data_type());
    Error::internal(format!("the plan gave {held} for '{name}', where {wanted} was announced"))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ListBuilder, StringArray, StringViewArray, StringViewBuilder};
    use arrow::datatypes::Schema;

    use super::*;
    use crate::error::Kind;
    use crate::query::sent;

    fn batch(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap()
    }

    fn announced(batch: &RecordBatch) -> SchemaRef {
        let schema = batch.schema();
        let fields =
            schema.fields().iter().map(|field| Field::new(field.name(), sent(field.data_type()).unwrap(), true));
        Arc::new(Schema::new(fields.collect::<Vec<_>>()))
    }

    #[test]
    fn slices_of_lists_of_text_conform() {
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for row in 0..10 {
            lists.append_value([Some("a text longer than a view"), None, Some(&format!("{row}"))]);
        }
        let batch = batch(Arc::new(lists.finish()));
        let slice = batch.slice(4, 2);
        let conformed = conform(&slice, &announced(&batch)).unwrap();
        assert_eq!(conformed.schema(), announced(&batch));
        let texts = conformed.column(0).as_list::<i32>().values().as_string::<i32>().clone();
        let long = Some("a text longer than a view");
        assert_eq!(texts, StringArray::from(vec![long, None, Some("4"), long, None, Some("5")]));
    }

    #[test]
    fn texts_that_plain_strings_cannot_hold_are_divided() {
        // One buffer that all rows share, so that 3 GiB of text take little.
        let shared = arrow::buffer::Buffer::from(vec![b'x'; 1 << 20]);
        let mut texts = StringViewBuilder::new();
        let block = texts.append_block(shared);
        for _row in 0..3072 {
            texts.try_append_view(block, 0, 1 << 20).unwrap();
        }
        let batch = batch(Arc::new(texts.finish()));
        let parts = parts(&batch);
        assert_eq!(parts.iter().map(RecordBatch::num_rows).sum::<usize>(), 3072);
        assert!(parts.iter().all(|part| batch_bytes(part) <= BYTES));
        assert_eq!(conform(&parts[0], &announced(&batch)).unwrap().num_rows(), parts[0].num_rows());
    }

    #[test]
    fn other_values_than_announced_are_a_fault_of_ours() {
        let batch = batch(Arc::new(StringViewArray::from(vec!["1"])));
        let wanted = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
        assert_eq!(conform(&batch, &wanted).unwrap_err().kind(), Kind::Internal);
    }
}
