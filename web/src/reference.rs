//! The reference of the REST API, made from the program's own list of operations.

use askama::Template;

use crate::{
    page::Page,
    shell::{Place, Shell},
};

/// `GET /api`.
#[derive(Debug, Clone, Template)]
#[template(path = "reference/page.html")]
pub struct ReferencePage {
    pub page: Page,
    pub shell: Shell,
    /// `http://127.0.0.1:7402`
    pub origin: String,
    pub groups: Vec<Group>,
}

/// Operations that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `Messages`
    pub name: String,
    pub operations: Vec<Operation>,
}

/// One method on one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `GET`
    pub method: String,
    /// `/api/v1/conversations/{id}`
    pub path: String,
    pub summary: String,
    /// More than the summary says; may be empty.
    pub description: String,
    /// The scope that a token needs; none: any token.
    pub scope: Option<String>,
    pub parameters: Vec<Parameter>,
    /// An example of the body, as JSON.
    pub body: Option<String>,
    pub answers: Vec<ApiAnswer>,
}

/// A part of the path or of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query`, `header`
    pub place: String,
    pub required: bool,
    pub description: String,
}

/// One answer: its status and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiAnswer {
    pub status: String,
    pub description: String,
}

/// A piece of a text in which backticks mark code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Code(&'a str),
}

/// Splits a text at its backticks.
pub fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let marked = |(at, piece)| if at % 2 == 1 { Piece::Code(piece) } else { Piece::Text(piece) };
    text.split('`').enumerate().map(marked)
}

impl Group {
    fn anchor(&self) -> String {
        self.name.to_lowercase().replace(' ', "-")
    }
}

impl Operation {
    /// A command line that can be pasted; `$TOKEN` holds the token.
    pub fn curl(&self, origin: &str) -> String {
        use std::fmt::Write as _;
        let mut line = String::from("curl");
        if self.path.ends_with("/events") {
            line.push_str(" -N");
        }
        if self.method != "GET" {
            let _ = write!(line, " -X {}", self.method);
        }
        let _ = write!(line, " \\\n  -H \"Authorization: Bearer $TOKEN\"");
        if let Some(body) = &self.body {
            let one_line: String = body.lines().map(str::trim).collect::<Vec<_>>().join(" ");
            let _ = write!(
                line,
                " \\\n  -H 'Content-Type: application/json' \\\n  -d '{}'",
                one_line.replace('\'', "'\\''")
            );
        }
        let _ = write!(line, " \\\n  '{origin}{}'", self.path);
        line
    }
}

impl ReferencePage {
    pub fn sample() -> Self {
        let operation = |method: &str, path: &str, summary: &str, body: Option<&str>| Operation {
            method: method.to_owned(),
            path: path.to_owned(),
            summary: summary.to_owned(),
            description: String::new(),
            scope: Some(if method == "GET" { "read" } else { "write" }.to_owned()),
            parameters: Vec::new(),
            body: body.map(str::to_owned),
            answers: vec![ApiAnswer { status: "200".to_owned(), description: "Done.".to_owned() }],
        };
        let messages = "/api/v1/conversations/{id}/messages";
        let read = Operation {
            parameters: vec![
                Parameter {
                    name: "id".to_owned(),
                    place: "path".to_owned(),
                    required: true,
                    description: "The conversation: 64 hexadecimal digits.".to_owned(),
                },
                Parameter {
                    name: "limit".to_owned(),
                    place: "query".to_owned(),
                    required: false,
                    description: "How many, from 1 to 200.".to_owned(),
                },
            ],
            description: "The newest first. Pass the last one\u{2019}s place as before to read on."
                .to_owned(),
            ..operation("GET", messages, "Read the history of a conversation", None)
        };
        Self {
            page: Page::sample(),
            shell: Shell::sample(Place::Reference),
            origin: "http://127.0.0.1:7402".to_owned(),
            groups: vec![
                Group {
                    name: "Messages".to_owned(),
                    operations: vec![
                        read,
                        operation(
                            "POST",
                            messages,
                            "Send a message",
                            Some("{\n  \"text\": \"It's done\"\n}"),
                        ),
                    ],
                },
                Group {
                    name: "Events".to_owned(),
                    operations: vec![operation("GET", "/api/v1/events", "Follow what happens", None)],
                },
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_line_survives_quotes_in_its_body() {
        let page = ReferencePage::sample();
        assert_eq!(
            page.groups[0].operations[1].curl("http://127.0.0.1:7402"),
            "curl -X POST \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{ \"text\": \"It'\\''s done\" }' \\\n  'http://127.0.0.1:7402/api/v1/conversations/{id}/messages'"
        );
    }
}
