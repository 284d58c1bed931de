//! What a route that changes something works with, under one roof.

pub(super) use axum::{extract::State, http::StatusCode};

pub(super) use super::{
    ApiError,
    extract::{Body, Ids},
};
pub(super) use crate::{act, app::App, auth::Actor};
