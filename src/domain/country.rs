//! Countries, by their codes of two letters (ISO 3166-1 alpha-2).

use std::{fmt, str::FromStr};

use super::error::Refusal;
use crate::words::say;

/// The code of a group of countries, which is none itself.
const UNION: &str = "EU";

/// One country.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country {
    code: &'static str,
    name: &'static str,
}

impl Country {
    /// Its code.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Its name, as it stands within a sentence.
    pub fn name(self) -> &'static str {
        say(self.name)
    }

    /// Its name, as it stands alone.
    pub fn title(self) -> String {
        let name = self.name();
        name.strip_prefix("the ").unwrap_or(name).to_owned()
    }

    /// Every country, by name.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = known().filter(|country| country.code != UNION).collect();
        all.sort_by_key(|country| folded(&country.title()));
        all
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl FromStr for Country {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let code = text.trim();
        known().find(|country| country.code == code && code != UNION).ok_or_else(|| {
            Refusal::invalid("jurisdiction", t!("Choose one of the listed countries."))
        })
    }
}

/// What this code stands for, of a country or of the European Union.
pub fn name(code: &str) -> Option<&'static str> {
    known().find(|country| country.code == code).map(Country::name)
}

fn known() -> impl Iterator<Item = Country> {
    COUNTRIES.split('|').filter_map(|each| {
        let (code, name) = each.split_once(' ')?;
        Some(Country { code, name })
    })
}

/// As people look names up: Å among A.
fn folded(name: &str) -> String {
    name.chars()
        .map(|c| match c {
            'Å' => 'a',
            'ô' => 'o',
            'é' => 'e',
            'ç' => 'c',
            'ü' => 'u',
            'ã' => 'a',
            _ => c.to_ascii_lowercase(),
        })
        .collect()
}

/// Codes and names; EU, which is reserved there, stands for the European Union.
const COUNTRIES: &str = n!(
    "EU the European Union|AD Andorra|AE the United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola|AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX the Åland Islands|AZ Azerbaijan|BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi|BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BO Bolivia|BQ the Caribbean Netherlands|BR Brazil|BS the Bahamas|BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC the Cocos Islands|CD the Democratic Republic of the Congo|CF the Central African Republic|CG the Republic of the Congo|CH Switzerland|CI Côte d’Ivoire|CK the Cook Islands|CL Chile|CM Cameroon|CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia|DE Germany|DJ Djibouti|DK Denmark|DM Dominica|DO the Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara|ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK the Falkland Islands|FM Micronesia|FO the Faroe Islands|FR France|GA Gabon|GB the United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM the Gambia|GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS South Georgia|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana|HK Hong Kong|HM Heard and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel|IM the Isle of Man|IN India|IO the British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica|JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM the Comoros|KN Saint Kitts and Nevis|KP North Korea|KR South Korea|KW Kuwait|KY the Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka|LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro|MF Saint Martin|MG Madagascar|MH the Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao|MP the Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV the Maldives|MW Malawi|MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua|NL the Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia|PG Papua New Guinea|PH the Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico|PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda|SA Saudi Arabia|SB the Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia|SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan|ST São Tomé and Príncipe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini|TC the Turks and Caicos Islands|TD Chad|TF the French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia|TO Tonga|TR Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda|UM the U.S. Outlying Islands|US the United States|UY Uruguay|UZ Uzbekistan|VA Vatican City|VC Saint Vincent and the Grenadines|VE Venezuela|VG the British Virgin Islands|VI the U.S. Virgin Islands|VN Vietnam|VU Vanuatu|WF Wallis and Futuna|WS Samoa|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_reads_back_by_its_code_and_the_union_is_none() {
        let all = Country::all();
        assert_eq!(all.len(), 249, "as many as ISO 3166-1 lists");
        for country in &all {
            assert_eq!(country.code().parse::<Country>().unwrap(), *country);
            assert_eq!(name(country.code()), Some(country.name()));
        }
        for bad in ["", "EU", "de", "XX", "DEU", "D\0", "Germany"] {
            assert_eq!(
                bad.parse::<Country>().unwrap_err().field.as_deref(),
                Some("jurisdiction"),
                "{bad:?}"
            );
        }
        assert_eq!(name("EU"), Some("the European Union"));
    }

    #[test]
    fn countries_stand_where_one_looks_for_them() {
        let titles: Vec<String> = Country::all().into_iter().map(Country::title).collect();
        let place = |name: &str| titles.iter().position(|title| title == name).unwrap();
        assert!(place("Åland Islands") < place("Albania"));
        assert!(place("Netherlands") < place("New Zealand"));
        assert!(place("United Kingdom") < place("Uruguay"));
    }
}
