//! Accounts over HTTP.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use protocol::directory::{
    Account, Challenge, ChangePassword, DeleteAccount, ForgottenPassword, Free, Health, Identity, Register,
    Renew, Session, SetVisibility, SignIn, Toll,
};

use super::read::{Body, From, Owner, Reader};
use crate::{Directory, accounts::Registered, refusal::Refusal};

type App = State<Arc<Directory>>;

pub(super) async fn health(State(app): App) -> Result<Json<Health>, Refusal> {
    app.store.ping().await?;
    Ok(Json(Health { status: "ok".to_owned() }))
}

pub(super) async fn identity(State(app): App) -> Json<Identity> {
    Json(app.identity())
}

pub(super) async fn toll(State(app): App) -> Json<Toll> {
    Json(app.toll())
}

pub(super) async fn register(
    State(app): App,
    From(from): From,
    Body(asked): Body<Register>,
) -> Result<Response, Refusal> {
    Ok(match app.register(from, asked).await? {
        Registered::Free(free) => Json(Free { free }).into_response(),
        Registered::Made(session) => (StatusCode::CREATED, Json(session)).into_response(),
    })
}

pub(super) async fn sign_in(
    State(app): App,
    From(from): From,
    Body(asked): Body<SignIn>,
) -> Result<Json<Session>, Refusal> {
    app.sign_in(from, asked).await.map(Json)
}

pub(super) async fn renew_challenge(State(app): App) -> Json<Challenge> {
    Json(app.renew_challenge())
}

pub(super) async fn renew(State(app): App, Body(asked): Body<Renew>) -> Result<Json<Session>, Refusal> {
    app.renew(asked).await.map(Json)
}

pub(super) async fn sign_out(State(app): App, Owner { who, .. }: Owner) -> Result<StatusCode, Refusal> {
    app.sign_out(&who).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn sign_out_everywhere(
    State(app): App,
    Owner { who, .. }: Owner,
) -> Result<StatusCode, Refusal> {
    app.sign_out_everywhere(&who).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn change_password(
    State(app): App,
    Owner { who, .. }: Owner,
    From(from): From,
    Body(asked): Body<ChangePassword>,
) -> Result<Json<Session>, Refusal> {
    app.change_password(&who, from, asked).await.map(Json)
}

pub(super) async fn forgotten_password(
    State(app): App,
    From(from): From,
    Body(asked): Body<ForgottenPassword>,
) -> Result<Json<Session>, Refusal> {
    app.forgotten_password(from, asked).await.map(Json)
}

pub(super) async fn account(State(app): App, Reader(who): Reader) -> Result<Json<Account>, Refusal> {
    app.account(&who).await.map(Json)
}

pub(super) async fn delete_account(
    State(app): App,
    Owner { who, .. }: Owner,
    From(from): From,
    Body(asked): Body<DeleteAccount>,
) -> Result<StatusCode, Refusal> {
    app.delete_account(&who, from, asked.password).await.map(|()| StatusCode::NO_CONTENT)
}

pub(super) async fn set_visibility(
    State(app): App,
    Owner { who, .. }: Owner,
    Body(asked): Body<SetVisibility>,
) -> Result<StatusCode, Refusal> {
    app.set_visibility(&who, asked.visibility).await.map(|()| StatusCode::NO_CONTENT)
}
