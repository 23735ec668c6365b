//! Good and bad configurations.

use super::*;
use crate::error::Kind;

fn decode(text: &str) -> Result<Config> {
    let (config, faults) = Config::decode(Path::new("/project"), "starmart.yaml", text);
    faults.into_result(config)
}

/// The faults of a configuration that has them.
fn faults(text: &str) -> String {
    let error = decode(text).expect_err(text);
    assert_eq!(error.kind(), Kind::Misconfigured);
    error.message().to_owned()
}

#[test]
fn what_is_missing_has_defaults() {
    let config = decode("version: 1\n").expect("good");
    assert_eq!(config.mart, "/project/mart");
    assert_eq!(config.data, Path::new("/project/data"));
    assert_eq!(config.cubes, Path::new("/project/cubes"));
    assert_eq!(config.limits, Limits::default());
    assert_eq!(config.serve, Serve::default());
    assert_eq!(config.serve.flight.to_string(), "127.0.0.1:31337");
    assert!(config.limits.memory_bytes > 0 && config.limits.query_memory_bytes <= config.limits.memory_bytes);
}

#[test]
fn everything_can_be_said() {
    let text = r#"version: 1
mart: ./marts/retail
data: /srv/data
limits: {memory: 4 GiB, query_memory: 512 MiB, spill: 1.5GB, deadline: 30s, running: 2, queued: 0}
serve: {flight: "127.0.0.1:0", http: "[::1]:8081"}
"#;
    let config = decode(text).expect("good");
    assert_eq!((config.mart.as_str(), config.data.as_path()), ("/project/marts/retail", Path::new("/srv/data")));
    let limits = Limits {
        memory_bytes: 4 << 30,
        query_memory_bytes: 512 << 20,
        spill_bytes: 1_500_000_000,
        deadline: Duration::from_secs(30),
        running: 2,
        queued: 0,
    };
    assert_eq!(config.limits, limits);
    assert_eq!((config.serve.flight.port(), config.serve.http.to_string().as_str()), (0, "[::1]:8081"));
    assert_eq!(decode("version: 1\nmart: file:///srv/a%20mart\n").expect("good").mart, "/srv/a mart");
    let half = decode("version: 1\nlimits: {memory: 100 MiB}\n").expect("good");
    assert_eq!(half.limits.query_memory_bytes, 50 << 20);
}

#[test]
fn every_fault_is_listed() {
    let text = "version: 2
mart: s3://bucket/mart
dta: x
limits:
  memory: 4
  query_memory: 1 PB
  spill: lots
  deadline: 5
  running: 0
  queued: -1
serve:
  flight: 0.0.0.0:31337
  http: localhost
";
    assert_eq!(
        faults(text),
        "\
starmart.yaml:1:10: 'version': expected 1, found 2
starmart.yaml:2:7: 'mart': 's3://bucket/mart': marts on s3:// are not supported yet; name a local folder
starmart.yaml:3:1: unknown key 'dta'; did you mean 'data'?
starmart.yaml:5:11: 'memory': expected a size above zero with its unit, such as 512 MiB or 4 GiB, found 4
starmart.yaml:6:17: 'query_memory': expected a size above zero with its unit, such as 512 MiB or 4 GiB, found '1 PB'
starmart.yaml:7:10: 'spill': expected a size above zero with its unit, such as 512 MiB or 4 GiB, found 'lots'
starmart.yaml:8:13: 'deadline': expected a duration above zero with its unit, such as 30s or 5 minutes, found 5
starmart.yaml:9:12: 'running': expected a whole number from 1 to 1024, found 0
starmart.yaml:10:11: 'queued': expected a whole number from 0 to 65536, found -1
starmart.yaml:12:11: 'flight': 0.0.0.0:31337 can be reached from other machines, and there is neither TLS nor login yet; listen on 127.0.0.1:31337
starmart.yaml:13:9: 'http': expected an address and port, such as 127.0.0.1:31337, found 'localhost'"
    );
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    assert!(
        faults("version: 1\nlimits: {memory: 1 GiB, query_memory: 2 GiB}\n")
            .contains("starmart.yaml:2:39: 'query_memory': 2 GiB is more than all queries together may use")
    );
    assert!(
        faults("version: 1\nserve: {flight: \"127.0.0.1:9\", http: \"127.0.0.1:9\"}\n")
            .contains("give each its own port")
    );
    assert!(faults("version: 1\nserve: {http: \"127.0.0.1:31337\"}\n").contains("give each its own port"));
    assert!(faults("version: 1\nmart: gs://b\n").contains("marts on gs:// are not supported yet"));
    assert!(faults("version: 1\nmart: file://host/share\n").contains("names no local folder"));
    let absurd = faults("version: 1\nlimits: {running: 18446744073709551615, queued: 65537}\n");
    assert!(absurd.contains("starmart.yaml:2:19: 'running': expected a whole number from 1 to 1024"), "{absurd}");
    assert!(absurd.contains("'queued': expected a whole number from 0 to 65536, found 65537"), "{absurd}");
    assert!(faults("data: a: b\n").contains("starmart.yaml:1:8: not valid YAML"));
    assert!(faults("").contains("starmart.yaml:1:1: the file is empty; begin it with version: 1"));
    assert!(faults("version: 1\nmart: data\n").contains("'mart' and 'data' are the same folder"));
}

