//! SCIM 2.0: people of the roster from an identity provider (RFC 7643, RFC 7644). Users alone; no groups.
//!
//! Always: a person who left becomes inactive and keeps its history; no password is kept; expectations stay.

mod filter;
mod user;

pub use filter::{Filter, MAX_COMPARISONS, MAX_FILTER_BYTES, read_filter};
pub use user::{MAX_OPERATIONS, MAX_VALUE_CHARS, UserFields, Wrong};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bearing_store::{MAX_PAGE, PageRequest, Person, PersonFilter, Role, StoreError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    act::{self, ActError},
    app::App,
    auth::{Actor, Door, Needs, Routes},
    roster::person_id,
};

/// Largest body, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Most users in one answer.
pub const MAX_COUNT: usize = 200;

/// Source of a person whose user the provider deleted: kept as history, no user any more.
const DELETED: &str = "scim_deleted";

const ADMIN: Needs = Needs::Role(Role::Admin);

/// Every route, with who may enter: a token of an administrator, with the scope `scim` or `all`.
pub fn routes() -> Routes {
    Routes::behind(Door::Api)
        .get("/scim/v2/ServiceProviderConfig", ADMIN, provider)
        .get("/scim/v2/ResourceTypes", ADMIN, resource_types)
        .get("/scim/v2/Schemas", ADMIN, schemas)
        .get("/scim/v2/Groups", ADMIN, no_groups)
        .post("/scim/v2/Groups", ADMIN, refuse_group)
        .get("/scim/v2/Users", ADMIN, list)
        .post("/scim/v2/Users", ADMIN, create)
        .get("/scim/v2/Users/{id}", ADMIN, get)
        .put("/scim/v2/Users/{id}", ADMIN, replace)
        .patch("/scim/v2/Users/{id}", ADMIN, patch)
        .delete("/scim/v2/Users/{id}", ADMIN, leave)
}

/// The router.
pub fn router() -> Router<App> {
    routes().into_router().layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// A problem as RFC 7644 section 3.12 has it.
struct ScimError(StatusCode, Option<&'static str>, String);

impl From<Wrong> for ScimError {
    fn from((kind, detail): Wrong) -> Self {
        Self(StatusCode::BAD_REQUEST, Some(kind), detail)
    }
}

impl From<StoreError> for ScimError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "cannot answer a SCIM request");
        Self(StatusCode::INTERNAL_SERVER_ERROR, None, "the server cannot do this now".to_owned())
    }
}

impl From<ActError> for ScimError {
    fn from(error: ActError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "cannot take a SCIM change");
        Self(StatusCode::INTERNAL_SERVER_ERROR, None, "the server cannot do this now".to_owned())
    }
}

impl IntoResponse for ScimError {
    fn into_response(self) -> Response {
        let Self(status, kind, detail) = self;
        let mut body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.as_u16().to_string(), "detail": detail });
        if let Some(kind) = kind {
            body["scimType"] = json!(kind);
        }
        answer(status, &body)
    }
}

fn answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/scim+json")], body.to_string()).into_response()
}

fn shown(status: StatusCode, person: &Person) -> Response {
    answer(status, &UserFields::of(person).resource(&person.row.id))
}

fn parsed(bytes: &Bytes) -> Result<Value, ScimError> {
    serde_json::from_slice(bytes)
        .map_err(|error| ScimError(StatusCode::BAD_REQUEST, Some("invalidSyntax"), error.to_string()))
}

async fn known(app: &App, id: &str) -> Result<Person, ScimError> {
    let gone = || ScimError(StatusCode::NOT_FOUND, None, "there is no such user".to_owned());
    app.store.person(id).await?.filter(|person| person.row.source != DELETED).ok_or_else(gone)
}

/// Writes what is said of a person, unless another has that user name.
async fn write(
    app: &App,
    actor: &Actor,
    mut person: Person,
    fields: UserFields,
) -> Result<Person, ScimError> {
    let filter = PersonFilter { user_name: Some(fields.user_name.clone()), ..PersonFilter::default() };
    let page = PageRequest { after: None, limit: MAX_PAGE };
    let same = app.store.people(&filter, &page).await?.items;
    if same.iter().any(|other| other.row.id != person.row.id && other.row.source != DELETED) {
        return Err(taken());
    }
    person.row.active = fields.active;
    "scim".clone_into(&mut person.row.source);
    person.names.user_name = Some(fields.user_name);
    person.names.external_id = fields.external_id;
    person.names.display_name = fields.display_name;
    act::put_scim_person(app, actor, person.clone()).await?;
    Ok(person)
}

fn taken() -> ScimError {
    ScimError(StatusCode::CONFLICT, Some("uniqueness"), "another user has this name or id".to_owned())
}

