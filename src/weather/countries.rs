//! Countries as people name them: by their codes, by usual short forms, and by their
//! names in English, French and German. One table for what is asked and for
//! `[weather] country`.

use crate::mesh::name::fold;

/// A country.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Country {
    /// ISO 3166 code, two capitals.
    pub code: &'static str,
    /// How it is called, the English name first.
    pub names: &'static [&'static str],
}

/// The code of the country that `text` means, whatever its case and accents.
#[must_use]
pub fn code_of(text: &str) -> Option<&'static str> {
    let wanted = spelt(text);
    let is_meant = |country: &&Country| {
        spelt(country.code) == wanted || country.names.iter().any(|name| spelt(name) == wanted)
    };
    COUNTRIES.iter().find(is_meant).map(|country| country.code)
}

/// What the country is called in English.
#[must_use]
pub fn name_of(code: &str) -> Option<&'static str> {
    let country = COUNTRIES.iter().find(|country| country.code == code)?;
    country.names.first().copied()
}

/// Letters alone, and the words that are always left out, left out.
fn spelt(text: &str) -> String {
    fold(text)
        .replace('&', " and ")
        .split(|c: char| !c.is_alphanumeric() && c != '.')
        .map(|word| word.replace('.', ""))
        .map(|word| match word.as_str() {
            "st" => "saint".to_owned(),
            "ste" => "sainte".to_owned(),
            _ => word,
        })
        .collect()
}

