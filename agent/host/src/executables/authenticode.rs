//! Who signed a Windows program, from the PKCS #7 structure behind it.
//!
//! Always: this names the certificate that the signature points to and verifies nothing, neither digest nor
//! chain nor date: it tells a product, and somebody who copies a signature copies the name.
//!
//! Source of the format: RFC 2315 (SignedData, SignerInfo), RFC 5280 (Certificate, Name), and Microsoft's
//! "Windows Authenticode Portable Executable Signature Format".

use super::der::{Element, elements, parse_element};

/// `pkcs7-signedData`, 1.2.840.113549.1.7.2.
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// `id-at-organizationName`, 2.5.4.10.
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// Most certificates that are looked at.
const MAX_CERTIFICATES: usize = 32;
/// Longest name that is kept, in bytes.
const MAX_NAME_BYTES: usize = 256;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// The common name (or, without one, the organization) of the subject of the first signer's certificate.
/// `None` where the bytes are no such structure or do not carry that certificate.
pub fn parse_signer(bytes: &[u8]) -> Option<String> {
    let (content, _) = parse_element(bytes)?;
    let mut parts = content.children();
    parts.next().filter(|kind| kind.tag == OBJECT_ID && kind.body == SIGNED_DATA)?;
    let wrapped = parts.next().filter(|part| part.tag == CONTEXT_0)?;
    let signed = wrapped.children().next().filter(|part| part.tag == SEQUENCE)?;
    let certificates = signed.children().find(|part| part.tag == CONTEXT_0)?;
    // Digest algorithms are a set, too: the signers are the last one.
    let signers = signed.children().filter(|part| part.tag == SET).last()?;
    let signer = signers.children().next()?;
    let by = signer.children().find(|part| part.tag == SEQUENCE)?;
    let mut by = by.children();
    let (issuer, serial) = (by.next()?, by.next()?);
    let subject = certificates.children().take(MAX_CERTIFICATES).find_map(|certificate| {
        let names = Names::of(&certificate)?;
        (names.serial == serial.body && names.issuer == issuer.whole).then_some(names.subject)
    })?;
    name_in(&subject, COMMON_NAME).or_else(|| name_in(&subject, ORGANIZATION))
}

/// What tells a certificate from others, and whose it is.
struct Names<'a> {
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: Element<'a>,
}

impl<'a> Names<'a> {
    /// `TBSCertificate`: version, serial, algorithm, issuer, validity, subject.
    fn of(certificate: &Element<'a>) -> Option<Self> {
        let signed = certificate.children().next().filter(|part| part.tag == SEQUENCE)?;
        let mut parts = signed.children().skip_while(|part| part.tag == CONTEXT_0);
        let serial = parts.next().filter(|part| part.tag == INTEGER)?.body;
        let _algorithm = parts.next()?;
        let issuer = parts.next()?.whole;
        let _validity = parts.next()?;
        Some(Self { serial, issuer, subject: parts.next()? })
    }
}

/// The last attribute of this kind in a name: the most specific one.
fn name_in(name: &Element<'_>, kind: &[u8]) -> Option<String> {
    let attributes = name.children().flat_map(|relative| elements(relative.body));
    let values = attributes.filter_map(|attribute| {
        let mut parts = attribute.children();
        let is_wanted = parts.next().is_some_and(|id| id.tag == OBJECT_ID && id.body == kind);
        parts.next().filter(|_| is_wanted)
    });
    text(&values.last()?)
}

/// A directory string as text: X.520 lets it be of several kinds.
fn text(value: &Element<'_>) -> Option<String> {
    let body = value.body.get(..value.body.len().min(MAX_NAME_BYTES))?;
    let text = match value.tag {
        // BMPString: UTF-16, high byte first.
        0x1e => {
            let units = body.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // TeletexString: read as Latin-1, as everybody does.
        0x14 => body.iter().map(|byte| char::from(*byte)).collect(),
        // UTF8String, PrintableString, IA5String.
        0x0c | 0x13 | 0x16 => String::from_utf8_lossy(body).into_owned(),
        _ => return None,
    };
    Some(text).filter(|text: &String| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The certificate table of a program that `osslsigncode` signed with a certificate made for this test.
    const SIGNED: &[u8] = include_bytes!("../../captures/formats/authenticode.p7");

    #[test]
    fn the_signer_is_named_and_not_who_issued() {
        assert_eq!(parse_signer(SIGNED).as_deref(), Some("Example Remote GmbH"));
    }

    #[test]
    fn a_signature_cut_at_any_byte_is_survived() {
        // The table is padded to eight bytes.
        let (whole, padding) = parse_element(SIGNED).unwrap();
        assert!(padding.len() < 8);
        for length in 0..whole.whole.len() {
            assert_eq!(parse_signer(&SIGNED[..length]), None);
        }
    }

    #[test]
    fn strings_of_several_kinds_become_text() {
        let of = |tag, body| text(&Element { tag, body, whole: &[] });
        assert_eq!(of(0x1e, &[0, b'A', 0x20, 0xac]).as_deref(), Some("A€"));
        assert_eq!(of(0x14, &[b'M', 0xfc]).as_deref(), Some("Mü"));
        assert_eq!(of(0x02, &[1]), None);
    }

    proptest! {
        #[test]
        fn a_flipped_signature_does_not_make_it_panic(at in 0..SIGNED.len(), value in any::<u8>(), second in 0..64_usize) {
            let mut bytes = SIGNED.to_vec();
            bytes[at] = value;
            bytes[second] = value;
            let _ = parse_signer(&bytes);
        }
    }
}