async fn create(State(app): State<App>, actor: Actor, body: Bytes) -> Result<Response, ScimError> {
    let fields = UserFields::read(&parsed(&body)?)?;
    let key = fields.external_id.clone().unwrap_or_else(|| fields.user_name.clone());
    let id = person_id(&app, &key);
    let mut person = app.store.person(&id).await?.unwrap_or_default();
    // Somebody of a CSV with this key is the same person; somebody deleted comes back.
    if person.row.source == "scim" {
        return Err(taken());
    }
    person.row.id.clone_from(&id);
    person.names.key = key;
    let person = write(&app, &actor, person, fields).await?;
    let mut response = shown(StatusCode::CREATED, &person);
    if let Ok(location) = format!("/scim/v2/Users/{id}").parse() {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, ScimError> {
    Ok(shown(StatusCode::OK, &known(&app, &id).await?))
}

async fn replace(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    body: Bytes,
) -> Result<Response, ScimError> {
    let fields = UserFields::read(&parsed(&body)?)?;
    let person = known(&app, &id).await?;
    Ok(shown(StatusCode::OK, &write(&app, &actor, person, fields).await?))
}

async fn patch(
    State(app): State<App>,
    Path(id): Path<String>,
    actor: Actor,
    body: Bytes,
) -> Result<Response, ScimError> {
    let person = known(&app, &id).await?;
    let mut fields = UserFields::of(&person);
    fields.patch(&parsed(&body)?)?;
    Ok(shown(StatusCode::OK, &write(&app, &actor, person, fields).await?))
}

async fn leave(State(app): State<App>, Path(id): Path<String>, actor: Actor) -> Result<Response, ScimError> {
    let mut person = known(&app, &id).await?;
    person.row.active = false;
    DELETED.clone_into(&mut person.row.source);
    act::put_scim_person(&app, &actor, person).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Asked {
    filter: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
}

async fn list(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, ScimError> {
    let filter = asked.filter.as_deref().map(read_filter).transpose();
    let filter =
        filter.map_err(|detail| ScimError(StatusCode::BAD_REQUEST, Some("invalidFilter"), detail))?;
    let comparisons = filter.unwrap_or_default().comparisons;
    let start = usize::try_from(asked.start_index.unwrap_or(1)).unwrap_or(1).max(1);
    let count = asked.count.map_or(MAX_COUNT, |count| usize::try_from(count).unwrap_or(0).min(MAX_COUNT));
    let mut wanted = PersonFilter::default();
    for (attribute, value) in &comparisons {
        match attribute.as_str() {
            "externalid" => wanted.external_id = Some(value.clone()),
            "active" => wanted.active = Some(value.eq_ignore_ascii_case("true")),
            "username" => wanted.user_name = Some(value.to_lowercase()),
            _ => {}
        }
    }
    let holds = |person: &Person| {
        if person.row.source == DELETED {
            return false;
        }
        let fields = UserFields::of(person);
        comparisons.iter().all(|(attribute, value)| match attribute.as_str() {
            "id" => person.row.id == *value,
            "externalid" => fields.external_id.as_ref() == Some(value),
            "active" => fields.active.to_string() == value.to_ascii_lowercase(),
            _ => fields.user_name == value.to_lowercase(),
        })
    };
    let (mut total, mut resources, mut after) = (0, Vec::new(), None);
    loop {
        let page = app.store.people(&wanted, &PageRequest { after, limit: MAX_PAGE }).await?;
        for person in page.items.iter().filter(|person| holds(person)) {
            total += 1;
            if total >= start && resources.len() < count {
                resources.push(UserFields::of(person).resource(&person.row.id));
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(listed(total, start, &resources))
}

fn listed(total: usize, start: usize, resources: &[Value]) -> Response {
    let body = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": total,
        "startIndex": start, "itemsPerPage": resources.len(), "Resources": resources });
    answer(StatusCode::OK, &body)
}

async fn no_groups() -> Response {
    listed(0, 1, &[])
}

async fn refuse_group() -> ScimError {
    ScimError(StatusCode::NOT_IMPLEMENTED, None, "groups are not kept here; assign users alone".to_owned())
}

async fn resource_types() -> Response {
    let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User",
        "name": "User", "endpoint": "/Users", "schema": "urn:ietf:params:scim:schemas:core:2.0:User" });
    listed(1, 1, &[user])
}

async fn schemas() -> Response {
    let attribute = |name: &str, kind: &str, required: bool, uniqueness: &str| {
        json!({ "name": name, "type": kind, "multiValued": false, "required": required, "caseExact": false,
            "mutability": "readWrite", "returned": "default", "uniqueness": uniqueness })
    };
    let user = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "id": "urn:ietf:params:scim:schemas:core:2.0:User", "name": "User", "attributes": [
            attribute("userName", "string", true, "server"),
            attribute("displayName", "string", false, "none"),
            attribute("active", "boolean", false, "none")] });
    listed(1, 1, &[user])
}

async fn provider() -> Response {
    let body = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true }, "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
        "filter": { "supported": true, "maxResults": MAX_COUNT }, "changePassword": { "supported": false },
        "sort": { "supported": false }, "etag": { "supported": false },
        "authenticationSchemes": [{ "type": "oauthbearertoken", "name": "API token", "description": "A token of an administrator with the scope scim" }] });
    answer(StatusCode::OK, &body)
}
