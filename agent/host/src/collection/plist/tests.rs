use super::*;

const XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<!-- made by hand -->
<dict>
	<key>a &amp; b</key><string>x &lt;&#x41;&gt; &nonsense;</string>
	<key>n</key><integer>-1</integer>
	<key>d</key><data>
	AP/+
	AQ==
	</data>
	<key>l</key><array><true/><false/><dict/><string/></array>
	<key>r</key><real>1.5</real>
</dict>
</plist>"#;

#[test]
fn the_xml_form_is_read() {
    let value = parse(XML.as_bytes()).unwrap().unwrap();
    assert_eq!(value.get("a & b").unwrap().text(), Some("x <A> &nonsense;"));
    assert_eq!(value.get("n").unwrap().number(), Some(u64::MAX));
    assert_eq!(value.get("d").unwrap().bytes(), Some(&[0, 0xff, 0xfe, 1][..]));
    let list = value.get("l").unwrap().list();
    let expected =
        [Value::Flag(true), Value::Flag(false), Value::Map(Vec::new()), Value::Text(String::new())];
    assert_eq!(list, expected);
    assert_eq!(value.get("r"), Some(&Value::Other));
}

/// `{"id": 0x1d6b, "name": "Ä", "list": [data(1, 2), true]}`, laid out by hand from the format.
fn binary() -> Vec<u8> {
    let objects: [&[u8]; 9] = [
        &[0xd3, 1, 2, 3, 4, 5, 6],
        b"\x52id",
        b"\x54name",
        b"\x54list",
        &[0x11, 0x1d, 0x6b],
        &[0x61, 0x00, 0xc4],
        &[0xa2, 7, 8],
        &[0x42, 1, 2],
        &[0x09],
    ];
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for object in objects {
        offsets.push(u8::try_from(bytes.len()).unwrap());
        bytes.extend(object);
    }
    let table = bytes.len() as u64;
    bytes.extend(&offsets);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    bytes.extend(9_u64.to_be_bytes());
    bytes.extend(0_u64.to_be_bytes());
    bytes.extend(table.to_be_bytes());
    bytes
}

#[test]
fn the_binary_form_is_read() {
    let value = parse(&binary()).unwrap().unwrap();
    assert_eq!(value.get("id").unwrap().number(), Some(0x1d6b));
    assert_eq!(value.get("name").unwrap().text(), Some("Ä"));
    assert_eq!(value.get("list").unwrap().list(), [Value::Bytes(vec![1, 2]), Value::Flag(true)]);
}

#[test]
fn a_list_that_holds_itself_ends() {
    let mut bytes = binary();
    let at = bytes.windows(3).position(|w| w == [0xa2, 7, 8]).unwrap();
    bytes[at + 1] = 6;
    assert_eq!(parse(&bytes), Some(Err(PlistError::TooDeep)));
    let deep = format!("<plist>{}", "<array>".repeat(MAX_DEPTH + 1));
    assert_eq!(parse(deep.as_bytes()), Some(Err(PlistError::TooDeep)));
}

#[test]
fn a_property_list_that_breaks_off_is_an_error() {
    for end in 130..XML.len() - 20 {
        let cut = XML.as_bytes().get(..end).unwrap();
        assert!(parse(cut).is_none_or(|read| read.is_err()), "cut at {end}");
    }
    let whole = binary();
    for end in 8..whole.len() {
        assert!(parse(whole.get(..end).unwrap()).unwrap().is_err(), "cut at {end}");
    }
}

#[test]
fn other_files_are_none() {
    assert_eq!(parse(b""), None);
    assert_eq!(parse(b"<?xml version=\"1.0\"?><report/>"), None);
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), at in 0_usize..90, byte: u8) {
        let mut headed = b"bplist00".to_vec();
        headed.extend(&bytes);
        let _ = parse(&headed);
        let mut mutated = binary();
        if let Some(place) = mutated.get_mut(at) { *place = byte; }
        let _ = parse(&mutated);
        let _ = parse(&[b"<plist><dict>", &bytes[..]].concat());
    }
}
