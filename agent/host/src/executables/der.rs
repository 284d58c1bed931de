//! DER elements, as far as a signature's names need them: ITU-T X.690, definite lengths only.
//!
//! Always: a length is a claim; an element that is longer than what holds it is none. Nothing recurses.

/// Largest number of length bytes that is believed.
const MAX_LENGTH_BYTES: usize = 4;

/// One element: its tag byte and its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Class, constructed bit and number; only tags of one byte are read.
    pub tag: u8,
    /// What is inside.
    pub body: &'a [u8],
    /// Tag, length and contents as written.
    pub whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// The elements inside, in order, up to the first that does not add up.
    pub const fn children(&self) -> Elements<'a> {
        Elements { rest: self.body }
    }
}

/// Elements that stand one behind the other.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    rest: &'a [u8],
}

/// The elements in `bytes`, in order, up to the first that does not add up.
pub const fn elements(bytes: &[u8]) -> Elements<'_> {
    Elements { rest: bytes }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let (element, rest) = parse_element(self.rest)?;
        self.rest = rest;
        Some(element)
    }
}

/// The first element of `bytes`, and what follows it.
pub fn parse_element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let tag = *bytes.first()?;
    // Tags of several bytes occur in nothing that is read here.
    if tag & 0x1f == 0x1f {
        return None;
    }
    let first = *bytes.get(1)?;
    let (length, start) = if first < 0x80 {
        (usize::from(first), 2)
    } else {
        let count = usize::from(first & 0x7f);
        if count == 0 || count > MAX_LENGTH_BYTES {
            return None;
        }
        let digits = bytes.get(2..2 + count)?;
        let length = digits.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        (length, 2 + count)
    };
    let end = start.checked_add(length)?;
    let element = Element { tag, body: bytes.get(start..end)?, whole: bytes.get(..end)? };
    Some((element, bytes.get(end..)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_are_read_in_order() {
        let bytes = [0x30, 0x05, 0x02, 0x01, 0x07, 0x05, 0x00, 0x04, 0x81, 0x01, 0xff];
        let all: Vec<Element<'_>> = elements(&bytes).collect();
        assert_eq!(all.len(), 2);
        let inside: Vec<u8> = all[0].children().map(|element| element.tag).collect();
        assert_eq!(inside, [2, 5]);
        assert_eq!(all[1].body, [0xff]);
    }

    #[test]
    fn lengths_that_lie_end_the_reading() {
        for bytes in
            [&[0x30][..], &[0x30, 0x80, 0, 0], &[0x30, 0x05, 1], &[0x30, 0x85, 1, 1, 1, 1, 1], &[0x1f, 1]]
        {
            assert_eq!(parse_element(bytes), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for element in elements(&bytes) {
                let _ = element.children().count();
            }
        }
    }
}
