//! Notifications.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::mirror;
use crate::service::alerts;

mirror!(
    /// `off`: none; `new`: that there is a message, and nothing of it; `full`: who wrote, and what.
    Show = alerts::Show { Off, New, Full }
);

#[derive(Debug, Serialize, ToSchema)]
pub struct Alerts {
    pub show: Show,
    pub sound: bool,
    /// The node itself tells on the desktop, without a text, while no page is open.
    pub desktop: bool,
}

/// What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertsChange {
    #[serde(default)]
    pub show: Option<Show>,
    #[serde(default)]
    pub sound: Option<bool>,
    #[serde(default)]
    pub desktop: Option<bool>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mute {
    pub muted: bool,
}

impl From<alerts::Alerts> for Alerts {
    fn from(alerts: alerts::Alerts) -> Self {
        Self { show: alerts.show.into(), sound: alerts.sound, desktop: alerts.desktop }
    }
}
