//! The filters that identity providers send: `attribute eq value`, joined by `and`.
//!
//! Always: what is not understood is an error, never a filter that matches everybody.

/// Longest filter, in bytes.
pub const MAX_FILTER_BYTES: usize = 1_024;
/// Most comparisons in one filter.
pub const MAX_COMPARISONS: usize = 8;

/// What people are compared with; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Attribute, lower case, and value.
    pub comparisons: Vec<(String, String)>,
}

/// Reads a filter.
///
/// # Errors
/// What is wrong with it, for the caller.
pub fn read_filter(text: &str) -> Result<Filter, String> {
    if text.len() > MAX_FILTER_BYTES {
        return Err(format!("a filter has at most {MAX_FILTER_BYTES} bytes"));
    }
    let mut comparisons = Vec::new();
    let mut rest = text.trim();
    loop {
        let (attribute, after) = word(rest);
        let (operator, after) = word(after);
        let attribute = attribute.to_ascii_lowercase();
        let attribute =
            attribute.strip_prefix("urn:ietf:params:scim:schemas:core:2.0:user:").unwrap_or(&attribute);
        if !matches!(attribute, "username" | "externalid" | "id" | "active") {
            return Err("a filter compares userName, externalId, id or active".to_owned());
        }
        if !operator.eq_ignore_ascii_case("eq") {
            return Err("a filter compares with `eq` alone".to_owned());
        }
        let (value, after) = value(after)?;
        comparisons.push((attribute.to_owned(), value));
        rest = after.trim_start();
        if rest.is_empty() {
            return Ok(Filter { comparisons });
        }
        let (and, after) = word(rest);
        if !and.eq_ignore_ascii_case("and") || comparisons.len() >= MAX_COMPARISONS {
            return Err(format!("comparisons are joined by `and`, at most {MAX_COMPARISONS}"));
        }
        rest = after;
    }
}

fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(' ').unwrap_or((text, ""))
}

fn value(text: &str) -> Result<(String, &str), String> {
    let text = text.trim_start();
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let read = match stream.next() {
        Some(Ok(serde_json::Value::String(read))) => read,
        Some(Ok(serde_json::Value::Bool(read))) => read.to_string(),
        _ => return Err("a value is a text in quotation marks, or true or false".to_owned()),
    };
    let rest = text.get(stream.byte_offset()..).unwrap_or_default();
    if !rest.is_empty() && !rest.starts_with(' ') {
        return Err("after a value comes a space or the end".to_owned());
    }
    Ok((read, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_of_okta_and_entra_are_read() {
        let read = |text| read_filter(text).unwrap().comparisons;
        assert_eq!(
            read(r#"userName eq "ada@example.com""#),
            [("username".to_owned(), "ada@example.com".to_owned())]
        );
        assert_eq!(read(r#"externalId eq "a \"b\"" and active eq true"#)[0].1, "a \"b\"");
        assert_eq!(read(r#"externalId eq "x" and active eq true"#).len(), 2);
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in [
            "",
            "userName",
            "userName sw \"a\"",
            "password eq \"a\"",
            "userName eq a",
            "userName eq \"a",
            "userName eq \"a\" or id eq \"b\"",
            "userName eq \"a\" and",
        ] {
            assert!(read_filter(text).is_err(), "{text}");
        }
        assert!(read_filter(&format!("userName eq \"{}\"", "a".repeat(MAX_FILTER_BYTES))).is_err());
    }
}
