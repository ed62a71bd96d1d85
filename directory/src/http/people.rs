//! People, keys and letters over HTTP.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::StatusCode,
};
use protocol::directory::{Found, Listed, PostLetter, Publish};
use serde::Deserialize;

use super::read::{Body, Owner, Reader};
use crate::{Directory, refusal::Refusal};

type App = State<Arc<Directory>>;

#[derive(Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    q: String,
}

pub(super) async fn publish(
    State(app): App,
    Owner { who, account }: Owner,
    Body(asked): Body<Publish>,
) -> Result<StatusCode, Refusal> {
    app.publish(&who, &account.username, asked).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn listed(
    State(app): App,
    Reader(who): Reader,
    Query(Search { q }): Query<Search>,
) -> Result<Json<Listed>, Refusal> {
    app.listed(&who, &q).await.map(Json)
}

pub(super) async fn find(
    State(app): App,
    Reader(who): Reader,
    Path(username): Path<String>,
) -> Result<Json<Found>, Refusal> {
    app.find(&who, &username).await.map(Json)
}

pub(super) async fn find_user(
    State(app): App,
    Reader(who): Reader,
    Path(user): Path<String>,
) -> Result<Json<Found>, Refusal> {
    app.find_user(&who, &user).await.map(Json)
}

pub(super) async fn block(
    State(app): App,
    Owner { who, .. }: Owner,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.set_blocked(&who, &user, true).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn unblock(
    State(app): App,
    Owner { who, .. }: Owner,
    Path(user): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.set_blocked(&who, &user, false).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn post_letter(
    State(app): App,
    Owner { who, account }: Owner,
    Body(asked): Body<PostLetter>,
) -> Result<StatusCode, Refusal> {
    app.post(&who, &account, asked).await.map(|()| StatusCode::CREATED)
}
