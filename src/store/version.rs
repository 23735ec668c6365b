//! A mart version: which Delta version of every table is published together, from which inputs they were
//! loaded, and what the claims of the model came to. Stored as JSON in `_versions`.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The format of mart versions that this build writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

/// One published state of the whole mart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MartVersion {
    /// The format of this object; a newer one than [`FORMAT`] is refused.
    pub format: u32,
    /// Its number: 1, 2, 3 and so on, without gaps.
    pub number: u64,
    /// When it was published.
    #[serde(with = "instant")]
    pub published: DateTime<Utc>,
    /// The hash of the model that it was loaded with.
    pub model_hash: String,
    /// The tables and their Delta versions.
    pub tables: BTreeMap<String, Pin>,
    /// What testing the model's claims about these tables found.
    pub verdicts: Vec<Verdict>,
}

/// One table in a mart version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pin {
    /// The version of its Delta log.
    pub delta_version: u64,
    /// The model's fingerprint of everything that bears on the table's rows.
    pub fingerprint: String,
    /// The files that it was loaded from.
    pub inputs: Vec<Input>,
    /// How many rows it holds.
    pub rows: u64,
    /// For a derived table: the Delta versions of the tables that its `sql` read.
    #[serde(default)]
    pub reads: BTreeMap<String, u64>,
}

/// A file that a table was loaded from, as it was then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Where it lay, relative to the folder that `files:` resolves against.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last modified.
    #[serde(with = "instant")]
    pub modified: DateTime<Utc>,
    /// The SHA-256 of its content, where that was computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What the model claims about a table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// The key's columns tell every row apart, and none of them is NULL.
    PrimaryKey,
    /// Every key of the join finds one row.
    Join {
        /// The join's name in its table.
        name: String,
    },
}

/// What testing a claim found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The table that makes the claim.
    pub table: String,
    /// The claim.
    pub claim: Claim,
    /// The columns or keys claimed, so that a claim that changed is not taken for a tested one.
    pub detail: String,
    /// Whether it holds.
    pub holds: bool,
    /// How many keys break it.
    pub violations: u64,
    /// For a join: how many rows name a member that is not there. They do not break the claim.
    pub orphans: u64,
    /// For a join: how many keys those rows bear; 0 in versions from before they were counted.
    #[serde(default)]
    pub orphan_keys: u64,
    /// The Delta versions of the tables that it was tested against.
    pub tested: BTreeMap<String, u64>,
}

/// The one field that is read before anything else is believed.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl MartVersion {
    /// The version as stored.
    pub(crate) fn encode(&self) -> Result<Vec<u8>> {
        serde_json::to_vec_pretty(self).map_err(|source| {
            Error::internal(format!("cannot encode mart version {}", self.number)).with_source(source)
        })
    }

    /// The version stored as `bytes` in `place`; a newer format is refused, whatever else it says.
    pub(crate) fn decode(bytes: &[u8], place: &str) -> Result<Self> {
        let damaged = |source: serde_json::Error| {
            Error::misconfigured(format!("{place} is not a mart version: {source}; restore it from a backup"))
                .with_source(source)
        };
        let Format { format } = serde_json::from_slice(bytes).map_err(damaged)?;
        if format > FORMAT {
            return Err(Error::misconfigured(format!(
                "this mart was written by a newer starmart (format {format}); this one reads format {FORMAT}: \
                 upgrade starmart, or name another mart ({place})"
            )));
        }
        serde_json::from_slice(bytes).map_err(damaged)
    }
}

/// Instants in JSON: RFC 3339 with all the digits there are.
pub(crate) mod instant {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(crate) fn serialize<S: Serializer>(value: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&value.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text)
            .map(|instant| instant.with_timezone(&Utc))
            .map_err(|fault| de::Error::custom(format!("'{text}' is not an instant: {fault}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_version_reads_back_as_written() {
        let published = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
        let input = Input { path: "data/a.csv".into(), size: 7, modified: published, sha256: None };
        let pin = Pin {
            delta_version: 3,
            fingerprint: "f".into(),
            inputs: vec![input],
            rows: 9,
            reads: BTreeMap::from([("b".into(), 2)]),
        };
        let verdict = Verdict {
            table: "a".into(),
            claim: Claim::Join { name: "b".into() },
            detail: "b_id = id".into(),
            holds: true,
            violations: 0,
            orphans: 4,
            orphan_keys: 2,
            tested: BTreeMap::from([("a".into(), 3), ("b".into(), 2)]),
        };
        let version = MartVersion {
            format: FORMAT,
            number: 12,
            published,
            model_hash: "h".into(),
            tables: BTreeMap::from([("a".into(), pin)]),
            verdicts: vec![verdict],
        };
        assert_eq!(MartVersion::decode(&version.encode().unwrap(), "x").unwrap(), version);
    }

    #[test]
    fn a_verdict_without_orphaned_keys_is_read() {
        let verdict = r#"{"table": "a", "claim": "primary_key", "detail": "id", "holds": true, "violations": 0,
            "orphans": 3, "tested": {}}"#;
        let verdict: Verdict = serde_json::from_str(verdict).unwrap();
        assert_eq!((verdict.orphans, verdict.orphan_keys), (3, 0));
    }

    #[test]
    fn a_newer_format_is_refused_before_its_fields_are_read() {
        let error = MartVersion::decode(br#"{"format": 2, "shards": []}"#, "_versions/1.json").unwrap_err();
        assert_eq!(error.kind(), Kind::Misconfigured);
        let said = error.to_string();
        assert!(said.starts_with("this mart was written by a newer starmart (format 2); this one reads format 1"));
    }

    #[test]
    fn a_damaged_version_is_named() {
        for bytes in [&b""[..], b"{", b"[]", br#"{"format": 1}"#] {
            let error = MartVersion::decode(bytes, "_versions/1.json").unwrap_err();
            assert_eq!(error.kind(), Kind::Misconfigured);
            assert!(error.to_string().starts_with("_versions/1.json is not a mart version"), "{error}");
        }
    }
}
