//! DataFusion's errors in our terms: who must act, said in our words. Exhaustive, so that a new kind of error in
//! DataFusion is noticed when we move to it.

use std::io;

use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::parquet::errors::ParquetError;

use super::quota::{QUERY_MEMORY, SHARED_MEMORY};
use crate::error::{Error, Kind};
use crate::sql::{clean, reworded, unsupported};

/// Our error for an error of DataFusion's.
pub(crate) fn error(source: DataFusionError) -> Error {
    let (kind, message) = judge(&source);
    Error::new(kind, message).with_source(source)
}

/// The kind and the message of an error.
fn judge(error: &DataFusionError) -> (Kind, String) {
    match error {
        DataFusionError::ArrowError(error, _) => arrow(error),
        DataFusionError::ParquetError(error) => parquet(error),
        DataFusionError::ObjectStore(error) => store(error),
        DataFusionError::IoError(error) => file(error),
        DataFusionError::SQL(error, _) => (Kind::Invalid, clean(&error.to_string())),
        DataFusionError::NotImplemented(message) => (Kind::Invalid, unsupported(message)),
        // Bugs, ours or DataFusion's: the caller can do nothing about them.
        DataFusionError::Internal(message) => match reworded(message) {
            // DataFusion calls it so when no form of a function takes the arguments.
            Some(reworded) => (Kind::Invalid, reworded),
            None => (Kind::Internal, clean(message)),
        },
        DataFusionError::Plan(message) => (Kind::Invalid, clean(message)),
        // Sessions are ours; no caller reaches their options.
        DataFusionError::Configuration(message) => (Kind::Internal, clean(message)),
        DataFusionError::SchemaError(error, _) => (Kind::Invalid, clean(&error.to_string())),
        DataFusionError::Execution(message) => (Kind::Invalid, clean(message)),
        DataFusionError::ExecutionJoin(error) => {
            (Kind::Internal, format!("a part of the query stopped unexpectedly: {error}"))
        }
        DataFusionError::ResourcesExhausted(message) => exhausted(message),
        DataFusionError::External(error) => external(error.as_ref()),
        DataFusionError::Context(_, error) | DataFusionError::Diagnostic(_, error) => judge(error),
        DataFusionError::Substrait(message) | DataFusionError::Ffi(message) => (Kind::Internal, clean(message)),
        DataFusionError::Collection(errors) => collected(errors),
        DataFusionError::Shared(error) => judge(error),
    }
}

/// Of several errors the first decides; all are told.
fn collected(errors: &[DataFusionError]) -> (Kind, String) {
    let mut judged = errors.iter().map(judge);
    let Some((kind, first)) = judged.next() else {
        return (Kind::Internal, "the query failed without an error".to_string());
    };
    (kind, judged.fold(first, |all, (_, message)| format!("{all}; {message}")))
}

/// An error of a computation on values.
fn arrow(error: &ArrowError) -> (Kind, String) {
    match error {
        ArrowError::ArithmeticOverflow(message) => (Kind::Invalid, clean(message)),
        ArrowError::DivideByZero => (Kind::Invalid, "division by zero".to_string()),
        ArrowError::CastError(message)
        | ArrowError::ParseError(message)
        | ArrowError::ComputeError(message)
        | ArrowError::InvalidArgumentError(message) => (Kind::Invalid, clean(message)),
        ArrowError::NotYetImplemented(message) => (Kind::Invalid, unsupported(message)),
        ArrowError::MemoryError(message) => (Kind::Exhausted, clean(message)),
        ArrowError::IoError(_, error) => file(error),
        ArrowError::ExternalError(error) => external(error.as_ref()),
        ArrowError::SchemaError(message)
        | ArrowError::CsvError(message)
        | ArrowError::JsonError(message)
        | ArrowError::AvroError(message)
        | ArrowError::IpcError(message)
        | ArrowError::ParquetError(message)
        | ArrowError::CDataInterface(message) => (Kind::Internal, clean(message)),
        ArrowError::DictionaryKeyOverflowError
        | ArrowError::RunEndIndexOverflowError
        | ArrowError::OffsetOverflowError(_) => (Kind::Exhausted, format!("too much data in one batch: {error}")),
    }
}

