//! A user as identity providers send it: what of it the roster takes.
//!
//! Always: userName, externalId, displayName and active are taken; everything else, passwords too, is dropped unread.

use bearing_protocol::text::printable;
use serde_json::{Map, Value, json};

use bearing_store::Person;

/// Longest name or id, in characters.
pub const MAX_VALUE_CHARS: usize = 256;
/// Most operations in one patch.
pub const MAX_OPERATIONS: usize = 100;

/// What is said of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserFields {
    /// Lower case.
    pub user_name: String,
    /// The provider's own id.
    pub external_id: Option<String>,
    /// Display name.
    pub display_name: Option<String>,
    /// Whether still with the organisation.
    pub active: bool,
}

/// What is wrong with a body: the `scimType` and words.
pub type Wrong = (&'static str, String);

impl UserFields {
    /// Reads a whole user.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(body: &Value) -> Result<Self, Wrong> {
        let object = body.as_object().ok_or(("invalidSyntax", "a user is an object".to_owned()))?;
        let mut fields =
            Self { user_name: String::new(), external_id: None, display_name: None, active: true };
        fields.set_all(object)?;
        if fields.user_name.is_empty() {
            return Err(("invalidValue", "userName is missing".to_owned()));
        }
        Ok(fields)
    }

    /// What the roster has of a person.
    pub fn of(person: &Person) -> Self {
        Self {
            user_name: person.names.user_name.clone().unwrap_or_else(|| person.names.key.to_lowercase()),
            external_id: person.names.external_id.clone(),
            display_name: person.names.display_name.clone(),
            active: person.row.active,
        }
    }

    /// Applies a PatchOp; changes nothing where it is wrong.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn patch(&mut self, body: &Value) -> Result<(), Wrong> {
        let operations = body.get("Operations").and_then(Value::as_array);
        let operations = operations.ok_or(("invalidSyntax", "Operations is missing".to_owned()))?;
        if operations.len() > MAX_OPERATIONS {
            return Err(("tooMany", format!("a patch has at most {MAX_OPERATIONS} operations")));
        }
        let mut fields = self.clone();
        for operation in operations {
            let op = operation.get("op").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
            let value = operation.get("value").unwrap_or(&Value::Null);
            let path = operation.get("path").and_then(Value::as_str);
            match (op.as_str(), path, value) {
                ("add" | "replace", None, Value::Object(object)) => fields.set_all(object)?,
                ("add" | "replace", Some(path), value) => fields.set(path, value)?,
                ("remove", Some(path), _) => fields.set(path, &Value::Null)?,
                ("remove", None, _) => return Err(("noTarget", "remove needs a path".to_owned())),
                _ => return Err(("invalidSyntax", "an operation is add, replace or remove".to_owned())),
            }
        }
        *self = fields;
        Ok(())
    }

    /// The resource.
    pub fn resource(&self, id: &str) -> Value {
        let mut user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": id, "userName": self.user_name,
            "active": self.active, "meta": { "resourceType": "User", "location": format!("/scim/v2/Users/{id}") },
        });
        if let Some(external) = &self.external_id {
            user["externalId"] = json!(external);
        }
        if let Some(name) = &self.display_name {
            user["displayName"] = json!(name);
        }
        user
    }

    fn set_all(&mut self, object: &Map<String, Value>) -> Result<(), Wrong> {
        object.iter().try_for_each(|(name, value)| self.set(name, value))
    }

    fn set(&mut self, path: &str, value: &Value) -> Result<(), Wrong> {
        let path = path.to_ascii_lowercase();
        match path.strip_prefix("urn:ietf:params:scim:schemas:core:2.0:user:").unwrap_or(&path) {
            "username" => {
                let name =
                    text("userName", value)?.ok_or(("invalidValue", "userName is needed".to_owned()))?;
                self.user_name = name.to_lowercase();
            }
            "externalid" => self.external_id = text("externalId", value)?,
            "displayname" => self.display_name = text("displayName", value)?,
            "active" => {
                self.active = match value {
                    Value::Bool(active) => *active,
                    Value::String(word) if word.eq_ignore_ascii_case("true") => true,
                    Value::String(word) if word.eq_ignore_ascii_case("false") => false,
                    _ => return Err(("invalidValue", "active is true or false".to_owned())),
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn text(name: &str, value: &Value) -> Result<Option<String>, Wrong> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= MAX_VALUE_CHARS => {
            let text = printable(text.trim(), MAX_VALUE_CHARS);
            Ok((!text.is_empty()).then_some(text))
        }
        _ => Err(("invalidValue", format!("{name} is a text of at most {MAX_VALUE_CHARS} characters"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn okta() -> Value {
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada@Example.com", "name": {"givenName": "Ada"},
            "emails": [{"primary": true, "value": "ada@example.com", "type": "work"}], "displayName": "Ada", "externalId": "00u1",
            "groups": [], "password": "hunter2", "active": true})
    }

    #[test]
    fn a_user_of_okta_is_read_without_its_password() {
        let user = UserFields::read(&okta()).unwrap();
        assert_eq!(
            (user.user_name.as_str(), user.external_id.as_deref(), user.active),
            ("ada@example.com", Some("00u1"), true)
        );
        assert!(!format!("{user:?} {}", user.resource("1")).contains("hunter2"));
    }

    #[test]
    fn patches_of_okta_and_entra_are_applied() {
        let mut user = UserFields::read(&okta()).unwrap();
        user.patch(&json!({"Operations": [{"op": "Replace", "path": "active", "value": "False"}, {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "x"}]})).unwrap();
        assert!(!user.active);
        user.patch(&json!({"Operations": [{"op": "replace", "value": {"active": true, "displayName": "Ada L."}}, {"op": "remove", "path": "externalId"}]})).unwrap();
        assert!(user.active);
        assert_eq!((user.display_name.as_deref(), user.external_id.as_deref()), (Some("Ada L."), None));
    }

    #[test]
    fn a_wrong_patch_changes_nothing() {
        let before = UserFields::read(&okta()).unwrap();
        let mut user = before.clone();
        for last in [
            json!({"op": "move"}),
            json!({"op": "remove"}),
            json!({"op": "add", "path": "active", "value": 1}),
            json!({"op": "remove", "path": "userName"}),
            json!(7),
        ] {
            assert!(
                user.patch(
                    &json!({"Operations": [{"op": "replace", "path": "active", "value": false}, last]})
                )
                .is_err()
            );
            assert_eq!(user, before);
        }
        assert!(user.patch(&json!([])).is_err());
        assert!(UserFields::read(&json!({"userName": "a".repeat(300)})).is_err());
    }
}
