//! Firefox's `extensions.json`: the ids of what was added to a profile.
//!
//! Always: what comes with the browser itself is left out; of each entry id, place and kind are read, nothing else.

use serde::Deserialize;

/// Ids in a profile's list, at most [`MAX_IDS`]; `None` where it is no such list.
pub fn parse_extensions(bytes: &[u8]) -> Option<Vec<String>> {
    let list: List = serde_json::from_slice(bytes).ok()?;
    let added = list.addons.into_iter().filter(|addon| {
        let of_the_browser =
            addon.location.starts_with("app-builtin") || addon.location.starts_with("app-system");
        let shows = matches!(addon.kind.as_str(), "theme" | "locale" | "dictionary");
        !of_the_browser && !shows && !addon.id.is_empty()
    });
    Some(added.take(MAX_IDS).map(|addon| addon.id).collect())
}

#[derive(Deserialize)]
struct List {
    addons: Vec<Addon>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Addon {
    id: String,
    location: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Most ids of one profile.
pub const MAX_IDS: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_listed() {
        let text = br#"{"schemaVersion":36,"addons":[
            {"id":"a@b","type":"extension","location":"app-profile","active":true,"defaultLocale":{"name":"x"}},
            {"id":"theme@b","type":"theme","location":"app-profile"},
            {"id":"pictureinpicture@mozilla.org","type":"extension","location":"app-builtin"},
            {"id":"s@mozilla.org","type":"extension","location":"app-system-defaults"}]}"#;
        assert_eq!(parse_extensions(text), Some(vec!["a@b".to_owned()]));
        assert_eq!(parse_extensions(b"{}"), None);
        assert_eq!(parse_extensions(br#"{"addons":[{"id":7}]}"#), None);
    }
}
