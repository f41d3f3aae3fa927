//! Regions by the letters or the number that people write for them: states of the
//! USA and Australia, provinces of Canada, German Länder, Swiss cantons, French
//! départements. The names are those that the service may give, in any language.

/// A region that has a short form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// ISO 3166 code of the country as the service has it.
    pub country: &'static str,
    /// The letters or the number.
    pub short: &'static str,
    /// How it is called.
    pub names: &'static [&'static str],
}

/// The regions that `text` is short for; several countries may have one.
pub fn short_for(text: &str) -> impl Iterator<Item = &'static Region> {
    let wanted: String = text.chars().filter(|c| !matches!(c, '.' | ' ')).collect();
    REGIONS
        .iter()
        .filter(move |region| region.short.eq_ignore_ascii_case(&wanted))
}

#[rustfmt::skip]
const REGIONS: &[Region] = &[
    region("AU", "ACT", &["Australian Capital Territory", "Territoire de la capitale australienne"]),
    region("AU", "NSW", &["New South Wales", "Nouvelle-Galles du Sud"]),
    region("AU", "NT", &["Northern Territory", "Territoire du Nord"]),
    region("AU", "QLD", &["Queensland"]),
    region("AU", "SA", &["South Australia", "Australie-Méridionale", "Südaustralien"]),
    region("AU", "TAS", &["Tasmania", "Tasmanie"]),
    region("AU", "VIC", &["Victoria"]),
    region("AU", "WA", &["Western Australia", "Australie-Occidentale", "Westaustralien"]),
    region("CA", "AB", &["Alberta"]),
    region("CA", "BC", &["British Columbia", "Colombie-Britannique"]),
    region("CA", "MB", &["Manitoba"]),
    region("CA", "NB", &["New Brunswick", "Nouveau-Brunswick"]),
    region("CA", "NL", &["Newfoundland and Labrador", "Terre-Neuve-et-Labrador", "Neufundland und Labrador"]),
    region("CA", "NS", &["Nova Scotia", "Nouvelle-Écosse"]),
    region("CA", "NT", &["Northwest Territories", "Territoires du Nord-Ouest"]),
    region("CA", "NU", &["Nunavut"]),
    region("CA", "ON", &["Ontario"]),
    region("CA", "PE", &["Prince Edward Island", "Île-du-Prince-Édouard"]),
    region("CA", "QC", &["Quebec", "Québec"]),
    region("CA", "SK", &["Saskatchewan"]),
    region("CA", "YT", &["Yukon"]),
    region("CH", "AG", &["Aargau", "Argovie"]),
    region("CH", "AI", &["Appenzell Innerrhoden", "Appenzell Rhodes-Intérieures"]),
    region("CH", "AR", &["Appenzell Ausserrhoden", "Appenzell Rhodes-Extérieures"]),
    region("CH", "BE", &["Berne", "Bern"]),
    region("CH", "BL", &["Basel-Landschaft", "Bâle-Campagne"]),
    region("CH", "BS", &["Basel-Stadt", "Basel-City", "Bâle-Ville"]),
    region("CH", "FR", &["Fribourg", "Freiburg"]),
    region("CH", "GE", &["Genève", "Geneva", "Genf"]),
    region("CH", "GL", &["Glarus", "Glaris"]),
    region("CH", "GR", &["Graubünden", "Grisons"]),
    region("CH", "JU", &["Jura"]),
    region("CH", "LU", &["Luzern", "Lucerne"]),
    region("CH", "NE", &["Neuchâtel", "Neuenburg"]),
    region("CH", "NW", &["Nidwalden", "Nidwald"]),
    region("CH", "OW", &["Obwalden", "Obwald"]),
    region("CH", "SG", &["Sankt Gallen", "Saint Gallen", "St. Gallen", "Saint-Gall"]),
    region("CH", "SH", &["Schaffhausen", "Schaffhouse"]),
    region("CH", "SO", &["Solothurn", "Soleure"]),
    region("CH", "SZ", &["Schwyz", "Schwytz"]),
    region("CH", "TG", &["Thurgau", "Thurgovie"]),
    region("CH", "TI", &["Ticino", "Tessin"]),
    region("CH", "UR", &["Uri"]),
    region("CH", "VD", &["Vaud", "Waadt"]),
    region("CH", "VS", &["Valais", "Wallis"]),
    region("CH", "ZG", &["Zug", "Zoug"]),
    region("CH", "ZH", &["Zürich", "Zurich"]),
    region("DE", "BB", &["Brandenburg", "Brandebourg"]),
    region("DE", "BE", &["Berlin"]),
    region("DE", "BW", &["Baden-Württemberg", "Baden-Wurttemberg", "Bade-Wurtemberg"]),
    region("DE", "BY", &["Bayern", "Bavaria", "Bavière"]),
    region("DE", "HB", &["Bremen", "Brême"]),
    region("DE", "HE", &["Hessen", "Hesse"]),
    region("DE", "HH", &["Hamburg", "Hambourg"]),
    region("DE", "MV", &["Mecklenburg-Vorpommern", "Mecklenburg-Western Pomerania", "Mecklembourg-Poméranie-Occidentale"]),
    region("DE", "NI", &["Niedersachsen", "Lower Saxony", "Basse-Saxe"]),
    region("DE", "NW", &["Nordrhein-Westfalen", "North Rhine-Westphalia", "Rhénanie-du-Nord-Westphalie"]),
    region("DE", "RP", &["Rheinland-Pfalz", "Rhineland-Palatinate", "Rhénanie-Palatinat"]),
    region("DE", "SH", &["Schleswig-Holstein"]),
    region("DE", "SL", &["Saarland", "Sarre"]),
    region("DE", "SN", &["Sachsen", "Saxony", "Saxe"]),
    region("DE", "ST", &["Sachsen-Anhalt", "Saxony-Anhalt", "Saxe-Anhalt"]),
    region("DE", "TH", &["Thüringen", "Thuringia", "Thuringe"]),
    region("FR", "01", &["Ain"]),
    region("FR", "02", &["Aisne"]),
    region("FR", "03", &["Allier"]),
    region("FR", "04", &["Alpes-de-Haute-Provence"]),
    region("FR", "05", &["Hautes-Alpes"]),
    region("FR", "06", &["Alpes-Maritimes"]),
    region("FR", "07", &["Ardèche"]),
    region("FR", "08", &["Ardennes"]),
    region("FR", "09", &["Ariège"]),
    region("FR", "10", &["Aube"]),
    region("FR", "11", &["Aude"]),
    region("FR", "12", &["Aveyron"]),
    region("FR", "13", &["Bouches-du-Rhône"]),
    region("FR", "14", &["Calvados"]),
    region("FR", "15", &["Cantal"]),
    region("FR", "16", &["Charente"]),
    region("FR", "17", &["Charente-Maritime"]),
    region("FR", "18", &["Cher"]),
    region("FR", "19", &["Corrèze"]),
    region("FR", "21", &["Côte-d'Or"]),
    region("FR", "22", &["Côtes-d'Armor"]),
    region("FR", "23", &["Creuse"]),
    region("FR", "24", &["Dordogne"]),
    region("FR", "25", &["Doubs"]),
    region("FR", "26", &["Drôme"]),
    region("FR", "27", &["Eure"]),
    region("FR", "28", &["Eure-et-Loir"]),
    region("FR", "29", &["Finistère"]),
    region("FR", "2A", &["Corse-du-Sud"]),
    region("FR", "2B", &["Haute-Corse"]),
    region("FR", "30", &["Gard"]),
    region("FR", "31", &["Haute-Garonne"]),
    region("FR", "32", &["Gers"]),
    region("FR", "33", &["Gironde"]),
    region("FR", "34", &["Hérault"]),
    region("FR", "35", &["Ille-et-Vilaine"]),
    region("FR", "36", &["Indre"]),
    region("FR", "37", &["Indre-et-Loire"]),
    region("FR", "38", &["Isère"]),
    region("FR", "39", &["Jura"]),
    region("FR", "40", &["Landes"]),
    region("FR", "41", &["Loir-et-Cher"]),
    region("FR", "42", &["Loire"]),
    region("FR", "43", &["Haute-Loire"]),
    region("FR", "44", &["Loire-Atlantique"]),
    region("FR", "45", &["Loiret"]),
    region("FR", "46", &["Lot"]),
    region("FR", "47", &["Lot-et-Garonne"]),
    region("FR", "48", &["Lozère"]),
    region("FR", "49", &["Maine-et-Loire"]),
    region("FR", "50", &["Manche"]),
    region("FR", "51", &["Marne"]),
    region("FR", "52", &["Haute-Marne"]),
    region("FR", "53", &["Mayenne"]),
    region("FR", "54", &["Meurthe-et-Moselle"]),
    region("FR", "55", &["Meuse"]),
    region("FR", "56", &["Morbihan"]),
    region("FR", "57", &["Moselle"]),
    region("FR", "58", &["Nièvre"]),
    region("FR", "59", &["Nord"]),
    region("FR", "60", &["Oise"]),
    region("FR", "61", &["Orne"]),
    region("FR", "62", &["Pas-de-Calais"]),
    region("FR", "63", &["Puy-de-Dôme"]),
    region("FR", "64", &["Pyrénées-Atlantiques"]),
    region("FR", "65", &["Hautes-Pyrénées"]),
    region("FR", "66", &["Pyrénées-Orientales"]),
    region("FR", "67", &["Bas-Rhin"]),
    region("FR", "68", &["Haut-Rhin"]),
    region("FR", "69", &["Rhône", "Métropole de Lyon"]),
    region("FR", "70", &["Haute-Saône"]),
    region("FR", "71", &["Saône-et-Loire"]),
    region("FR", "72", &["Sarthe"]),
    region("FR", "73", &["Savoie"]),
    region("FR", "74", &["Haute-Savoie"]),
    region("FR", "75", &["Paris"]),
    region("FR", "76", &["Seine-Maritime"]),
    region("FR", "77", &["Seine-et-Marne"]),
    region("FR", "78", &["Yvelines"]),
    region("FR", "79", &["Deux-Sèvres"]),
    region("FR", "80", &["Somme"]),
    region("FR", "81", &["Tarn"]),
    region("FR", "82", &["Tarn-et-Garonne"]),
    region("FR", "83", &["Var"]),
    region("FR", "84", &["Vaucluse"]),
    region("FR", "85", &["Vendée"]),
    region("FR", "86", &["Vienne"]),
    region("FR", "87", &["Haute-Vienne"]),
    region("FR", "88", &["Vosges"]),
    region("FR", "89", &["Yonne"]),
    region("FR", "90", &["Territoire de Belfort"]),
    region("FR", "91", &["Essonne"]),
    region("FR", "92", &["Hauts-de-Seine"]),
    region("FR", "93", &["Seine-Saint-Denis"]),
    region("FR", "94", &["Val-de-Marne"]),
    region("FR", "95", &["Val-d'Oise"]),
    region("GP", "971", &["Guadeloupe"]),
    region("MQ", "972", &["Martinique"]),
    region("GF", "973", &["Guyane", "French Guiana", "Guyane française"]),
    region("RE", "974", &["La Réunion"]),
    region("YT", "976", &["Mayotte"]),
    region("US", "AK", &["Alaska"]),
    region("US", "AL", &["Alabama"]),
    region("US", "AR", &["Arkansas"]),
    region("US", "AZ", &["Arizona"]),
    region("US", "CA", &["California", "Californie", "Kalifornien"]),
    region("US", "CO", &["Colorado"]),
    region("US", "CT", &["Connecticut"]),
    region("US", "DC", &["District of Columbia", "Washington D.C."]),
    region("US", "DE", &["Delaware"]),
    region("US", "FL", &["Florida", "Floride"]),
    region("US", "GA", &["Georgia", "Géorgie"]),
    region("US", "HI", &["Hawaii", "Hawaï"]),
    region("US", "IA", &["Iowa"]),
    region("US", "ID", &["Idaho"]),
    region("US", "IL", &["Illinois"]),
    region("US", "IN", &["Indiana"]),
    region("US", "KS", &["Kansas"]),
    region("US", "KY", &["Kentucky"]),
    region("US", "LA", &["Louisiana", "Louisiane"]),
    region("US", "MA", &["Massachusetts"]),
    region("US", "MD", &["Maryland"]),
    region("US", "ME", &["Maine"]),
    region("US", "MI", &["Michigan"]),
    region("US", "MN", &["Minnesota"]),
    region("US", "MO", &["Missouri"]),
    region("US", "MS", &["Mississippi"]),
    region("US", "MT", &["Montana"]),
    region("US", "NC", &["North Carolina", "Caroline du Nord"]),
    region("US", "ND", &["North Dakota", "Dakota du Nord"]),
    region("US", "NE", &["Nebraska"]),
    region("US", "NH", &["New Hampshire"]),
    region("US", "NJ", &["New Jersey"]),
    region("US", "NM", &["New Mexico", "Nouveau-Mexique"]),
    region("US", "NV", &["Nevada"]),
    region("US", "NY", &["New York"]),
    region("US", "OH", &["Ohio"]),
    region("US", "OK", &["Oklahoma"]),
    region("US", "OR", &["Oregon"]),
    region("US", "PA", &["Pennsylvania", "Pennsylvanie"]),
    region("US", "PR", &["Puerto Rico"]),
    region("US", "RI", &["Rhode Island"]),
    region("US", "SC", &["South Carolina", "Caroline du Sud"]),
    region("US", "SD", &["South Dakota", "Dakota du Sud"]),
    region("US", "TN", &["Tennessee"]),
    region("US", "TX", &["Texas"]),
    region("US", "UT", &["Utah"]),
    region("US", "VA", &["Virginia", "Virginie"]),
    region("US", "VT", &["Vermont"]),
    region("US", "WA", &["Washington", "Washington State"]),
    region("US", "WI", &["Wisconsin"]),
    region("US", "WV", &["West Virginia", "Virginie-Occidentale"]),
    region("US", "WY", &["Wyoming"]),
];

