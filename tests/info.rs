//! What the server says of its SQL, held against what it does, and metadata commands that are damaged.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use arrow_flight::Ticket;
use arrow_flight::sql::{CommandGetSqlInfo, CommandGetTables, CommandStatementQuery, ProstMessageExt};
use futures::TryStreamExt;
use prost::Message;
use tonic::Code;

use crate::flight::{raw, started};
use crate::metadata::{descriptor, tables, told};
use crate::projects::{Served, loaded};

/// The types of SqlInfo's conversions, in SQL.
const CONVERTIBLE: [(i32, &str); 8] = [
    (0, "BIGINT"),
    (2, "BOOLEAN"),
    (4, "DATE"),
    (5, "DECIMAL(12, 2)"),
    (6, "DOUBLE"),
    (15, "TIME"),
    (16, "TIMESTAMP"),
    (19, "VARCHAR"),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_sql_is_so() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let rows = told(&mut service, &CommandGetSqlInfo { info: vec![517] }).await.unwrap();
    let value = rows.column(1).as_union().value(0);
    let map = value.as_map();
    let said: Vec<(i32, Vec<i32>)> = (0..map.keys().len())
        .map(|at| {
            let to = map.values().as_list::<i32>().value(at);
            (map.keys().as_primitive::<Int32Type>().value(at), to.as_primitive::<Int32Type>().values().to_vec())
        })
        .collect();
    assert_eq!(said.len(), CONVERTIBLE.len());
    for (from, from_type) in CONVERTIBLE {
        let (_, said) = said.iter().find(|(code, _)| *code == from).unwrap();
        for (to, to_type) in CONVERTIBLE {
            let query = format!("select cast(x as {to_type}) as y from (select cast(null as {from_type}) as x) t");
            let command = CommandStatementQuery { query, transaction_id: None };
            let plans = service.get_flight_info(descriptor(&command)).await.is_ok();
            assert!(plans || !said.contains(&to), "{from_type} to {to_type}");
        }
    }
    for sql in [
        "select s.id from mart.samples s where s.id = (select max(id) from mart.samples)",
        "select id from mart.samples s where exists (select 1 from mart.samples t where t.id = s.id + 1)",
        "select id from mart.samples where id in (select id from mart.samples)",
        "select id from mart.samples s where id > (select avg(id) from mart.samples t where t.flag = s.flag)",
        "select id from mart.samples union select id from mart.samples",
        "select id from mart.samples union all select id from mart.samples",
        "select id from mart.samples order by price + 1",
        "select id from mart.samples order by label",
        "select count(*) as n from mart.samples group by flag",
        "select flag, id, count(*) as n from mart.samples group by flag, id, label",
        "select a.id from mart.samples a full outer join mart.samples b on a.id = b.id",
        "select starmart.mart.samples.id from starmart.mart.samples",
        "select samples.id from mart.samples samples",
    ] {
        started(&mut service, sql).await.unwrap_or_else(|status| panic!("{sql}: {}", status.message()));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_commands_are_refused() {
    let (_folder, mart) = loaded("wire").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let command = CommandGetTables { table_name_filter_pattern: Some("sam%".into()), include_schema: true, ..tables() };
    let bytes = command.as_any().encode_to_vec();
    let cut = (0..bytes.len()).map(|length| bytes[..length].to_vec());
    let flipped = (0..bytes.len()).map(|at| {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x55;
        flipped
    });
    let mut refused = 0;
    for damaged in cut.chain(flipped) {
        match service.do_get(Ticket::new(damaged.clone())).await {
            // It may still say something, though something else.
            Ok(messages) => {
                messages.into_inner().try_collect::<Vec<_>>().await.unwrap();
            }
            Err(status) => {
                let told =
                    matches!(status.code(), Code::InvalidArgument | Code::Unimplemented | Code::PermissionDenied);
                assert!(told, "{damaged:?}: {status:?}");
                refused += 1;
            }
        }
    }
    assert!(refused > bytes.len());
    server.stop().await;
}
