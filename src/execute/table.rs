//! A mart table at a pinned version, as DataFusion reads it: a plain scan over the pinned Parquet files. Files
//! that the statistics rule out are never opened, and the statistics answer counts and bounds without reading.
//!
//! Text columns are read as views (`Utf8View`), which hash and compare without copying; the answer casts them
//! to plain text at the end.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PrunableStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, Result, ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use object_store::{ObjectMeta, ObjectStore};

use super::reader::TableFiles;
use crate::store::{ColumnStats, DataFile, TableSnapshot};

/// Names the mart's object store within a session.
const STORE_URL: &str = "mart://files/";
/// From how many columns besides those of the filters it pays to filter while decoding, so that the others are
/// decoded only where the filters hold.
const WIDE_SCAN: usize = 3;

/// A table of the mart at a pinned version.
#[derive(Debug)]
pub struct MartTable {
    name: String,
    schema: SchemaRef,
    files: Vec<File>,
    statistics: Statistics,
    object_store: Arc<dyn ObjectStore>,
}

/// A data file and what is known of it.
#[derive(Debug)]
struct File {
    meta: ObjectMeta,
    statistics: Arc<Statistics>,
}

impl MartTable {
    /// The table of a snapshot.
    pub fn new(snapshot: &TableSnapshot, object_store: Arc<dyn ObjectStore>) -> Self {
        let schema = read_schema(&snapshot.schema);
        let files: Vec<File> = snapshot.files.iter().map(|file| File::new(file, &schema)).collect();
        let statistics = total(files.iter().map(|file| file.statistics.as_ref()), &schema);
        Self { name: snapshot.name.clone(), schema, files, statistics, object_store }
    }

    /// The files that may hold rows for which all of `filters` are true.
    fn chosen(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&File>> {
        let all = || self.files.iter().filter(|file| file.rows() != Some(0));
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(all().collect());
        };
        let schema = DFSchema::try_from(Arc::clone(&self.schema))?;
        let filter = state.create_physical_expr(filter, &schema)?;
        let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(&self.schema));
        let Some(predicate) = builder.build(filter) else {
            return Ok(all().collect());
        };
        let statistics = self.files.iter().map(|file| Arc::clone(&file.statistics)).collect();
        let kept = predicate.prune(&PrunableStatistics::new(statistics, Arc::clone(&self.schema)))?;
        let chosen = self.files.iter().zip(kept).filter(|(file, kept)| *kept && file.rows() != Some(0));
        Ok(chosen.map(|(file, _)| file).collect())
    }

    /// Whether the columns besides those of `filters` are many enough to filter while decoding.
    fn is_wide(&self, projection: Option<&Vec<usize>>, filters: &[Expr]) -> bool {
        let filtered: HashSet<&str> =
            filters.iter().flat_map(Expr::column_refs).map(|column| column.name.as_str()).collect();
        if filtered.is_empty() {
            return false;
        }
        let other = |index: usize| !filtered.contains(self.schema.field(index).name().as_str());
        let others = match projection {
            Some(projection) => projection.iter().filter(|index| other(**index)).count(),
            None => (0..self.schema.fields().len()).filter(|index| other(*index)).count(),
        };
        others >= WIDE_SCAN
    }
}

