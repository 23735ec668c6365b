//! A [`Shape`] as JSON Schema (draft 2020-12), for editors.

use serde_json::{Map, Value as Json, json};

use super::fault::Position;
use super::node::{Node, Value};
use super::shape::{Key, RESERVED, Shape};

impl Shape {
    /// The JSON Schema of files that have this shape.
    pub fn json_schema(&self, title: &str) -> Json {
        let mut schema = self.schema();
        if let Json::Object(members) = &mut schema {
            members.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
            members.insert("title".into(), json!(title));
        }
        schema
    }

    fn schema(&self) -> Json {
        match self {
            Self::Text => json!({"type": "string", "pattern": "\\S"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::Integer => json!({"type": "integer"}),
            Self::Within(low, high) => json!({"type": "integer", "minimum": low, "maximum": high}),
            Self::Number => json!({"type": "number"}),
            Self::Distance => json!({"type": "number", "minimum": 0}),
            Self::Answer => json!({"type": ["string", "number", "boolean", "null"]}),
            Self::Scalar => json!({"type": ["string", "number", "boolean"]}),
            Self::OneOf(words) => json!({"enum": words.iter().map(|word| typed(word)).collect::<Vec<_>>()}),
            Self::Written { pattern, .. } => json!({"type": "string", "pattern": pattern}),
            Self::List(item) => json!({"type": "array", "items": item.schema(), "minItems": 1}),
            Self::TextOrList => json!({"anyOf": [Self::Text.schema(), Self::list(Self::Text).schema()]}),
            Self::Map(keys) => map(keys),
            Self::Named { doc, shape } => json!({
                "type": "object",
                "propertyNames": {
                    "description": format!("the name of {doc}"),
                    "pattern": format!("^(?!(?:{})$)[a-z](?:_?[a-z0-9])*_?$", RESERVED.join("|")),
                },
                "additionalProperties": shape.schema(),
            }),
            Self::Dict(shape) => json!({"type": "object", "additionalProperties": shape.schema()}),
            Self::Either(shapes) => json!({"anyOf": shapes.iter().map(Self::schema).collect::<Vec<_>>()}),
        }
    }
}

fn map(keys: &[Key]) -> Json {
    let mut properties = Map::new();
    for key in keys {
        let mut schema = key.shape.schema();
        if let Json::Object(members) = &mut schema {
            members.insert("description".into(), json!(key.doc));
            if let Some(default) = key.default {
                members.insert("default".into(), typed(default));
            }
        }
        properties.insert(key.name.into(), schema);
    }
    let required: Vec<&str> = keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema =
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
    let alternatives: Vec<Json> =
        keys.iter().filter(|key| key.alternative).map(|key| json!({"required": [key.name]})).collect();
    if let (Json::Object(members), false) = (&mut schema, alternatives.is_empty()) {
        members.insert("oneOf".into(), json!(alternatives));
    }
    schema
}

/// A bare word as the value that YAML reads it as.
fn typed(word: &str) -> Json {
    let node = Node::new(Position::START, Value::Scalar { text: word.into(), quoted: false });
    match (node.bool(), node.i64(), node.f64()) {
        (Some(value), _, _) => json!(value),
        (_, Some(value), _) => json!(value),
        (_, _, Some(value)) => json!(value),
        _ => json!(word),
    }
}
