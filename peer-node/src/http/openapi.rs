//! The description of the REST API for programs; the reference page is made of the same document.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

/// What does not stand at the handlers.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Confab",
        description = "The REST API of one person's node. It answers on this computer only, to requests with a token \
                       (`peer-node token create`). Errors are problem+json (RFC 9457) with the `field` that they are \
                       about. Numbers of 64 bits are strings. Give your own `id` with what you write, and writing it \
                       twice writes it once.",
    ),
    tags(
        (name = "account", description = "Coming in and going out"),
        (name = "people", description = "Finding, asking, answering, blocking"),
        (name = "conversations", description = "Writing and looking back"),
        (name = "events", description = "What changes, as it changes"),
        (name = "network", description = "Who is reached and how, and why somebody is not"),
        (name = "node", description = "This node: state, settings, tokens"),
    ),
    modifiers(&Token),
)]
pub struct Document;

#[derive(Debug)]
struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of `peer-node token create`; the scopes are read, write, account."));
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

/// The document with every route that is served.
pub fn document() -> utoipa::openapi::OpenApi {
    super::api::all().into_openapi()
}

pub(super) fn json(document: utoipa::openapi::OpenApi) -> Json<utoipa::openapi::OpenApi> {
    Json(document)
}