/// All that ISO 3166 lists, and Kosovo.
#[rustfmt::skip]
const COUNTRIES: &[Country] = &[
    country("AD", &["Andorra", "Andorre"]),
    country("AE", &["United Arab Emirates", "Émirats arabes unis", "Vereinigte Arabische Emirate", "UAE", "Émirats", "VAE", "EAU"]),
    country("AF", &["Afghanistan"]),
    country("AG", &["Antigua and Barbuda", "Antigua-et-Barbuda", "Antigua und Barbuda"]),
    country("AI", &["Anguilla"]),
    country("AL", &["Albania", "Albanie", "Albanien"]),
    country("AM", &["Armenia", "Arménie", "Armenien"]),
    country("AO", &["Angola"]),
    country("AQ", &["Antarctica", "Antarctique", "Antarktis"]),
    country("AR", &["Argentina", "Argentine", "Argentinien"]),
    country("AS", &["American Samoa", "Samoa américaines", "Amerikanisch-Samoa"]),
    country("AT", &["Austria", "Autriche", "Österreich", "Oesterreich"]),
    country("AU", &["Australia", "Australie", "Australien"]),
    country("AW", &["Aruba"]),
    country("AX", &["Åland Islands", "Îles Åland", "Ålandinseln", "Åland"]),
    country("AZ", &["Azerbaijan", "Azerbaïdjan", "Aserbaidschan"]),
    country("BA", &["Bosnia and Herzegovina", "Bosnie-Herzégovine", "Bosnien und Herzegowina", "Bosnia", "Bosnie", "Bosnien"]),
    country("BB", &["Barbados", "Barbade"]),
    country("BD", &["Bangladesh", "Bangladesch"]),
    country("BE", &["Belgium", "Belgique", "Belgien", "België"]),
    country("BF", &["Burkina Faso"]),
    country("BG", &["Bulgaria", "Bulgarie", "Bulgarien"]),
    country("BH", &["Bahrain", "Bahreïn"]),
    country("BI", &["Burundi"]),
    country("BJ", &["Benin", "Bénin"]),
    country("BL", &["St. Barthélemy", "Saint-Barthélemy"]),
    country("BM", &["Bermuda", "Bermudes"]),
    country("BN", &["Brunei", "Brunei Darussalam"]),
    country("BO", &["Bolivia", "Bolivie", "Bolivien", "Plurinational State of Bolivia"]),
    country("BQ", &["Caribbean Netherlands", "Pays-Bas caribéens", "Karibische Niederlande"]),
    country("BR", &["Brazil", "Brésil", "Brasilien", "Brasil"]),
    country("BS", &["Bahamas", "The Bahamas"]),
    country("BT", &["Bhutan", "Bhoutan"]),
    country("BV", &["Bouvet Island", "Île Bouvet", "Bouvetinsel"]),
    country("BW", &["Botswana", "Botsuana"]),
    country("BY", &["Belarus", "Biélorussie", "Weißrussland"]),
    country("BZ", &["Belize"]),
    country("CA", &["Canada", "Kanada"]),
    country("CC", &["Cocos Islands", "Îles Cocos", "Kokosinseln"]),
    country("CD", &["Congo - Kinshasa", "Congo-Kinshasa", "Kongo-Kinshasa", "Democratic Republic of the Congo", "DR Congo", "DRC", "RDC", "République démocratique du Congo", "Demokratische Republik Kongo"]),
    country("CF", &["Central African Republic", "République centrafricaine", "Zentralafrikanische Republik", "Zentralafrika", "Centrafrique"]),
    country("CG", &["Congo - Brazzaville", "Congo-Brazzaville", "Kongo-Brazzaville", "Congo", "Republic of the Congo", "Kongo"]),
    country("CH", &["Switzerland", "Suisse", "Schweiz", "Swiss", "Svizzera"]),
    country("CI", &["Côte d'Ivoire", "Ivory Coast", "Elfenbeinküste"]),
    country("CK", &["Cook Islands", "Îles Cook", "Cookinseln"]),
    country("CL", &["Chile", "Chili"]),
    country("CM", &["Cameroon", "Cameroun", "Kamerun"]),
    country("CN", &["China", "Chine"]),
    country("CO", &["Colombia", "Colombie", "Kolumbien"]),
    country("CR", &["Costa Rica"]),
    country("CU", &["Cuba", "Kuba"]),
    country("CV", &["Cape Verde", "Cap-Vert", "Cabo Verde", "Kap Verde"]),
    country("CW", &["Curaçao"]),
    country("CX", &["Christmas Island", "Île Christmas", "Weihnachtsinsel"]),
    country("CY", &["Cyprus", "Chypre", "Zypern"]),
    country("CZ", &["Czechia", "Tchéquie", "Tschechien", "Czech Republic", "République tchèque", "Tschechische Republik"]),
    country("DE", &["Germany", "Allemagne", "Deutschland", "BRD"]),
    country("DJ", &["Djibouti", "Dschibuti"]),
    country("DK", &["Denmark", "Danemark", "Dänemark", "Danmark"]),
    country("DM", &["Dominica", "Dominique"]),
    country("DO", &["Dominican Republic", "République dominicaine", "Dominikanische Republik", "Rép. dominicaine"]),
    country("DZ", &["Algeria", "Algérie", "Algerien"]),
    country("EC", &["Ecuador", "Équateur"]),
    country("EE", &["Estonia", "Estonie", "Estland"]),
    country("EG", &["Egypt", "Égypte", "Ägypten"]),
    country("EH", &["Western Sahara", "Sahara occidental", "Westsahara"]),
    country("ER", &["Eritrea", "Érythrée"]),
    country("ES", &["Spain", "Espagne", "Spanien", "España"]),
    country("ET", &["Ethiopia", "Éthiopie", "Äthiopien"]),
    country("FI", &["Finland", "Finlande", "Finnland", "Suomi"]),
    country("FJ", &["Fiji", "Fidji", "Fidschi"]),
    country("FK", &["Falkland Islands", "Îles Malouines", "Falklandinseln", "Falklands", "Malouines"]),
    country("FM", &["Micronesia", "Micronésie", "Mikronesien"]),
    country("FO", &["Faroe Islands", "Îles Féroé", "Färöer", "Faroes", "Féroé", "Färöer-Inseln"]),
    country("FR", &["France", "Frankreich"]),
    country("GA", &["Gabon", "Gabun"]),
    country("GB", &["United Kingdom", "Royaume-Uni", "Vereinigtes Königreich", "UK", "Great Britain", "Grande-Bretagne", "Großbritannien", "Britain", "Angleterre"]),
    country("GD", &["Grenada", "Grenade"]),
    country("GE", &["Georgia", "Géorgie", "Georgien"]),
    country("GF", &["French Guiana", "Guyane française", "Französisch-Guayana"]),
    country("GG", &["Guernsey", "Guernesey"]),
    country("GH", &["Ghana"]),
    country("GI", &["Gibraltar"]),
    country("GL", &["Greenland", "Groenland", "Grönland"]),
    country("GM", &["Gambia", "Gambie", "The Gambia"]),
    country("GN", &["Guinea", "Guinée"]),
    country("GP", &["Guadeloupe"]),
    country("GQ", &["Equatorial Guinea", "Guinée équatoriale", "Äquatorialguinea"]),
    country("GR", &["Greece", "Grèce", "Griechenland", "Hellas"]),
    country("GS", &["South Georgia and South Sandwich Islands", "Géorgie du Sud-et-les Îles Sandwich du Sud", "Südgeorgien und die Südlichen Sandwichinseln"]),
    country("GT", &["Guatemala"]),
    country("GU", &["Guam"]),
    country("GW", &["Guinea-Bissau", "Guinée-Bissau"]),
    country("GY", &["Guyana"]),
    country("HK", &["Hong Kong", "Hongkong"]),
    country("HM", &["Heard Island and McDonald Islands", "Îles Heard-et-MacDonald", "Heard und McDonaldinseln"]),
    country("HN", &["Honduras"]),
    country("HR", &["Croatia", "Croatie", "Kroatien"]),
    country("HT", &["Haiti", "Haïti"]),
    country("HU", &["Hungary", "Hongrie", "Ungarn"]),
    country("ID", &["Indonesia", "Indonésie", "Indonesien"]),
    country("IE", &["Ireland", "Irlande", "Irland", "Eire", "Republic of Ireland", "Éire"]),
    country("IL", &["Israel", "Israël"]),
    country("IM", &["Isle of Man", "Île de Man"]),
    country("IN", &["India", "Inde", "Indien"]),
    country("IO", &["British Indian Ocean Territory", "Territoire britannique de l'océan Indien", "Britisches Territorium im Indischen Ozean"]),
    country("IQ", &["Iraq", "Irak"]),
    country("IR", &["Iran", "Islamic Republic of Iran"]),
    country("IS", &["Iceland", "Islande", "Island"]),
    country("IT", &["Italy", "Italie", "Italien", "Italia"]),
    country("JE", &["Jersey"]),
    country("JM", &["Jamaica", "Jamaïque", "Jamaika"]),
    country("JO", &["Jordan", "Jordanie", "Jordanien"]),
    country("JP", &["Japan", "Japon"]),
    country("KE", &["Kenya", "Kenia"]),
    country("KG", &["Kyrgyzstan", "Kirghizstan", "Kirgisistan"]),
    country("KH", &["Cambodia", "Cambodge", "Kambodscha"]),
    country("KI", &["Kiribati"]),
    country("KM", &["Comoros", "Comores", "Komoren"]),
    country("KN", &["St. Kitts and Nevis", "Saint-Christophe-et-Niévès", "St. Kitts und Nevis"]),
    country("KP", &["North Korea", "Corée du Nord", "Nordkorea", "Democratic People's Republic of Korea"]),
    country("KR", &["South Korea", "Corée du Sud", "Südkorea", "Korea", "Republic of Korea", "Corée"]),
    country("KW", &["Kuwait", "Koweït"]),
    country("KY", &["Cayman Islands", "Îles Caïmans", "Kaimaninseln"]),
    country("KZ", &["Kazakhstan", "Kasachstan"]),
    country("LA", &["Laos", "Lao People's Democratic Republic"]),
    country("LB", &["Lebanon", "Liban", "Libanon"]),
    country("LC", &["St. Lucia", "Sainte-Lucie"]),
    country("LI", &["Liechtenstein"]),
    country("LK", &["Sri Lanka"]),
    country("LR", &["Liberia"]),
    country("LS", &["Lesotho"]),
    country("LT", &["Lithuania", "Lituanie", "Litauen"]),
    country("LU", &["Luxembourg", "Luxemburg"]),
    country("LV", &["Latvia", "Lettonie", "Lettland"]),
    country("LY", &["Libya", "Libye", "Libyen"]),
    country("MA", &["Morocco", "Maroc", "Marokko"]),
    country("MC", &["Monaco"]),
    country("MD", &["Moldova", "Moldavie", "Republik Moldau", "Moldawien", "Moldova, Republic of"]),
    country("ME", &["Montenegro", "Monténégro"]),
    country("MF", &["St. Martin", "Saint-Martin"]),
    country("MG", &["Madagascar", "Madagaskar"]),
    country("MH", &["Marshall Islands", "Îles Marshall", "Marshallinseln"]),
    country("MK", &["North Macedonia", "Macédoine du Nord", "Nordmazedonien", "Macedonia", "Macédoine", "Mazedonien"]),
    country("ML", &["Mali"]),
    country("MM", &["Myanmar", "Burma", "Birmanie", "Birma"]),
    country("MN", &["Mongolia", "Mongolie", "Mongolei"]),
    country("MO", &["Macao", "Macau"]),
    country("MP", &["Northern Mariana Islands", "Îles Mariannes du Nord", "Nördliche Marianen"]),
    country("MQ", &["Martinique"]),
    country("MR", &["Mauritania", "Mauritanie", "Mauretanien"]),
    country("MS", &["Montserrat"]),
    country("MT", &["Malta", "Malte"]),
    country("MU", &["Mauritius", "Maurice"]),
    country("MV", &["Maldives", "Malediven"]),
    country("MW", &["Malawi"]),
    country("MX", &["Mexico", "Mexique", "Mexiko", "México"]),
    country("MY", &["Malaysia", "Malaisie"]),
    country("MZ", &["Mozambique", "Mosambik"]),
    country("NA", &["Namibia", "Namibie"]),
    country("NC", &["New Caledonia", "Nouvelle-Calédonie", "Neukaledonien"]),
    country("NE", &["Niger"]),
    country("NF", &["Norfolk Island", "Île Norfolk", "Norfolkinsel"]),
    country("NG", &["Nigeria"]),
    country("NI", &["Nicaragua"]),
    country("NL", &["Netherlands", "Pays-Bas", "Niederlande", "Holland", "Hollande", "The Netherlands"]),
    country("NO", &["Norway", "Norvège", "Norwegen", "Norge"]),
    country("NP", &["Nepal", "Népal"]),
    country("NR", &["Nauru"]),
    country("NU", &["Niue"]),
    country("NZ", &["New Zealand", "Nouvelle-Zélande", "Neuseeland", "Aotearoa"]),
    country("OM", &["Oman"]),
    country("PA", &["Panama"]),
    country("PE", &["Peru", "Pérou"]),
    country("PF", &["French Polynesia", "Polynésie française", "Französisch-Polynesien", "Tahiti"]),
    country("PG", &["Papua New Guinea", "Papouasie-Nouvelle-Guinée", "Papua-Neuguinea"]),
    country("PH", &["Philippines", "Philippinen"]),
    country("PK", &["Pakistan"]),
    country("PL", &["Poland", "Pologne", "Polen", "Polska"]),
    country("PM", &["St. Pierre and Miquelon", "Saint-Pierre-et-Miquelon", "St. Pierre und Miquelon"]),
    country("PN", &["Pitcairn Islands", "Îles Pitcairn", "Pitcairninseln"]),
    country("PR", &["Puerto Rico", "Porto Rico"]),
    country("PS", &["Palestinian Territories", "Territoires palestiniens", "Palästinensische Autonomiegebiete", "Palestine", "Palästina"]),
    country("PT", &["Portugal"]),
    country("PW", &["Palau", "Palaos"]),
    country("PY", &["Paraguay"]),
    country("QA", &["Qatar", "Katar"]),
    country("RE", &["Réunion", "La Réunion", "Reunion Island"]),
    country("RO", &["Romania", "Roumanie", "Rumänien"]),
    country("RS", &["Serbia", "Serbie", "Serbien"]),
    country("RU", &["Russia", "Russie", "Russland", "Russian Federation", "Fédération de Russie"]),
    country("RW", &["Rwanda", "Ruanda"]),
    country("SA", &["Saudi Arabia", "Arabie saoudite", "Saudi-Arabien"]),
    country("SB", &["Solomon Islands", "Îles Salomon", "Salomonen"]),
    country("SC", &["Seychelles", "Seychellen"]),
    country("SD", &["Sudan", "Soudan"]),
    country("SE", &["Sweden", "Suède", "Schweden", "Sverige"]),
    country("SG", &["Singapore", "Singapour", "Singapur"]),
    country("SH", &["St. Helena, Ascension and Tristan da Cunha", "Sainte-Hélène", "St. Helena", "Saint Helena"]),
    country("SI", &["Slovenia", "Slovénie", "Slowenien"]),
    country("SJ", &["Svalbard and Jan Mayen", "Svalbard et Jan Mayen", "Spitzbergen und Jan Mayen", "Svalbard", "Spitzberg", "Spitzbergen"]),
    country("SK", &["Slovakia", "Slovaquie", "Slowakei"]),
    country("SL", &["Sierra Leone"]),
    country("SM", &["San Marino", "Saint-Marin"]),
    country("SN", &["Senegal", "Sénégal"]),
    country("SO", &["Somalia", "Somalie"]),
    country("SR", &["Suriname"]),
    country("SS", &["South Sudan", "Soudan du Sud", "Südsudan"]),
    country("ST", &["São Tomé and Príncipe", "Sao Tomé-et-Principe", "São Tomé und Príncipe"]),
    country("SV", &["El Salvador", "Salvador"]),
    country("SX", &["Sint Maarten"]),
    country("SY", &["Syria", "Syrie", "Syrien", "Syrian Arab Republic"]),
    country("SZ", &["Eswatini", "Swaziland"]),
    country("TC", &["Turks and Caicos Islands", "Îles Turques-et-Caïques", "Turks- und Caicosinseln"]),
    country("TD", &["Chad", "Tchad", "Tschad"]),
    country("TF", &["French Southern and Antarctic Lands", "Terres australes françaises", "Französische Süd- und Antarktisgebiete"]),
    country("TG", &["Togo"]),
    country("TH", &["Thailand", "Thaïlande"]),
    country("TJ", &["Tajikistan", "Tadjikistan", "Tadschikistan"]),
    country("TK", &["Tokelau"]),
    country("TL", &["Timor-Leste", "Timor oriental", "East Timor", "Osttimor"]),
    country("TM", &["Turkmenistan", "Turkménistan"]),
    country("TN", &["Tunisia", "Tunisie", "Tunesien"]),
    country("TO", &["Tonga"]),
    country("TR", &["Türkiye", "Turquie", "Türkei", "Turkey", "Turkei"]),
    country("TT", &["Trinidad and Tobago", "Trinité-et-Tobago", "Trinidad und Tobago"]),
    country("TV", &["Tuvalu"]),
    country("TW", &["Taiwan", "Taïwan"]),
    country("TZ", &["Tanzania", "Tanzanie", "Tansania", "United Republic of Tanzania"]),
    country("UA", &["Ukraine"]),
    country("UG", &["Uganda", "Ouganda"]),
    country("UM", &["U.S. Outlying Islands", "Îles mineures éloignées des États-Unis", "Amerikanische Überseeinseln"]),
    country("US", &["United States", "États-Unis", "Vereinigte Staaten", "USA", "U.S.A.", "United States of America", "America", "États-Unis d'Amérique", "Vereinigte Staaten von Amerika", "Amérique", "Amerika"]),
    country("UY", &["Uruguay"]),
    country("UZ", &["Uzbekistan", "Ouzbékistan", "Usbekistan"]),
    country("VA", &["Vatican City", "État de la Cité du Vatican", "Vatikanstadt", "Vatican", "Vatikan", "Holy See"]),
    country("VC", &["St. Vincent and Grenadines", "Saint-Vincent-et-les Grenadines", "St. Vincent und die Grenadinen"]),
    country("VE", &["Venezuela", "Bolivarian Republic of Venezuela"]),
    country("VG", &["British Virgin Islands", "Îles Vierges britanniques", "Britische Jungferninseln"]),
    country("VI", &["U.S. Virgin Islands", "Îles Vierges des États-Unis", "Amerikanische Jungferninseln", "United States Virgin Islands"]),
    country("VN", &["Vietnam", "Viêt Nam", "Viet Nam"]),
    country("VU", &["Vanuatu"]),
    country("WF", &["Wallis and Futuna", "Wallis-et-Futuna", "Wallis und Futuna"]),
    country("WS", &["Samoa"]),
    country("XK", &["Kosovo"]),
    country("YE", &["Yemen", "Yémen", "Jemen"]),
    country("YT", &["Mayotte"]),
    country("ZA", &["South Africa", "Afrique du Sud", "Südafrika", "RSA"]),
    country("ZM", &["Zambia", "Zambie", "Sambia"]),
    country("ZW", &["Zimbabwe", "Simbabwe"]),
];

