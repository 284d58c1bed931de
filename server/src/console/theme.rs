//! Light, dark, or as the system has it: a cookie, so that it works without a script.

use axum::{
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use serde::Deserialize;

use super::{
    form::{Fields, own_page},
    frame::{THEME_COOKIE, Theme},
};
use crate::auth::set_cookie;

const YEAR_SECONDS: u64 = 365 * 24 * 3600;

#[derive(Deserialize)]
pub(super) struct Choice {
    theme: String,
    back: String,
}

pub(super) async fn choose(Fields(choice): Fields<Choice>) -> Response {
    let mut answer = Redirect::to(own_page(&choice.back)).into_response();
    if let Some(cookie) = set_cookie(THEME_COOKIE, Theme::parse(&choice.theme).as_str(), YEAR_SECONDS) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
    }
    answer
}
