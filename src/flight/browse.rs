//! What a server says there is to ask, as our client reads it.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Schema};
use arrow_flight::IpcMessage;
use arrow_flight::sql::CommandGetTables;
use bytes::Bytes;
use futures::TryStreamExt;

use super::client::Client;
use crate::error::{Error, Result};

/// A relation of a server's; what its columns and itself are said to be is in the metadata of its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The schema that it lies in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Schema,
}

impl Client {
    /// Everything that can be asked there, in the server's order.
    ///
    /// # Errors
    /// Whatever the server answers, as the kind that it had there. Internal: it answers something else.
    pub async fn browse(&self) -> Result<Vec<Listed>> {
        let command = CommandGetTables { include_schema: true, ..CommandGetTables::default() };
        let batches: Vec<RecordBatch> = self.ask(&command).await?.try_collect().await?;
        let relations = batches.iter().map(listed).collect::<Result<Vec<_>>>()?;
        Ok(relations.concat())
    }
}

fn listed(batch: &RecordBatch) -> Result<Vec<Listed>> {
    let column = |name: &str, data_type: DataType| {
        let column = batch.column_by_name(name).filter(|column| *column.data_type() == data_type);
        column.ok_or_else(|| Error::internal(format!("the server lists its tables without their {name}")))
    };
    let schemas = column("db_schema_name", DataType::Utf8)?.as_string::<i32>();
    let names = column("table_name", DataType::Utf8)?.as_string::<i32>();
    let columns = column("table_schema", DataType::Binary)?.as_binary::<i32>();
    let relation = |row| {
        let columns = Schema::try_from(IpcMessage(Bytes::copy_from_slice(columns.value(row))));
        Ok(Listed {
            schema: if schemas.is_null(row) { String::new() } else { schemas.value(row).to_owned() },
            name: names.value(row).to_owned(),
            columns: columns.map_err(|error| {
                Error::internal("the server lists a table whose columns cannot be read").with_source(error)
            })?,
        })
    };
    (0..batch.num_rows()).map(relation).collect()
}