#[test]
fn a_missing_file_says_how_to_make_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Config::load(folder.path(), None).expect_err("missing");
    assert_eq!(error.kind(), Kind::Misconfigured);
    assert!(error.message().contains("starmart.yaml: no such file"), "{error}");
    assert!(error.message().contains("starmart demo --dir DIR"), "{error}");
    let file = folder.path().join(FILE);
    std::fs::write(&file, b"version: 1 # \xff\n").expect("written");
    assert!(Config::load(folder.path(), None).expect_err("not UTF-8").message().contains("not UTF-8"));
    assert!(Config::load(folder.path(), Some(folder.path())).expect_err("a folder").message().contains("is a folder"));
}

#[test]
fn what_is_rendered_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for data in ["/srv/data", "/srv/a \"quoted\" \\ 資料: # x", "/srv/\ttab\n"] {
        let text = Config::render("mart", Path::new(data)).expect("rendered");
        std::fs::write(folder.path().join(FILE), text).expect("written");
        let config = Config::load(folder.path(), None).expect(data);
        assert_eq!(config.data, Path::new(data));
        assert_eq!(Path::new(&config.mart), folder.path().join("mart"));
    }
}

#[test]
fn another_file_keeps_the_project_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("other.yaml");
    std::fs::write(&file, "version: 1\ndata: d\n").expect("written");
    let config = Config::load(folder.path(), Some(&file)).expect("good");
    assert_eq!(config.data, folder.path().join("d"));
}

#[test]
fn marts_of_the_command_line_are_local() {
    assert_eq!(local_mart(Path::new("/p"), "m/./x").ok().as_deref(), Some("/p/m/x"));
    assert_eq!(local_mart(Path::new("/p"), "s3://b/m").expect_err("remote").kind(), Kind::Misconfigured);
}

#[test]
fn the_schema_describes_every_key() {
    let schema = Config::shape().json_schema("starmart.yaml");
    let properties = schema["properties"].as_object().expect("properties");
    assert_eq!(properties.len(), 5);
    assert!(properties.values().all(|property| property["description"].is_string()));
    assert_eq!(schema["properties"]["limits"]["properties"]["running"]["default"], 8);
}

/// The keys of a schema that hold a value, each by its whole name, with its default.
fn keys(schema: &serde_json::Value, above: &str) -> Vec<(String, Option<String>)> {
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let of = |(name, key): (&String, &serde_json::Value)| {
        let name = format!("{above}{name}");
        let default = match &key["default"] {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let within = keys(key, &format!("{name}."));
        if within.is_empty() { vec![(name, default)] } else { within }
    };
    properties.iter().flat_map(of).collect()
}

#[test]
fn the_page_on_configuration_describes_every_key() {
    let page = include_str!("../../docs/configuration.md");
    let keys = keys(&Config::shape().json_schema("starmart.yaml"), "");
    assert!(keys.len() > 10 && keys.iter().any(|(name, _)| name == "limits.query_memory"));
    for (name, default) in &keys {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` | ")));
        let row = row.unwrap_or_else(|| panic!("docs/configuration.md has no row for `{name}`"));
        if let Some(default) = default {
            assert!(row.contains(&format!("| `{default}` |")), "`{name}` is {default} by default: {row}");
        }
    }
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 4);
    assert_eq!(rows.count(), keys.len(), "a row for a key that is not there");
    let (_, example) = page.split_once("```yaml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let config = decode(example).expect("good");
    assert_eq!((config.serve, config.limits.running), (Serve::default(), Limits::default().running));
    for (name, _) in &keys {
        let key = name.rsplit('.').next().expect("a name");
        assert!(example.contains(&format!("{key}:")), "the example lacks `{name}`");
    }
}

#[test]
fn this_repository_is_a_project() {
    let config = Config::load(Path::new(env!("CARGO_MANIFEST_DIR")), None).expect("good");
    assert!(config.cubes.join("sales.yaml").is_file());
    assert!(config.data.ends_with("data") && config.mart.ends_with("/mart"));
}
