//! What tools browse: every metadata command of Flight SQL, message by message.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, Schema, UInt32Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandStatementQuery, ProstMessageExt,
};
use arrow_flight::{FlightDescriptor, IpcMessage, Ticket};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::cli::edit;
use crate::flight::{limited, raw, started};
use crate::projects::{self, Served, loaded};

pub(crate) type Service = FlightServiceClient<Channel>;

pub(crate) fn descriptor(command: &impl ProstMessageExt) -> FlightDescriptor {
    FlightDescriptor::new_cmd(command.as_any().encode_to_vec())
}

/// The rows that a ticket is good for, which come as announced.
async fn redeemed(service: &mut Service, ticket: Ticket, announced: &Schema) -> Result<RecordBatch, Status> {
    let messages = service.do_get(ticket).await?.into_inner();
    let mut batches = FlightRecordBatchStream::new_from_flight_data(messages.map_err(FlightError::from));
    let mut rows = Vec::new();
    while let Some(batch) = batches.next().await {
        rows.push(batch.map_err(Status::from)?);
    }
    assert_eq!(batches.schema().expect("a schema").as_ref(), announced);
    Ok(arrow::compute::concat_batches(&announced.clone().into(), &rows).unwrap())
}

/// The rows of a command, whose schema is told thrice alike.
pub(crate) async fn told(service: &mut Service, command: &impl ProstMessageExt) -> Result<RecordBatch, Status> {
    let info = service.get_flight_info(descriptor(command)).await?.into_inner();
    let described = service.get_schema(descriptor(command)).await?.into_inner();
    assert_eq!(described.schema, info.schema);
    assert_eq!(info.endpoint.len(), 1);
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    redeemed(service, ticket, &info.try_decode_schema().unwrap()).await
}

/// Rows as text: values apart by spaces, rows by bars.
fn shown(rows: &RecordBatch, columns: &[usize]) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let columns: Vec<_> =
        columns.iter().map(|at| ArrayFormatter::try_new(rows.column(*at), &options).unwrap()).collect();
    let row = |row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" ");
    (0..rows.num_rows()).map(row).collect::<Vec<_>>().join("|")
}

fn named(rows: &RecordBatch) -> String {
    let shown = |of: &DataType| match of {
        DataType::Utf8 => "utf8".to_owned(),
        DataType::List(item) => format!("list<{}{}>", item.data_type(), if item.is_nullable() { "" } else { "!" }),
        other => other.to_string().to_lowercase(),
    };
    let schema = rows.schema();
    let fields = schema.fields().iter().map(|field| {
        let not_null = if field.is_nullable() { "" } else { "!" };
        format!("{}: {}{not_null}", field.name(), shown(field.data_type()))
    });
    fields.collect::<Vec<_>>().join(", ")
}

