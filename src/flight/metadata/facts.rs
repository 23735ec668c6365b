//! Facts of several types in one column, as SqlInfo has them.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int32Array, Int32Builder, Int64Array, ListBuilder, MapBuilder, MapFieldNames, RecordBatch,
    StringArray, StringBuilder, UInt32Array, UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, UnionFields, UnionMode};

use super::unmade;
use crate::error::Result;

/// What a fact says, by the members of the union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    Text(String),
    Flag(bool),
    /// What drivers read as 64 bits.
    Number(i64),
    /// What they read as 32 bits: a set of flags, or one of several cases.
    Bits(i32),
    Texts(Vec<String>),
    /// For each case, several others.
    Cases(Vec<(i32, Vec<i32>)>),
}

/// The schema of [`picked`].
pub(super) fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("info_name", DataType::UInt32, false),
        Field::new("value", DataType::Union(members(), UnionMode::Dense), false),
    ]))
}

fn members() -> UnionFields {
    UnionFields::from_fields([
        Field::new("string_value", DataType::Utf8, false),
        Field::new("bool_value", DataType::Boolean, false),
        Field::new("bigint_value", DataType::Int64, false),
        Field::new("int32_bitmask", DataType::Int32, false),
        Field::new("string_list", DataType::List(item(DataType::Utf8)), false),
        Field::new("int32_to_int32_list_map", DataType::Map(entries(), false), false),
    ])
}

fn item(of: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(of, true))
}

fn entries() -> FieldRef {
    let key = Field::new("key", DataType::Int32, false);
    let value = Field::new("value", DataType::List(item(DataType::Int32)), true);
    Arc::new(Field::new("entries", DataType::Struct(Fields::from(vec![key, value])), false))
}

/// The facts whose codes are `wanted`, or all where none is, in the order given.
///
/// # Errors
/// Internal: they cannot be written.
pub(super) fn picked(facts: Vec<(u32, Fact)>, wanted: &[u32]) -> Result<RecordBatch> {
    let wanted: HashSet<u32> = wanted.iter().copied().collect();
    let facts: Vec<_> = facts.into_iter().filter(|(code, _)| wanted.is_empty() || wanted.contains(code)).collect();
    let codes: ArrayRef = Arc::new(UInt32Array::from_iter_values(facts.iter().map(|(code, _)| *code)));
    let values = values(facts.into_iter().map(|(_, fact)| fact))?;
    RecordBatch::try_new(schema(), vec![codes, Arc::new(values)]).map_err(unmade)
}

fn values(facts: impl Iterator<Item = Fact>) -> Result<UnionArray> {
    let (mut texts, mut flags, mut numbers, mut bits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut lists = ListBuilder::new(StringBuilder::new());
    let names = MapFieldNames { entry: "entries".into(), key: "key".into(), value: "value".into() };
    let mut maps = MapBuilder::new(Some(names), Int32Builder::new(), ListBuilder::new(Int32Builder::new()));
    let mut counts = [0; 6];
    let (mut members_of, mut offsets) = (Vec::new(), Vec::new());
    for fact in facts {
        let member: i8 = match fact {
            Fact::Text(text) => pushed(&mut texts, text, 0),
            Fact::Flag(flag) => pushed(&mut flags, flag, 1),
            Fact::Number(number) => pushed(&mut numbers, number, 2),
            Fact::Bits(set) => pushed(&mut bits, set, 3),
            Fact::Texts(list) => {
                lists.append_value(list.into_iter().map(Some));
                4
            }
            Fact::Cases(cases) => {
                for (case, others) in cases {
                    maps.keys().append_value(case);
                    maps.values().append_value(others.into_iter().map(Some));
                }
                maps.append(true).map_err(unmade)?;
                5
            }
        };
        members_of.push(member);
        let count = &mut counts[usize::from(member.unsigned_abs())];
        offsets.push(*count);
        *count += 1;
    }
    let children: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(texts)),
        Arc::new(BooleanArray::from(flags)),
        Arc::new(Int64Array::from(numbers)),
        Arc::new(Int32Array::from(bits)),
        Arc::new(lists.finish()),
        Arc::new(maps.finish()),
    ];
    let (members_of, offsets) = (ScalarBuffer::from(members_of), ScalarBuffer::<i32>::from(offsets));
    UnionArray::try_new(members(), members_of, Some(offsets), children).map_err(unmade)
}

fn pushed<T>(values: &mut Vec<T>, value: T, member: i8) -> i8 {
    values.push(value);
    member
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::UInt32Type;

    #[test]
    fn facts_of_every_type_stand_in_one_column() {
        let facts = vec![
            (0, Fact::Text("a".into())),
            (3, Fact::Flag(true)),
            (7, Fact::Text("b".into())),
            (9, Fact::Number(1 << 40)),
            (10, Fact::Bits(3)),
            (11, Fact::Texts(vec!["x".into(), "y".into()])),
            (12, Fact::Cases(vec![(1, vec![2, 3]), (4, Vec::new())])),
        ];
        let all = picked(facts.clone(), &[]).unwrap();
        let values = all.column(1).as_any().downcast_ref::<UnionArray>().unwrap();
        assert_eq!(values.value(2).as_string::<i32>().value(0), "b");
        assert_eq!(values.value(5).as_list::<i32>().value(0).len(), 2);
        assert_eq!(values.value(6).as_map().value(0).len(), 2);
        let some = picked(facts.clone(), &[9, 4711, 3, 9]).unwrap();
        assert_eq!(some.column(0).as_primitive::<UInt32Type>().values().to_vec(), [3, 9]);
        assert_eq!(picked(facts, &[4711]).unwrap().num_rows(), 0);
    }
}