const fn region(
    country: &'static str,
    short: &'static str,
    names: &'static [&'static str],
) -> Region {
    Region {
        country,
        short,
        names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_numbers_may_stand_for_regions_of_several_countries() {
        let meant = |text: &str| -> Vec<(&str, &str)> {
            let regions = short_for(text);
            regions.map(|it| (it.country, it.names[0])).collect()
        };
        assert_eq!(meant("il"), [("US", "Illinois")]);
        assert_eq!(meant("N.Y."), [("US", "New York")]);
        assert_eq!(
            meant("wa"),
            [("AU", "Western Australia"), ("US", "Washington")]
        );
        assert_eq!(meant("95"), [("FR", "Val-d'Oise")]);
        assert_eq!(meant("2a"), [("FR", "Corse-du-Sud")]);
        assert_eq!(meant("974"), [("RE", "La Réunion")]);
        assert_eq!(meant("VD"), [("CH", "Vaud")]);
        assert_eq!(meant("by"), [("DE", "Bayern")]);
        assert_eq!(meant("qc"), [("CA", "Quebec")]);
        assert_eq!(meant("Texas"), []);
        assert_eq!(meant(""), []);
        let count = |country: &str| REGIONS.iter().filter(|it| it.country == country).count();
        assert_eq!(
            ["US", "CA", "AU", "DE", "CH", "FR"].map(count),
            [52, 13, 8, 16, 26, 96]
        );
    }
}
