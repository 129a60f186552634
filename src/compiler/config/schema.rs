//! The JSON Schema (2020-12) of the language, generated from its types, and its compiled form.

use std::sync::OnceLock;

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::section::Config;
use super::shape::Schema;

/// The schema as a document for editors; `schema/mailserver.schema.json` holds its text.
pub fn document() -> Json {
    let generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    let mut document = generator.into_root_schema_for::<Config>().to_value();
    if let Some(object) = document.as_object_mut() {
        object.insert("title".to_owned(), Json::from("mailserver.yaml"));
    }
    document
}

/// The schema for the checker, compiled once.
pub fn compiled() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| Schema::compile(&document()).expect("invariant: a test compiles the same generated schema"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_known() {
        assert_eq!(Schema::compile(&document()).map(|_| ()), Ok(()));
    }
}
