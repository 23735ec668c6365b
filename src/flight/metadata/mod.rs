//! What tools ask to browse: Flight SQL's metadata commands. Each is its own ticket, has one schema whatever there is, and
//! is answered from the mart's catalogue, so that it waits for no query.
//!
//! The schemas are those of the specification, in the form that its libraries in C++, Java and Go hold answers against:
//! where the comments of FlightSql.proto and all three differ (the order of a primary key's last columns, what parts of
//! `value` are called and may be NULL), theirs is what drivers expect.

mod columns;
mod facts;
mod info;
mod keys;
mod pattern;
mod relations;
mod types;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow_flight::sql::{
    Command, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTables, CommandGetXdbcTypeInfo,
};

use super::command::refused;
use crate::error::{Error, Result};
use crate::mart::Session;

/// What is asked about the mart and its server, rather than of its data.
#[derive(Debug)]
pub(super) enum Metadata {
    /// What the server can do.
    Info(CommandGetSqlInfo),
    /// Which types there are.
    Types(CommandGetXdbcTypeInfo),
    /// The catalogs.
    Catalogs,
    /// The schemas.
    Schemas(CommandGetDbSchemas),
    /// Cubes and tables, with their columns if that is wanted.
    Tables(CommandGetTables),
    /// The kinds of tables.
    TableTypes,
    /// What names one row of a table.
    PrimaryKeys(CommandGetPrimaryKeys),
    /// Who refers to a table.
    ExportedKeys(CommandGetExportedKeys),
    /// What a table refers to.
    ImportedKeys(CommandGetImportedKeys),
    /// How one table refers to another.
    CrossReference(CommandGetCrossReference),
}

impl Metadata {
    /// The metadata that a command asks for.
    ///
    /// # Errors
    /// Unimplemented: it asks for something else.
    pub(super) fn of(command: Command) -> Result<Self> {
        Ok(match command {
            Command::CommandGetSqlInfo(command) => Self::Info(command),
            Command::CommandGetXdbcTypeInfo(command) => Self::Types(command),
            Command::CommandGetCatalogs(_) => Self::Catalogs,
            Command::CommandGetDbSchemas(command) => Self::Schemas(command),
            Command::CommandGetTables(command) => Self::Tables(command),
            Command::CommandGetTableTypes(_) => Self::TableTypes,
            Command::CommandGetPrimaryKeys(command) => Self::PrimaryKeys(command),
            Command::CommandGetExportedKeys(command) => Self::ExportedKeys(command),
            Command::CommandGetImportedKeys(command) => Self::ImportedKeys(command),
            Command::CommandGetCrossReference(command) => Self::CrossReference(command),
            other => return Err(refused(other.type_url())),
        })
    }

    /// The schema of the answer.
    pub(super) fn schema(&self) -> SchemaRef {
        match self {
            Self::Info(_) => facts::schema(),
            Self::Types(_) => types::schema(),
            Self::Catalogs => relations::catalogs_schema(),
            Self::Schemas(_) => relations::schemas_schema(),
            Self::Tables(command) => relations::tables_schema(command.include_schema),
            Self::TableTypes => relations::table_types_schema(),
            Self::PrimaryKeys(_) => keys::primary_schema(),
            Self::ExportedKeys(_) | Self::ImportedKeys(_) | Self::CrossReference(_) => keys::foreign_schema(),
        }
    }

    /// The answer. What does not depend on what is loaded is told even where the mart cannot be read.
    ///
    /// # Errors
    /// Invalid: a pattern that is too long. Otherwise as [`Session::catalogue`].
    pub(super) async fn rows(&self, session: &Session) -> Result<RecordBatch> {
        match self {
            Self::Info(command) => facts::picked(info::facts(&session.vocabulary()), &command.info),
            Self::Types(command) => types::rows(command),
            Self::Catalogs => relations::catalogs(),
            Self::Schemas(command) => relations::schemas(command),
            Self::Tables(command) => relations::tables(command, &*session.catalogue().await?),
            Self::TableTypes => relations::table_types(),
            Self::PrimaryKeys(command) => keys::primary(command, &*session.catalogue().await?),
            Self::ExportedKeys(command) => keys::exported(command, &*session.catalogue().await?),
            Self::ImportedKeys(command) => keys::imported(command, &*session.catalogue().await?),
            Self::CrossReference(command) => keys::between(command, &*session.catalogue().await?),
        }
    }
}

/// That an answer could not be made, which its schema rules out.
fn unmade(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::internal("the metadata cannot be written").with_source(error)
}
