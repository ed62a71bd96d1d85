//! Notifications: what they show, and muting a chat.

use axum::{extract::State, response::Response};
use protocol::ids::ConversationId;
use serde::Deserialize;
use web::alerts;

use super::Look;
use crate::{
    http::{Error, api::Id, csrf::Form},
    service::{
        Service,
        alerts::{Alerts, AlertsChange, Show},
    },
};

/// The form as it is sent: boxes that are not ticked are not there.
#[derive(Debug, Deserialize)]
pub(super) struct Choices {
    show: String,
    sound: Option<String>,
    desktop: Option<String>,
}

/// `POST /settings/notifications`
pub(super) async fn change(
    look: Look,
    State(service): State<Service>,
    form: Form<Choices>,
) -> Result<Response, Error> {
    let Choices { show, sound, desktop } = form.fields;
    let unknown = || Error::Field { field: "show".to_owned(), reason: "Choose one of the three.".to_owned() };
    let show = match alerts::Show::from_word(&show).ok_or_else(unknown)? {
        alerts::Show::Off => Show::Off,
        alerts::Show::New => Show::New,
        alerts::Show::Full => Show::Full,
    };
    let change =
        AlertsChange { show: Some(show), sound: Some(sound.is_some()), desktop: Some(desktop.is_some()) };
    service.change_alerts(change).await?;
    Ok(look.done("/settings?saved=notifications#notifications"))
}

/// As the settings show it.
pub(super) fn view(alerts: Alerts) -> alerts::Alerts {
    let show = match alerts.show {
        Show::Off => alerts::Show::Off,
        Show::New => alerts::Show::New,
        Show::Full => alerts::Show::Full,
    };
    alerts::Alerts { show, sound: alerts.sound, desktop: alerts.desktop }
}

#[derive(Debug, Deserialize)]
pub(super) struct Mute {
    muted: String,
}

/// `POST /chats/{conversation}/mute`, field `muted`: `yes` or `no`.
pub(super) async fn mute(
    look: Look,
    State(service): State<Service>,
    Id(id): Id<ConversationId>,
    form: Form<Mute>,
) -> Result<Response, Error> {
    service.mute(id, form.fields.muted == "yes").await?;
    Ok(look.done(&format!("/chats/{id}?details=1")))
}