#[async_trait]
impl TableProvider for MartTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        // Files and row groups are pruned by a filter; that it holds for each row, the plan still sees to.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let chosen = self.chosen(state, filters)?;
        if chosen.is_empty() {
            let schema = match projection {
                Some(projection) => Arc::new(self.schema.project(projection)?),
                None => Arc::clone(&self.schema),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let url = ObjectStoreUrl::parse(STORE_URL)?;
        state.runtime_env().register_object_store(url.as_ref(), Arc::clone(&self.object_store));
        let footers = state.runtime_env().cache_manager.get_file_metadata_cache();
        let reader = TableFiles::new(&self.name, Arc::clone(&self.object_store), footers);
        let wide = self.is_wide(projection, filters);
        let source = ParquetSource::new(Arc::clone(&self.schema))
            .with_table_parquet_options(state.default_table_options().parquet)
            .with_parquet_file_reader_factory(Arc::new(reader))
            .with_pushdown_filters(wide)
            .with_reorder_filters(wide);
        let statistics = total(chosen.iter().map(|file| file.statistics.as_ref()), &self.schema);
        let group: FileGroup = chosen.into_iter().map(File::partitioned).collect::<Vec<_>>().into();
        let groups = group.split_files(state.config().target_partitions());
        let scan = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

impl File {
    /// A data file of a table that is read with `schema`.
    fn new(file: &DataFile, schema: &Schema) -> Self {
        let meta = ObjectMeta {
            location: file.path.clone(),
            last_modified: file.modified,
            size: file.size,
            e_tag: None,
            version: None,
        };
        let rows = usize::try_from(file.rows).map_or(Precision::Absent, Precision::Exact);
        let column = |(at, field): (usize, &Arc<Field>)| match file.stats.get(at) {
            Some(stats) => column_statistics(stats, field.data_type()),
            None => ColumnStatistics::new_unknown(),
        };
        let columns = schema.fields().iter().enumerate().map(column).collect();
        let statistics = Statistics { num_rows: rows, total_byte_size: Precision::Absent, column_statistics: columns };
        Self { meta, statistics: Arc::new(statistics) }
    }

    /// How many rows the file holds, if known.
    fn rows(&self) -> Option<usize> {
        self.statistics.num_rows.get_value().copied()
    }

    /// The file as a scan reads it.
    fn partitioned(&self) -> PartitionedFile {
        PartitionedFile::new_from_meta(self.meta.clone()).with_statistics(Arc::clone(&self.statistics))
    }
}

/// What is known of a column, with its bounds in the type in which it is read.
fn column_statistics(stats: &ColumnStats, data_type: &DataType) -> ColumnStatistics {
    let bound = |value: &Option<ScalarValue>| match value
        .as_ref()
        .filter(|value| !value.is_null())
        .map(|value| value.cast_to(data_type))
    {
        Some(Ok(value)) if stats.exact => Precision::Exact(value),
        Some(Ok(value)) => Precision::Inexact(value),
        Some(Err(_)) | None => Precision::Absent,
    };
    let nulls = stats.null_count.and_then(|nulls| usize::try_from(nulls).ok());
    ColumnStatistics {
        null_count: nulls.map_or(Precision::Absent, Precision::Exact),
        min_value: bound(&stats.min),
        max_value: bound(&stats.max),
        ..ColumnStatistics::new_unknown()
    }
}

/// What is known of several files together. Their bytes stay unknown: files tell only their compressed size.
fn total<'a>(files: impl Iterator<Item = &'a Statistics>, schema: &Schema) -> Statistics {
    let empty = ColumnStatistics { null_count: Precision::Exact(0), ..ColumnStatistics::new_unknown() };
    let mut total = Statistics {
        num_rows: Precision::Exact(0),
        total_byte_size: Precision::Absent,
        column_statistics: vec![empty; schema.fields().len()],
    };
    for (at, file) in files.enumerate() {
        total.num_rows = total.num_rows.add(&file.num_rows);
        for (total, file) in total.column_statistics.iter_mut().zip(&file.column_statistics) {
            total.null_count = total.null_count.add(&file.null_count);
            (total.min_value, total.max_value) = match at {
                0 => (file.min_value.clone(), file.max_value.clone()),
                _ => (total.min_value.min(&file.min_value), total.max_value.max(&file.max_value)),
            };
        }
    }
    total
}

/// The schema in which a stored table is read: text as views.
fn read_schema(stored: &Schema) -> SchemaRef {
    let read = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => Arc::clone(field),
    };
    let fields: Vec<_> = stored.fields().iter().map(read).collect();
    Arc::new(Schema::new_with_metadata(fields, stored.metadata().clone()))
}
