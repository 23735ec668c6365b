//! How rows are cut into groups and files, and what the files say of themselves.

use object_store::memory::InMemory;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

use super::*;
use crate::store::kit::{rows, schema, stream};

/// The row counts of each file's groups.
async fn cut(batches: Vec<RecordBatch>, sizes: Sizes) -> (Vec<Staged>, Vec<Vec<i64>>) {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (folder, schema, sorted_by) = (Path::from("t"), schema(), vec!["at".to_owned(), "id".to_owned()]);
    let target =
        Target { objects: &objects, folder: &folder, version: 3, schema: &schema, sorted_by: &sorted_by, sizes };
    let staged = target.stage(stream(batches)).await.unwrap();
    let mut groups = Vec::new();
    for file in &staged {
        let bytes = objects.get(&target.path(&file.name)).await.unwrap().bytes().await.unwrap();
        assert_eq!(file.size, bytes.len() as u64);
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        for group in reader.metadata().row_groups() {
            let sorting: Vec<_> = group.sorting_columns().unwrap().iter().map(|column| column.column_idx).collect();
            assert_eq!(sorting, [3, 0]);
            assert!(matches!(group.column(0).compression(), Compression::ZSTD(_)));
            assert!(group.column(0).statistics().is_some() && group.column(5).statistics().is_none());
            assert!(group.column(0).column_index_offset().is_some(), "pages have statistics");
        }
        groups.push(reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect());
    }
    (staged, groups)
}

#[tokio::test]
async fn groups_fill_up_across_batches() {
    let sizes = Sizes { group_rows: 10, ..Sizes::default() };
    let (staged, groups) = cut(vec![rows(0..4), rows(4..4), rows(4..31), rows(31..35)], sizes).await;
    assert_eq!(groups, [[10, 10, 10, 5]]);
    assert_eq!(staged[0].stats.rows, 35);
    assert!(staged[0].name.starts_with("00000000000000000003-00000-"));
}

#[tokio::test]
async fn wide_rows_make_smaller_groups() {
    let sizes = Sizes { group_bytes: 1, ..Sizes::default() };
    let (_, groups) = cut(vec![rows(0..4), rows(4..6)], sizes).await;
    assert_eq!(groups, [[4, 2]]);
}

#[tokio::test]
async fn files_end_at_their_size() {
    let sizes = Sizes { group_rows: 10, file_bytes: 1, ..Sizes::default() };
    let (staged, groups) = cut(vec![rows(0..25)], sizes).await;
    assert_eq!(groups, [vec![10], vec![10], vec![5]]);
    let names: Vec<_> = staged.iter().map(|file| &file.name).collect();
    assert!(names.is_sorted());
}

#[tokio::test]
async fn no_rows_make_no_file() {
    assert!(cut(vec![], Sizes::default()).await.0.is_empty());
    assert!(cut(vec![rows(0..0)], Sizes::default()).await.0.is_empty());
}

#[tokio::test]
async fn large_files_go_up_in_parts() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (folder, schema) = (Path::from("t"), schema());
    let sizes = Sizes { group_rows: 100_000, ..Sizes::default() };
    let target = Target { objects: &objects, folder: &folder, version: 0, schema: &schema, sorted_by: &[], sizes };
    let batches = (0..60).map(|at| rows(at * 10_000..(at + 1) * 10_000)).collect();
    let staged = target.stage(stream(batches)).await.unwrap();
    assert_eq!(staged.len(), 1);
    assert!(staged[0].size > PART_BYTES as u64, "{} bytes", staged[0].size);
    let bytes = objects.get(&target.path(&staged[0].name)).await.unwrap().bytes().await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap();
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 600_000);
}

#[tokio::test]
async fn a_batch_of_other_types_is_refused() {
    let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (folder, schema) = (Path::from("t"), schema());
    let sizes = Sizes::default();
    let target = Target { objects: &objects, folder: &folder, version: 0, schema: &schema, sorted_by: &[], sizes };
    let odd = rows(0..3).project(&[1, 0, 2, 3, 4, 5, 6]).unwrap();
    let error = target.stage(stream(vec![odd])).await.unwrap_err();
    assert_eq!(error.to_string(), "a batch for t is not of its table's schema");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bounds_hold_and_counts_add_up(
        parts in proptest::collection::vec((0..500_i64, 0..9_i64), 0..6),
        group_rows in 1..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let batches: Vec<_> = parts.iter().map(|(from, count)| rows(*from..from + count)).collect();
        let ids: Vec<i64> = parts.iter().flat_map(|(from, count)| *from..from + count).collect();
        let (staged, _) = runtime.block_on(cut(batches, Sizes { group_rows, ..Sizes::default() }));
        prop_assert_eq!(staged.iter().map(|file| file.stats.rows).sum::<u64>(), ids.len() as u64);
        for file in &staged {
            let bound = |value: Option<&i64>| value.map(|id| datafusion::common::ScalarValue::Int64(Some(*id)));
            prop_assert_eq!(&file.stats.columns[0].min, &bound(ids.iter().min()));
            prop_assert_eq!(&file.stats.columns[0].max, &bound(ids.iter().max()));
            let nulls = ids.iter().filter(|id| **id % 3 == 0).count() as u64;
            prop_assert_eq!(file.stats.columns[1].null_count, Some(nulls));
            prop_assert_eq!(file.stats.columns[1].min.is_none(), nulls == file.stats.rows);
        }
    }
}
