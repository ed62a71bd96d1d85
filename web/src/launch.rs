//! The page that trades the token of a launch link for a session, and the page for those who have none.

use askama::Template;

use crate::page::Page;

/// `GET /launch`: holds no data; its script posts the fragment's token as `token` to `/launch`.
#[derive(Debug, Clone, Template)]
#[template(path = "launch/page.html")]
pub struct LaunchPage {
    pub page: Page,
    pub state: LaunchState,
}

/// Where the launch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LaunchState {
    /// The script has not run yet.
    Opening,
    /// `POST /launch` was refused: used before, too old, or never given out.
    Refused,
    /// A page was asked for without a session.
    NoSession,
}

impl LaunchPage {
    pub fn samples() -> Vec<(&'static str, Self)> {
        [
            ("launch_opening", LaunchState::Opening),
            ("launch_refused", LaunchState::Refused),
            ("launch_no_session", LaunchState::NoSession),
        ]
        .map(|(name, state)| (name, Self { page: Page::sample(), state }))
        .into()
    }
}
