//! The XML form: the few elements that Apple's writer makes, nothing else of XML.

use super::{MAX_DEPTH, MAX_VALUES, PlistError, Value};

pub(super) fn parse(bytes: &[u8]) -> Result<Value, PlistError> {
    let mut reader = Reader { bytes, at: 0, values: 0 };
    reader.document()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

/// An element's tag as it stands in the file.
struct Tag<'a> {
    name: &'a [u8],
    closes: bool,
    empty: bool,
}

/// A container that is still open.
enum Open {
    List(Vec<Value>),
    Map(Vec<(String, Value)>, Option<String>),
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Value, PlistError> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            let tag = self.tag()?;
            if tag.closes {
                let done = match (tag.name, open.pop()) {
                    (b"array", Some(Open::List(list))) => Value::List(list),
                    (b"dict", Some(Open::Map(map, None))) => Value::Map(map),
                    _ => return Err(self.syntax()),
                };
                match self.place(&mut open, done)? {
                    Some(root) => return Ok(root),
                    None => continue,
                }
            }
            self.values += 1;
            if self.values > MAX_VALUES {
                return Err(PlistError::TooMany);
            }
            let value = match tag.name {
                b"plist" => continue,
                b"dict" | b"array" if tag.empty => {
                    if tag.name == b"dict" {
                        Value::Map(Vec::new())
                    } else {
                        Value::List(Vec::new())
                    }
                }
                b"dict" | b"array" => {
                    if open.len() == MAX_DEPTH {
                        return Err(PlistError::TooDeep);
                    }
                    let is_map = tag.name == b"dict";
                    open.push(if is_map { Open::Map(Vec::new(), None) } else { Open::List(Vec::new()) });
                    continue;
                }
                b"key" => {
                    let name = if tag.empty { String::new() } else { unescape(self.body(b"key")?) };
                    match open.last_mut() {
                        Some(Open::Map(_, key @ None)) => *key = Some(name),
                        _ => return Err(self.syntax()),
                    }
                    continue;
                }
                b"true" | b"false" => {
                    if !tag.empty {
                        self.body(tag.name)?;
                    }
                    Value::Flag(tag.name == b"true")
                }
                b"string" | b"integer" | b"data" | b"real" | b"date" => {
                    let body = if tag.empty { &[][..] } else { self.body(tag.name)? };
                    match tag.name {
                        b"string" => Value::Text(unescape(body)),
                        b"integer" => integer(body).map_or(Value::Other, Value::Number),
                        b"data" => Value::Bytes(base64(body).ok_or_else(|| self.syntax())?),
                        _ => Value::Other,
                    }
                }
                _ => return Err(self.syntax()),
            };
            if let Some(root) = self.place(&mut open, value)? {
                return Ok(root);
            }
        }
    }

    /// Puts a value into what is open; hands it back where nothing is.
    fn place(&self, open: &mut [Open], value: Value) -> Result<Option<Value>, PlistError> {
        match open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::List(list)) => list.push(value),
            Some(Open::Map(map, key)) => match key.take() {
                Some(key) => map.push((key, value)),
                None => return Err(self.syntax()),
            },
        }
        Ok(None)
    }

    fn syntax(&self) -> PlistError {
        PlistError::Syntax { offset: self.at }
    }

    fn find(&self, from: usize, needle: &[u8]) -> Result<usize, PlistError> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let first = needle.first().copied().unwrap_or_default();
        let mut at = 0;
        while let Some(step) = rest.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == first)) {
            at += step;
            if rest.get(at..).is_some_and(|rest| rest.starts_with(needle)) {
                return Ok(from + at);
            }
            at += 1;
        }
        Err(PlistError::Broken { offset: from })
    }

    /// The next tag; declarations and comments are passed over.
    fn tag(&mut self) -> Result<Tag<'a>, PlistError> {
        loop {
            let start = self.find(self.at, b"<")?;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let end = if rest.starts_with(b"<!--") {
                self.find(start, b"-->")? + 2
            } else {
                self.find(start, b">")?
            };
            self.at = end + 1;
            let inner = self.bytes.get(start + 1..end).unwrap_or_default();
            if inner.starts_with(b"?") || inner.starts_with(b"!") {
                continue;
            }
            let closes = inner.starts_with(b"/");
            let empty = inner.ends_with(b"/");
            let name = inner.strip_prefix(b"/").unwrap_or(inner);
            let name = name.strip_suffix(b"/").unwrap_or(name);
            let name = name.split(u8::is_ascii_whitespace).next().unwrap_or_default();
            return Ok(Tag { name, closes, empty });
        }
    }

    /// What stands before the closing tag of `name`, which is consumed.
    fn body(&mut self, name: &[u8]) -> Result<&'a [u8], PlistError> {
        let start = self.at;
        let end = self.find(start, b"</")?;
        let body = self.bytes.get(start..end).unwrap_or_default();
        let tag = self.tag()?;
        if !tag.closes || tag.name != name {
            return Err(self.syntax());
        }
        Ok(body)
    }
}

fn integer(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?.trim();
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    text.parse::<u64>().ok().or_else(|| text.parse::<i64>().ok().map(i64::cast_unsigned))
}

fn unescape(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if !text.contains('&') {
        return text.into_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_ref();
    while let Some(at) = rest.find('&') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest.find(';').filter(|end| *end <= MAX_ENTITY_BYTES);
        let known = end.and_then(|end| {
            let name = rest.get(1..end)?;
            let plain = match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => {
                    let number = name.strip_prefix('#')?;
                    let code = match number.strip_prefix('x') {
                        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(code)?
                }
            };
            Some((plain, end + 1))
        });
        let (plain, taken) = known.unwrap_or(('&', 1));
        out.push(plain);
        rest = rest.get(taken..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// RFC 4648 section 4, blanks passed over.
fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut held = 0_u32;
    for byte in body.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
        bits &= 0xffff;
    }
    Some(out)
}

const MAX_ENTITY_BYTES: usize = 10;
