use super::*;

fn keep(text: &str, format: ListFormat) -> List {
    List::parse(text.as_bytes(), format, GoodRows::Keep).unwrap()
}

fn has(list: &List, address: &str) -> bool {
    list.ranges.contains(address.parse().unwrap())
}

#[test]
fn one_range_a_line_with_comments() {
    let list = keep(
        "# VPN exits\n203.0.113.0/24 # a provider\n\n198.51.100.1-198.51.100.9\r\n2001:db8::/32 ; six\nAS64496\n",
        ListFormat::Lines,
    );
    assert_eq!((list.rows, list.bad), (4, 0));
    assert!(has(&list, "203.0.113.77") && has(&list, "198.51.100.5") && has(&list, "2001:db8::1"));
    assert!(list.networks.contains(&64496));
}

#[test]
fn junk_is_named_with_its_line_and_refuses_the_file() {
    let text = "203.0.113.0/24\nnot an address\n0.0.0.0/0\n<html>\u{7}\n";
    let error = List::parse(text.as_bytes(), ListFormat::Lines, GoodRows::Refuse).unwrap_err();
    let ListError::Bad { bad, first } = &error else { panic!("{error}") };
    assert_eq!((*bad, first[0].line, first[1].line, first[2].line), (3, 2, 3, 4));
    let message = error.to_string();
    assert!(message.contains("line 2: `not an address`") && message.contains("keep_good_rows"), "{message}");
    assert!(!message.contains('\u{7}'));
    let list = keep(text, ListFormat::Lines);
    assert_eq!((list.rows, list.bad), (1, 3));
    assert!(has(&list, "203.0.113.1") && !has(&list, "8.8.8.8"));
}

#[test]
fn a_list_without_a_good_row_is_refused_in_any_case() {
    for text in ["", "# nothing\n", "junk\n"] {
        assert!(List::parse(text.as_bytes(), ListFormat::Lines, GoodRows::Keep).is_err(), "{text}");
    }
    let error = List::parse(b"203.0.113.1\n\xff\n", ListFormat::Lines, GoodRows::Keep).unwrap_err();
    assert!(matches!(error, ListError::Text(12)), "{error}");
}

#[test]
fn csv_by_heading_by_two_columns_and_without_heading() {
    let named = keep(
        "provider,network,seen\n\"Example, Inc.\",203.0.113.0/24,2026\nB,2001:db8::/32,\n",
        ListFormat::Csv,
    );
    assert_eq!(named.rows, 2);
    assert!(has(&named, "203.0.113.9"));
    let two = keep(
        "start_ip,end_ip,country\n203.0.113.1,203.0.113.9,US\n203.0.113.9,203.0.113.1,US\n",
        ListFormat::Csv,
    );
    assert_eq!((two.rows, two.bad, two.bad_rows[0].line), (1, 1, 3));
    assert!(has(&two, "203.0.113.5") && !has(&two, "203.0.113.10"));
    let bare = keep("203.0.113.0/24,x\n198.51.100.0/24,\"a\nb\"\njunk,y\n", ListFormat::Csv);
    assert_eq!((bare.rows, bare.bad_rows[0].line), (2, 4), "a quoted line break counts as a line");
    let error = List::parse(b"a,b\n1,2\n", ListFormat::Csv, GoodRows::Keep).unwrap_err();
    assert!(matches!(error, ListError::Columns), "{error}");
    let error = List::parse(b"network\n\"203.0.113.1\n", ListFormat::Csv, GoodRows::Keep).unwrap_err();
    assert!(matches!(error, ListError::Quote(2)), "{error}");
}

#[test]
fn both_of_tors_lists() {
    let exits = "ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E\nPublished 2026-11-24 08:00:00\n\
                 LastStatus 2026-11-24 09:00:00\nExitAddress 203.0.113.9 2026-11-24 09:30:00\n";
    let list = keep(exits, ListFormat::Tor);
    assert_eq!((list.rows, list.bad), (1, 0));
    assert!(has(&list, "203.0.113.9"));
    assert_eq!(keep("203.0.113.9\n2001:db8::9\n", ListFormat::Tor).rows, 2);
}

#[test]
fn attributes_of_misp() {
    let search = r#"{"response":{"Attribute":[
        {"type":"ip-dst","value":"203.0.113.9","category":"Network activity"},
        {"type":"ip-src|port","value":"198.51.100.7|443"},
        {"type":"domain","value":"example.com"},
        {"type":"AS","value":"64496"},
        {"type":"ip-src","value":"nonsense"}]}}"#;
    let list = keep(search, ListFormat::MispJson);
    assert_eq!((list.rows, list.other, list.bad, list.bad_rows[0].line), (3, 1, 1, 5));
    assert!(has(&list, "203.0.113.9") && has(&list, "198.51.100.7") && list.networks.contains(&64496));
    let event = r#"{"Event":{"info":"x","Attribute":[{"type":"ip-src","value":"203.0.113.0/24"}],
        "Object":[{"name":"ip-port","Attribute":[{"type":"ip-dst","value":"2001:db8::1"}]}]}}"#;
    assert_eq!(keep(event, ListFormat::MispJson).rows, 2);
    let warning = r#"{"name":"VPN","type":"cidr","list":["203.0.113.0/24","2001:db8::/32"]}"#;
    assert_eq!(keep(warning, ListFormat::MispJson).rows, 2);
    for bad in ["{}", "[]", "{\"response\":", "7"] {
        assert!(List::parse(bad.as_bytes(), ListFormat::MispJson, GoodRows::Keep).is_err(), "{bad}");
    }
    let table = "uuid,event_id,category,type,value,comment\n1,2,\"Network activity\",ip-dst,203.0.113.9,\"a, b\"\n\
                 2,2,x,sha256,00ff,\n3,2,x,ip-src,x.y,\n";
    let list = keep(table, ListFormat::MispCsv);
    assert_eq!((list.rows, list.other, list.bad_rows[0].line), (1, 1, 4));
}

/// Whatever bytes come: an answer or an error, and no panic.
#[test]
fn changed_lists_do_not_panic() {
    const SAMPLES: [&str; 5] = [
        "203.0.113.0/24 # a\n198.51.100.1-198.51.100.9\n2001:db8::/32\nAS64496\n",
        "provider,network\n\"Example, \"\"Inc.\"\"\",203.0.113.0/24\n",
        "ExitAddress 203.0.113.9 2026-11-24 09:30:00\n",
        r#"{"response":{"Attribute":[{"type":"ip-dst","value":"203.0.113.9"},{"type":"AS","value":"1"}]}}"#,
        "uuid,type,value\n1,ip-dst|port,203.0.113.9|443\n",
    ];
    const FORMATS: [ListFormat; 5] =
        [ListFormat::Lines, ListFormat::Csv, ListFormat::Tor, ListFormat::MispJson, ListFormat::MispCsv];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut taken = 0;
    for sample in SAMPLES {
        for _ in 0..2_000 {
            let mut bytes = sample.as_bytes().to_vec();
            for _ in 0..1 + next() % 4 {
                let at = (next() % bytes.len() as u64) as usize;
                match next() % 4 {
                    0 => bytes[at] = next() as u8,
                    1 => bytes[at] = b",\"\n-/:|["[(next() % 8) as usize],
                    2 => bytes.insert(at, next() as u8 & 0x7f),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            for format in FORMATS {
                taken += usize::from(List::parse(&bytes, format, GoodRows::Keep).is_ok());
            }
        }
    }
    assert!(taken > 1_000, "{taken} of them still had good rows");
}