pub(crate) fn tables() -> CommandGetTables {
    CommandGetTables::default()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_has_the_schema_of_the_specification() {
    let (_folder, mart) = loaded("shop").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let rows = told(&mut service, &CommandGetCatalogs {}).await.unwrap();
    assert_eq!(named(&rows), "catalog_name: utf8!");
    assert_eq!(shown(&rows, &[0]), "starmart");
    let rows = told(&mut service, &CommandGetDbSchemas::default()).await.unwrap();
    assert_eq!(named(&rows), "catalog_name: utf8, db_schema_name: utf8!");
    assert_eq!(shown(&rows, &[0, 1]), "starmart cubes|starmart information_schema|starmart mart|starmart system");
    let rows = told(&mut service, &CommandGetTableTypes {}).await.unwrap();
    assert_eq!(named(&rows), "table_type: utf8!");
    assert_eq!(shown(&rows, &[0]), "SYSTEM TABLE|TABLE");
    let of_tables = "catalog_name: utf8, db_schema_name: utf8, table_name: utf8!, table_type: utf8!";
    let rows = told(&mut service, &tables()).await.unwrap();
    assert_eq!(named(&rows), of_tables);
    let rows = told(&mut service, &CommandGetTables { include_schema: true, ..tables() }).await.unwrap();
    assert_eq!(named(&rows), format!("{of_tables}, table_schema: binary!"));
    let rows = told(&mut service, &CommandGetPrimaryKeys::default()).await.unwrap();
    assert_eq!(
        named(&rows),
        "catalog_name: utf8, db_schema_name: utf8, table_name: utf8!, column_name: utf8!, key_sequence: int32!, \
         key_name: utf8"
    );
    let of_keys = "pk_catalog_name: utf8, pk_db_schema_name: utf8, pk_table_name: utf8!, pk_column_name: utf8!, \
                   fk_catalog_name: utf8, fk_db_schema_name: utf8, fk_table_name: utf8!, fk_column_name: utf8!, \
                   key_sequence: int32!, fk_key_name: utf8, pk_key_name: utf8, update_rule: uint8!, delete_rule: uint8!";
    assert_eq!(named(&told(&mut service, &CommandGetExportedKeys::default()).await.unwrap()), of_keys);
    assert_eq!(named(&told(&mut service, &CommandGetImportedKeys::default()).await.unwrap()), of_keys);
    assert_eq!(named(&told(&mut service, &CommandGetCrossReference::default()).await.unwrap()), of_keys);
    let rows = told(&mut service, &CommandGetXdbcTypeInfo::default()).await.unwrap();
    assert_eq!(
        named(&rows),
        "type_name: utf8!, data_type: int32!, column_size: int32, literal_prefix: utf8, literal_suffix: utf8, \
         create_params: list<Utf8!>, nullable: int32!, case_sensitive: boolean!, searchable: int32!, \
         unsigned_attribute: boolean, fixed_prec_scale: boolean!, auto_increment: boolean, local_type_name: utf8, \
         minimum_scale: int32, maximum_scale: int32, sql_data_type: int32!, datetime_subcode: int32, \
         num_prec_radix: int32, interval_precision: int32"
    );
    let rows = told(&mut service, &CommandGetXdbcTypeInfo { data_type: Some(-5) }).await.unwrap();
    assert_eq!(shown(&rows, &[0]), "BIGINT");
    let rows = told(&mut service, &CommandGetSqlInfo::default()).await.unwrap();
    let schema = rows.schema();
    assert_eq!((schema.field(0).data_type(), schema.field(0).is_nullable()), (&DataType::UInt32, false));
    let DataType::Union(members, arrow::datatypes::UnionMode::Dense) = schema.field(1).data_type() else {
        panic!("{schema}")
    };
    let members: Vec<_> = members.iter().map(|(id, field)| (id, field.name().as_str())).collect();
    let names =
        ["string_value", "bool_value", "bigint_value", "int32_bitmask", "string_list", "int32_to_int32_list_map"];
    assert_eq!(members, (0..).zip(names).collect::<Vec<_>>());
    assert_eq!(rows.num_rows(), 89);
    let rows = told(&mut service, &CommandGetSqlInfo { info: vec![562, 0, 4711, 0] }).await.unwrap();
    assert_eq!(rows.column(0).as_primitive::<UInt32Type>().values().to_vec(), [0, 562]);
    server.stop().await;
}

const ALL_SCHEMAS: &str = "cubes|information_schema|mart|system";

#[tokio::test(flavor = "multi_thread")]
async fn schemas_and_tables_are_chosen_by_catalog_pattern_and_type() {
    let (_folder, mart) = loaded("shop").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let text = |text: &str| Some(text.to_owned());
    for (catalog, pattern, expected) in [
        (None, None, ALL_SCHEMAS),
        (text("starmart"), text("%"), ALL_SCHEMAS),
        (None, text("m_rt"), "mart"),
        (text(""), None, ""),
        (text("other"), None, ""),
        (None, text("Mart"), ""),
    ] {
        let command = CommandGetDbSchemas { catalog, db_schema_filter_pattern: pattern };
        let rows = told(&mut service, &command).await.unwrap();
        assert_eq!(shown(&rows, &[1]), expected, "{command:?}");
    }
    let all = "cubes all_lines TABLE|cubes sales TABLE|mart categories TABLE|mart households TABLE|\
               mart lines TABLE|mart products TABLE|mart stores TABLE";
    let types = |types: &[&str]| types.iter().map(|name| (*name).to_owned()).collect();
    let table = |pattern: &str| CommandGetTables { table_name_filter_pattern: text(pattern), ..tables() };
    for (command, expected) in [
        (CommandGetTables { catalog: text("starmart"), table_types: types(&["table"]), ..tables() }, all),
        (CommandGetTables { catalog: text(""), ..tables() }, ""),
        (CommandGetTables { table_types: types(&["VIEW", "TABLE"]), ..tables() }, all),
        (CommandGetTables { table_types: types(&["BASE TABLE", "table"]), ..tables() }, all),
        (CommandGetTables { table_types: types(&["VIEW"]), ..tables() }, ""),
        (
            CommandGetTables { db_schema_filter_pattern: text("cubes"), ..table("%s") },
            "cubes all_lines TABLE|cubes sales TABLE",
        ),
        (table("all_lines"), "cubes all_lines TABLE"),
        (table(r"all\_lines"), "cubes all_lines TABLE"),
        (table("_____"), "cubes sales TABLE|mart lines TABLE|system cubes SYSTEM TABLE|system joins SYSTEM TABLE"),
        (table("l%"), "mart lines TABLE|system labels SYSTEM TABLE"),
        (table("table_"), "information_schema tables SYSTEM TABLE|system tables SYSTEM TABLE"),
        (CommandGetTables { table_types: types(&["TABLE"]), ..table("cubes") }, ""),
        (table("nothing"), ""),
    ] {
        let rows = told(&mut service, &command).await.unwrap();
        assert_eq!(shown(&rows, &[1, 2, 3]), expected, "{command:?}");
    }
    let long = told(&mut service, &table(&"%".repeat(5000))).await.unwrap_err();
    assert_eq!(long.code(), Code::InvalidArgument);
    server.stop().await;
}

/// The columns of one relation, as `table_schema` has them.
async fn columns(service: &mut Service, schema: &str, table: &str) -> Schema {
    let command = CommandGetTables {
        db_schema_filter_pattern: Some(schema.to_owned()),
        table_name_filter_pattern: Some(table.to_owned()),
        include_schema: true,
        ..tables()
    };
    let rows = told(service, &command).await.unwrap();
    assert_eq!(rows.num_rows(), 1);
    let message = Bytes::copy_from_slice(rows.column(4).as_binary::<i32>().value(0));
    Schema::try_from(IpcMessage(message)).unwrap()
}

/// What a column tells, in the order of the names.
fn tells(schema: &Schema, column: &str) -> String {
    let metadata = schema.field_with_name(column).unwrap().metadata();
    let short = |name: &str| name.replace("ARROW:FLIGHT:SQL:", "").replace("starmart.", "*");
    let mut told: Vec<_> = metadata.iter().map(|(name, value)| format!("{}={value}", short(name))).collect();
    told.sort();
    told.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_tell_their_types_and_what_they_mean() {
    let (_folder, mart) = loaded("shop").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let sales = columns(&mut service, "cubes", "sales").await;
    assert_eq!(sales.metadata()["ARROW:FLIGHT:SQL:REMARKS"], "Sales");
    let common = "CATALOG_NAME=starmart DB_SCHEMA_NAME=cubes IS_AUTO_INCREMENT=0 IS_CASE_SENSITIVE=";
    assert_eq!(
        tells(&sales, "revenue"),
        format!(
            "*additivity=additive *better=higher *format=#,##0.00 *role=measure *title=Revenue *unit=USD {common}0 IS_READ_ONLY=1 IS_SEARCHABLE=1 \
             PRECISION=38 REMARKS=Revenue SCALE=2 SCHEMA_NAME=cubes TABLE_NAME=sales TYPE_NAME=DECIMAL"
        )
    );
    assert_eq!(
        tells(&sales, "department"),
        format!(
            "*role=dimension *title=Department {common}1 IS_READ_ONLY=1 IS_SEARCHABLE=1 REMARKS=Department SCHEMA_NAME=cubes \
             TABLE_NAME=sales TYPE_NAME=VARCHAR"
        )
    );
    for (column, expected) in [
        ("baskets", "*additivity=non_additive"),
        ("aov", "*additivity=non_additive"),
        ("lines", "*additivity=additive"),
        ("private_revenue", "*additivity=additive"),
        ("aov", "TYPE_NAME=DOUBLE"),
        ("sold_at", "PRECISION=26 SCALE=6 SCHEMA_NAME=cubes TABLE_NAME=sales TYPE_NAME=TIMESTAMP"),
        ("sold_at__month", "TYPE_NAME=DATE"),
        ("flagship", "TYPE_NAME=BOOLEAN"),
    ] {
        let told = tells(&sales, column);
        assert!(told.contains(expected), "{column}: {told}");
    }
    let lines = columns(&mut service, "mart", "lines").await;
    assert!(tells(&lines, "sold_at").ends_with("TYPE_NAME=TIMESTAMP WITH TIME ZONE"));
    assert!(!tells(&lines, "sold_at").contains("role"));
    let categories = columns(&mut service, "mart", "categories").await;
    assert!(tells(&categories, "department").contains("REMARKS=Department"));
    // What is announced when they are selected is the same, but for the words.
    for (sql, listed) in [
        ("select * from mart.lines".to_owned(), &lines),
        (format!("select {} from sales", names(&sales).join(", ")), &sales),
    ] {
        let command = CommandStatementQuery { query: sql, transaction_id: None };
        let info = service.get_flight_info(descriptor(&command)).await.unwrap().into_inner();
        let announced = info.try_decode_schema().unwrap();
        assert!(announced.fields().iter().all(|field| field.metadata().keys().all(|key| key.starts_with("starmart."))));
        assert_eq!(types(&announced), types(listed));
    }
    server.stop().await;
}

fn names(schema: &Schema) -> Vec<&str> {
    schema.fields().iter().map(|field| field.name().as_str()).collect()
}

fn types(schema: &Schema) -> Vec<(&str, &DataType, bool)> {
    schema.fields().iter().map(|field| (field.name().as_str(), field.data_type(), field.is_nullable())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_the_models_as_far_as_they_hold() {
    let (folder, mart) = loaded("shop").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let primary = |table: &str, schema: Option<&str>| CommandGetPrimaryKeys {
        table: table.to_owned(),
        db_schema: schema.map(str::to_owned),
        catalog: None,
    };
    let rows = told(&mut service, &primary("lines", Some("mart"))).await.unwrap();
    assert_eq!(shown(&rows, &[0, 1, 2, 3, 4, 5]), "starmart mart lines line_id 1 lines_pkey");
    assert_eq!(told(&mut service, &primary("lines", None)).await.unwrap().num_rows(), 1);
    for command in
        [primary("lines", Some("")), primary("lines", Some("cubes")), primary("sales", None), primary("", None)]
    {
        assert_eq!(told(&mut service, &command).await.unwrap().num_rows(), 0, "{command:?}");
    }
    let imported = CommandGetImportedKeys { table: "lines".into(), ..CommandGetImportedKeys::default() };
    let rows = told(&mut service, &imported).await.unwrap();
    let keys = [2, 3, 6, 7, 8, 9, 10, 11, 12];
    assert_eq!(
        shown(&rows, &keys),
        "products product_id lines product_id 1 lines_product_fkey products_pkey 3 3|\
         stores store_id lines store_id 1 lines_stores_fkey stores_pkey 3 3"
    );
    assert_eq!(rows.column(8).as_primitive::<Int32Type>().null_count(), 0);
    let exported = CommandGetExportedKeys { table: "categories".into(), ..CommandGetExportedKeys::default() };
    let rows = told(&mut service, &exported).await.unwrap();
    let of_categories = "categories category_id products category_id 1 products_category_fkey categories_pkey 3 3";
    assert_eq!(shown(&rows, &keys), of_categories);
    let between = CommandGetCrossReference {
        pk_table: "categories".into(),
        fk_table: "products".into(),
        fk_db_schema: Some("mart".into()),
        ..CommandGetCrossReference::default()
    };
    assert_eq!(shown(&told(&mut service, &between).await.unwrap(), &keys), of_categories);
    let back = CommandGetCrossReference {
        pk_table: "products".into(),
        fk_table: "categories".into(),
        ..CommandGetCrossReference::default()
    };
    assert_eq!(told(&mut service, &back).await.unwrap().num_rows(), 0);
    server.stop().await;
    // A key that is not one is not told to be one, and nothing is told to refer to it.
    let products = std::fs::read_to_string(folder.path().join("data/products.csv")).unwrap();
    let twice = format!("{products}{}\n", products.lines().nth(1).unwrap());
    std::fs::write(folder.path().join("data/products.csv"), twice).unwrap();
    let mart = projects::open(folder.path()).await;
    projects::load(&mart, starmart::ingest::LoadOptions::default()).await.unwrap();
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    assert_eq!(told(&mut service, &primary("products", None)).await.unwrap().num_rows(), 0);
    assert_eq!(shown(&told(&mut service, &imported).await.unwrap(), &[2]), "stores");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_mart_can_be_browsed() {
    let folder = projects::copied("shop");
    let server = Served::start(projects::open(folder.path()).await).await;
    let mut service = raw(&server).await;
    let rows = told(&mut service, &CommandGetDbSchemas::default()).await.unwrap();
    assert_eq!(shown(&rows, &[1]), ALL_SCHEMAS);
    assert_eq!(told(&mut service, &CommandGetTables { include_schema: true, ..tables() }).await.unwrap().num_rows(), 0);
    let imported = CommandGetImportedKeys { table: "lines".into(), ..CommandGetImportedKeys::default() };
    assert_eq!(told(&mut service, &imported).await.unwrap().num_rows(), 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_loaded_is_not_there() {
    let folder = projects::copied("shop");
    let mart = projects::open(folder.path()).await;
    let only = ["lines", "products"].map(str::to_owned).to_vec();
    projects::load(&mart, starmart::ingest::LoadOptions { tables: only, ..Default::default() }).await.unwrap();
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let command = CommandGetTables { db_schema_filter_pattern: Some("mart".into()), ..tables() };
    let listed = shown(&told(&mut service, &command).await.unwrap(), &[2]);
    assert!(listed.contains("lines|products") && !listed.contains("stores"), "{listed}");
    let sales = columns(&mut service, "cubes", "sales").await;
    let there = names(&sales);
    assert!(there.contains(&"brand") && there.contains(&"revenue"), "{there:?}");
    assert!(!there.contains(&"city") && !there.contains(&"department"), "{there:?}");
    let imported = CommandGetImportedKeys { table: "lines".into(), ..CommandGetImportedKeys::default() };
    assert_eq!(shown(&told(&mut service, &imported).await.unwrap(), &[2]), "products");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_browses_waits_for_no_query() {
    let (_folder, mart) = limited("running: 1, queued: 0").await;
    let server = Served::start(mart).await;
    let mut service = raw(&server).await;
    let endless = "select a.id, repeat(b.label, 30) as long_text from mart.samples a, mart.samples b, mart.samples c, \
                   mart.samples d, mart.samples e, mart.samples f";
    let held = started(&mut service, endless).await.unwrap();
    assert_eq!(started(&mut service, "select 1 as one").await.unwrap_err().code(), Code::Unavailable);
    let command = CommandGetTables { include_schema: true, table_types: vec!["TABLE".into()], ..tables() };
    let rows = told(&mut service, &command).await.unwrap();
    assert_eq!(shown(&rows, &[1, 2]), "cubes sampled|mart samples");
    drop(held);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_fit_leaves_the_server_to_be_known() {
    let (folder, loading) = loaded("wire").await;
    drop(loading);
    edit(folder.path(), "cubes/wire.yaml", "decimal(12,2)", "decimal(14,3)");
    let server = Served::start(projects::open(folder.path()).await).await;
    let mut service = raw(&server).await;
    assert_eq!(told(&mut service, &tables()).await.unwrap_err().code(), Code::FailedPrecondition);
    assert_eq!(told(&mut service, &CommandGetCatalogs {}).await.unwrap().num_rows(), 1);
    assert_eq!(told(&mut service, &CommandGetSqlInfo::default()).await.unwrap().num_rows(), 89);
    server.stop().await;
}
