//! What callers send, in the types it is meant in; what does not fit is a problem with a reason.

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::ApiError;
use crate::app::App;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        let Json(body) = Json::<T>::from_request(request, app)
            .await
            .map_err(|error| ApiError::malformed(error.body_text()))?;
        Ok(Self(body))
    }
}

/// The ids in the path; one that is no id names nothing.
pub(super) struct Ids<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Ids<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Path(ids) =
            Path::<T>::from_request_parts(parts, app).await.map_err(|_| ApiError::not_found("thing"))?;
        Ok(Self(ids))
    }
}

/// The query.
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Query(params) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::malformed(error.body_text()))?;
        Ok(Self(params))
    }
}
