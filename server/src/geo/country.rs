//! Country codes as tables write them, and as they are kept.
//!
//! Always: two capital letters of ISO 3166-1, and XK for Kosovo, which has no other; what stands for no country (a
//! continent, a proxy, "anonymous", a state that was split up) is no answer.

use bearing_policies::place::REPLACED;

/// Codes of ISO 3166-1, and XK.
const ISO: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI \
BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN \
CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM \
HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN \
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP \
NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI \
VN VU WF WS YE YT ZA ZM ZW XK";
/// Every code that is kept.
pub fn codes() -> impl Iterator<Item = &'static str> {
    ISO.split_ascii_whitespace()
}

/// A country's name in English; its code where it has none here.
pub fn name(code: &str) -> &str {
    let names = include_str!("../../geodata/names.tsv").lines().filter_map(|line| line.split_once('\t'));
    names.filter(|(known, _)| *known == code).map(|(_, name)| name).next().unwrap_or(code)
}

/// The country that a code of a table stands for, if it stands for one.
pub fn normalise(code: &str) -> Option<String> {
    let code = code.trim();
    if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    let code = code.to_ascii_uppercase();
    let code = REPLACED.iter().find(|(old, _)| *old == code).map_or(code, |(_, new)| (*new).to_owned());
    codes().any(|known| known == code).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_no_country_are_no_answer() {
        for code in [
            "AN", "ZZ", "XX", "EU", "AP", "A1", "A2", "O1", "T1", "SU", "YU", "CS", "", "U", "USA", "\u{e9}A",
        ] {
            assert_eq!(normalise(code), None, "{code}");
        }
    }

    #[test]
    fn replaced_codes_are_their_country() {
        for (code, country) in
            [("FX", "FR"), ("fr", "FR"), ("UK", "GB"), ("XK", "XK"), (" us ", "US"), ("BQ", "BQ")]
        {
            assert_eq!(normalise(code).as_deref(), Some(country), "{code}");
        }
        assert_eq!(codes().count(), 250);
    }

    #[test]
    fn every_country_has_a_name() {
        assert!(codes().all(|code| name(code) != code));
        assert_eq!((name("KP"), name("QQ")), ("North Korea", "QQ"));
    }
}
