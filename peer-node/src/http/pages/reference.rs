//! The reference of the REST API: the same document that programs get, as a page.

use axum::{extract::State, response::Response};
use serde_json::Value;
use web::{
    reference::{ApiAnswer, Group, Operation, Parameter, ReferencePage},
    shell::Place,
};

use super::{Visit, html, view};
use crate::http::{Door, Error, openapi};

/// `GET /api`
pub(super) async fn show(visit: Visit, State(door): State<Door>) -> Result<Response, Error> {
    let shell = view::shell(&door.service, Place::Reference).await?;
    let document = serde_json::to_value(openapi::document()).expect("a document of texts makes JSON");
    Ok(html(&ReferencePage {
        page: visit.page(),
        shell,
        origin: door.hosts.url(),
        groups: groups(&document),
    }))
}

/// Operations by their tag, in the order of the document's own list of tags.
fn groups(document: &Value) -> Vec<Group> {
    let tags = document["tags"].as_array().into_iter().flatten();
    let mut groups: Vec<(String, Group)> = tags
        .filter_map(|tag| {
            let name = tag["name"].as_str()?;
            Some((name.to_owned(), Group { name: title(name), operations: Vec::new() }))
        })
        .collect();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, said) in methods.as_object().into_iter().flatten() {
            let tag = said["tags"][0].as_str().unwrap_or_default();
            if let Some((_, group)) = groups.iter_mut().find(|(name, _)| name == tag) {
                group.operations.push(operation(document, path, method, said));
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).filter(|group| !group.operations.is_empty()).collect()
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn operation(document: &Value, path: &str, method: &str, said: &Value) -> Operation {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = said["parameters"].as_array().into_iter().flatten().map(|parameter| Parameter {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        required: parameter["required"].as_bool().unwrap_or(false),
        description: text(&parameter["description"]),
    });
    let answers = said["responses"].as_object().into_iter().flatten().map(|(status, answer)| ApiAnswer {
        status: status.clone(),
        description: match text(&answer["description"]) {
            empty if empty.is_empty() && status.starts_with(['4', '5']) => {
                "A problem, with its field and reason".to_owned()
            }
            empty if empty.is_empty() => "Done".to_owned(),
            said => said,
        },
    });
    let body = &said["requestBody"]["content"]["application/json"]["schema"];
    Operation {
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(&said["summary"]),
        description: text(&said["description"]),
        scope: said["security"][0]["token"][0].as_str().map(str::to_owned),
        parameters: parameters.collect(),
        body: (!body.is_null()).then(|| {
            serde_json::to_string_pretty(&example(document, body, 0)).expect("examples are JSON already")
        }),
        answers: answers.collect(),
    }
}

/// An example value for a schema: the given one, or the smallest that fits.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(given) =
        schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema.get("default"))
    {
        return given.clone();
    }
    if depth > 8 {
        return Value::Null;
    }
    if let Some(target) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        return document.pointer(target).map_or(Value::Null, |schema| example(document, schema, depth + 1));
    }
    for list in ["oneOf", "anyOf", "allOf"] {
        let mut choices = schema[list].as_array().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| choice["type"] != "null") {
            return example(document, choice, depth + 1);
        }
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"].as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null"));
    match kind {
        Some("object") => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            fields
                .map(|(name, field)| (name.clone(), example(document, field, depth + 1)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
        Some("array") => vec![example(document, &schema["items"], depth + 1)].into(),
        Some("string") => "…".into(),
        Some("integer" | "number") => 1.into(),
        Some("boolean") => true.into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_document_is_on_the_page_with_what_it_does() {
        let document = serde_json::to_value(openapi::document()).expect("JSON");
        let shown: usize = groups(&document).iter().map(|group| group.operations.len()).sum();
        let paths = document["paths"].as_object().expect("paths");
        let there: usize = paths.values().filter_map(Value::as_object).map(serde_json::Map::len).sum();
        assert_eq!(shown, there);
        for operation in groups(&document).iter().flat_map(|group| &group.operations) {
            assert!(!operation.summary.is_empty(), "{} {}", operation.method, operation.path);
            assert!(operation.scope.is_some(), "{} {}", operation.method, operation.path);
            assert!(!operation.answers.is_empty(), "{} {}", operation.method, operation.path);
        }
    }

    #[test]
    fn bodies_have_examples_that_name_their_fields() {
        let document = serde_json::to_value(openapi::document()).expect("JSON");
        let groups = groups(&document);
        let send = groups
            .iter()
            .flat_map(|group| &group.operations)
            .find(|operation| operation.method == "POST" && operation.path.ends_with("/messages"))
            .expect("one can send");
        assert!(send.body.as_deref().expect("it has a body").contains("\"text\""));
    }
}
