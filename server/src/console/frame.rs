//! What every page has around it: navigation, who is signed in, the theme, a word about what was just done.
//!
//! Always: the words of a notice are ours, chosen by a code in the address; a theme is one of three words.

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use bearing_store::Role;

use super::{ProblemPage, assets};
use crate::{
    app::App,
    auth::{Actor, Signed, cookie},
};

/// The cookie that remembers light or dark.
pub(super) const THEME_COOKIE: &str = "__Host-bearing-theme";

/// Light, dark, or as the system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one a press of the button chooses next.
    const fn next(self) -> Self {
        match self {
            Self::System => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::System,
        }
    }
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) section: &'static str,
    pub(super) theme: Theme,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) csrf: String,
    pub(super) path: String,
    pub(super) demo: bool,
    pub(super) done: Option<&'static str>,
}

impl Frame {
    pub(super) fn theme_word(&self) -> &'static str {
        match self.theme {
            Theme::System => "Auto",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }

    pub(super) fn theme_next(&self) -> &'static str {
        self.theme.next().as_str()
    }

    pub(super) fn may_audit(&self) -> bool {
        self.role >= Role::Auditor
    }

    pub(super) fn may_work(&self) -> bool {
        self.role >= Role::Analyst
    }

    pub(super) fn may_admin(&self) -> bool {
        self.role >= Role::Admin
    }

    pub(super) fn css(&self) -> &'static str {
        assets::css_path()
    }

    pub(super) fn js(&self) -> &'static str {
        assets::js_path()
    }

    #[cfg(test)]
    pub(super) fn sample(section: &'static str, role: Role) -> Self {
        Self {
            section,
            theme: Theme::System,
            name: "ana".to_owned(),
            role,
            csrf: "0123".to_owned(),
            path: "/".to_owned(),
            demo: true,
            done: Some("Saved."),
        }
    }
}

/// A signed-in person's visit of a page.
pub(super) struct Visit {
    pub(super) signed: Signed,
    theme: Theme,
    path: String,
    done: Option<&'static str>,
}

impl Visit {
    pub(super) fn actor(&self) -> &Actor {
        &self.signed.actor
    }

    /// The frame of a page in `section` of the navigation.
    pub(super) fn frame(&self, app: &App, section: &'static str) -> Frame {
        Frame {
            section,
            theme: self.theme,
            name: self.signed.actor.name().to_owned(),
            role: self.signed.actor.role(),
            csrf: self.signed.csrf.clone(),
            path: self.path.clone(),
            demo: app.demo,
            done: self.done,
        }
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let signed = Signed::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        let theme = theme_of(parts);
        let done = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find(|(key, _)| key == "done")
            .and_then(|(_, code)| notice(&code));
        Ok(Self { signed, theme, path: parts.uri.path().to_owned(), done })
    }
}

/// The theme a request asks for.
pub(super) fn theme_of(parts: &Parts) -> Theme {
    Theme::parse(cookie(&parts.headers, THEME_COOKIE).as_deref().unwrap_or_default())
}

/// What is said after something was done.
fn notice(code: &str) -> Option<&'static str> {
    Some(match code {
        "saved" => "Saved.",
        "approved-device" => "The device may report now.",
        "revoked-device" => "The device's reports are refused from now on. Its history stays.",
        "restored-device" => "The device's reports are accepted again.",
        "approved" => "Approved. It stays visible, scores nothing, and is open again when the approval ends.",
        "withdrawn" => "Withdrawn. What it covered is open again.",
        "commented" => "Comment added.",
        "assigned" => "Assigned.",
        "case" => "This is the case.",
        "checked" => "The answer is written down.",
        "decided" => "Written down.",
        "split" => "Split. Both cases remember.",
        "merged" => "Merged. The other one is kept as moved.",
        "tie" => "Approved. It weighs nothing until the approval ends.",
        "trip" => "Announced. The device's last report is judged again.",
        "trip-decided" => "Decided. The device's last report is judged again.",
        "status" => "Status changed.",
        "revoked-token" => "Revoked. Nobody can use it any more.",
        "evaluation" => "Created. Devices answer at their next check-in.",
        "frozen" => "Frozen and signed.",
        "user" => "The account is ready.",
        _ => return None,
    })
}

/// A page as an answer.
pub(super) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let mut answer = Html(html).into_response();
            answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            ProblemPage::internal().into_response()
        }
    }
}