/// An error of a data file.
fn parquet(error: &ParquetError) -> (Kind, String) {
    match error {
        ParquetError::External(error) => external(error.as_ref()),
        ParquetError::ArrowError(message) => damaged(message),
        other => damaged(&other.to_string()),
    }
}

fn damaged(message: &str) -> (Kind, String) {
    let said = format!("a data file of the mart is damaged: {}; restore the mart from a backup", clean(message));
    (Kind::Misconfigured, said)
}

/// An error of the object store.
fn store(error: &object_store::Error) -> (Kind, String) {
    (Kind::Unavailable, format!("the mart's files cannot be read: {}", clean(&error.to_string())))
}

/// An error of a file, most likely one that a query spills to.
fn file(error: &io::Error) -> (Kind, String) {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<DataFusionError>()) {
        return judge(inner);
    }
    let message = error.to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (Kind::Exhausted, "the disk that queries spill to is full; free some space, or ask for less".to_string())
        }
        _ if message.contains("spilling process has exceeded") => exhausted(&message),
        _ => (Kind::Unavailable, clean(&message)),
    }
}

/// An error of a limit.
fn exhausted(message: &str) -> (Kind, String) {
    for ours in [QUERY_MEMORY, SHARED_MEMORY] {
        if let Some(at) = message.rfind(ours) {
            let line = message[at..].lines().next().unwrap_or_default();
            return (Kind::Exhausted, line.to_string());
        }
    }
    let message = if message.contains("disk space") || message.contains("temp_directory_size") {
        "the queries spill more to disk than limits.spill allows; ask for less at once, or raise limits.spill in \
         starmart.yaml"
            .to_string()
    } else {
        format!("the query needs more than its limits allow: {}", clean(message))
    };
    (Kind::Exhausted, message)
}

/// An error from beyond DataFusion, perhaps one of ours or DataFusion's own in disguise.
fn external(error: &(dyn std::error::Error + Send + Sync + 'static)) -> (Kind, String) {
    if let Some(error) = error.downcast_ref::<Error>() {
        return (error.kind(), error.message().to_string());
    }
    if let Some(error) = error.downcast_ref::<DataFusionError>() {
        return judge(error);
    }
    if let Some(error) = error.downcast_ref::<ArrowError>() {
        return arrow(error);
    }
    if let Some(error) = error.downcast_ref::<object_store::Error>() {
        return store(error);
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return file(error);
    }
    let message = error.to_string();
    match reworded(&message) {
        // A faulty regular expression, for one.
        Some(reworded) => (Kind::Invalid, reworded),
        None => (Kind::Internal, clean(&message)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_say_who_must_act() {
        let overflow = ArrowError::ArithmeticOverflow("Overflow happened on: 1 + 2".into());
        let wrapped = DataFusionError::Context("x".into(), Box::new(DataFusionError::from(overflow)));
        assert_eq!(error(wrapped).kind(), Kind::Invalid);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(error(DataFusionError::IoError(full)).kind(), Kind::Exhausted);
        assert_eq!(error(DataFusionError::Internal("x".into())).kind(), Kind::Internal);
        let ours = DataFusionError::External(Box::new(Error::denied("no")));
        assert_eq!(error(ours).kind(), Kind::Denied);
    }

    #[test]
    fn messages_carry_no_noise() {
        let plan = error(DataFusionError::Plan("Error during planning: No such function".into()));
        assert_eq!(plan.message(), "no such function");
        let memory = format!("Additional allocation failed. caused by\nResources: {QUERY_MEMORY} 1 MB; raise it\nmore");
        let memory = error(DataFusionError::ResourcesExhausted(memory));
        assert_eq!(memory.message(), format!("{QUERY_MEMORY} 1 MB; raise it"));
    }

    #[test]
    fn the_spill_quota_names_its_setting() {
        let text = "The used disk space during the spilling process has exceeded the allowable limit of 1 MB.";
        let spilled = error(DataFusionError::IoError(io::Error::other(text)));
        assert_eq!(spilled.kind(), Kind::Exhausted);
        assert!(spilled.message().contains("limits.spill"), "{spilled}");
    }
}