const fn country(code: &'static str, names: &'static [&'static str]) -> Country {
    Country { code, names }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// W4.
    #[test]
    fn a_country_is_known_by_code_short_form_and_name_in_three_languages() {
        for (text, code) in [
            ("fr", "FR"),
            ("FR", "FR"),
            ("uk", "GB"),
            ("GB", "GB"),
            ("U.K.", "GB"),
            ("usa", "US"),
            ("U.S.A.", "US"),
            ("us", "US"),
            ("États-Unis", "US"),
            ("etats unis", "US"),
            ("Vereinigte Staaten", "US"),
            ("United States of America", "US"),
            ("Allemagne", "DE"),
            ("deutschland", "DE"),
            ("Österreich", "AT"),
            ("Pays-Bas", "NL"),
            ("holland", "NL"),
            ("Côte d'Ivoire", "CI"),
            ("st lucia", "LC"),
            ("Saint Lucia", "LC"),
            ("Bosnia & Herzegovina", "BA"),
            ("suisse", "CH"),
            ("Trinidad and Tobago", "TT"),
        ] {
            assert_eq!(code_of(text), Some(code), "{text}");
        }
        for other in ["", "F", "Atlantis", "Texas", "XX", "U K"] {
            assert_ne!(code_of(other), Some("FR"), "{other}");
        }
        assert_eq!(code_of("XX"), None);
        assert_eq!(code_of(""), None);
        assert_eq!(name_of("DE"), Some("Germany"));
    }

    #[test]
    fn no_name_means_two_countries() {
        let mut meanings: BTreeMap<String, &str> = BTreeMap::new();
        for country in COUNTRIES {
            assert!(!country.names.is_empty(), "{}", country.code);
            let names = country.names.iter().chain([&country.code]);
            for name in names {
                let spelt = spelt(name);
                assert!(!spelt.is_empty(), "{name}");
                let known = meanings.insert(spelt, country.code);
                assert!(known.is_none_or(|code| code == country.code), "{name}");
            }
        }
        assert!(COUNTRIES.len() >= 249);
        assert!(COUNTRIES.is_sorted_by_key(|country| country.code));
    }
}
