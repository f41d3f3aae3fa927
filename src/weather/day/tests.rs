//! What people say, and which place and days are meant: in every language, whatever
//! language is set.

use super::*;
use jiff::civil::date;

/// Phrase, place, days.
#[rustfmt::skip]
const PHRASES: &[(&str, &str, &str)] = &[
    // English.
    ("London tomorrow", "London", "tomorrow"),
    ("tomorrow", "", "tomorrow"),
    ("Tomorrow!", "", "tomorrow"),
    ("tomorrow in London", "London", "tomorrow"),
    ("tomorrow London", "London", "tomorrow"),
    ("for tomorrow", "", "tomorrow"),
    ("in London for tomorrow", "London", "tomorrow"),
    ("paris friday", "paris", "friday"),
    ("paris on friday", "paris", "friday"),
    ("on friday in paris", "paris", "friday"),
    ("paris fri", "paris", "friday"),
    ("paris, Friday", "paris", "friday"),
    ("sat", "", "saturday"),
    ("on Sat", "", "saturday"),
    ("Monday", "", "monday"),
    ("next monday", "", "next monday"),
    ("paris next monday", "paris", "next monday"),
    ("new york sunday evening", "new york", "sunday evening"),
    ("new york on sunday in the evening", "new york", "sunday evening"),
    ("this weekend", "", "weekend"),
    ("london this weekend", "london", "weekend"),
    ("this week-end in london", "london", "weekend"),
    ("weekend", "", "weekend"),
    ("the week end", "", "weekend"),
    ("this week", "", "week"),
    ("next week", "", "next week"),
    ("the next few days", "", "week"),
    ("3 days", "", "3 days"),
    ("paris 3 days", "paris", "3 days"),
    ("3 days paris", "paris", "3 days"),
    ("next three days in paris", "paris", "3 days"),
    ("the next 3 days", "", "3 days"),
    ("paris 3d", "paris", "3 days"),
    ("paris 4", "paris", "4 days"),
    ("2", "", "2 days"),
    ("in 2 days", "", "in 2 days"),
    ("paris in 2 days", "paris", "in 2 days"),
    ("in two days paris", "paris", "in 2 days"),
    ("in 2 days in paris", "paris", "in 2 days"),
    ("the day after tomorrow", "", "in 2 days"),
    ("london day after tomorrow", "london", "in 2 days"),
    ("today", "", "today"),
    ("paris today", "paris", "today"),
    ("today paris", "paris", "today"),
    ("now", "", ""),
    ("paris right now", "paris", ""),
    ("here now", "here", ""),
    ("home today", "home", "today"),
    ("tonight", "", "evening"),
    ("paris tonight", "paris", "evening"),
    ("paris this evening", "paris", "evening"),
    ("this morning", "", "morning"),
    ("in the morning", "", "morning"),
    ("tomorrow morning", "", "tomorrow morning"),
    ("paris tomorrow in the afternoon", "paris", "tomorrow afternoon"),
    ("tomorrow afternoon in paris", "paris", "tomorrow afternoon"),
    ("london saturday night", "london", "saturday night"),
    ("yesterday", "", "yesterday"),
    ("paris yesterday", "paris", "yesterday"),
    ("Paris, Texas, US saturday", "Paris, Texas, US", "saturday"),
    ("48.85,2.35 tomorrow", "48.85,2.35", "tomorrow"),
    ("tomorrow at home", "at home", "tomorrow"),
    ("Paris, FR Sat 28", "Paris, FR", "saturday"),
    ("75001 3", "75001", "3 days"),
    // French.
    ("Paris samedi", "Paris", "saturday"),
    ("samedi", "", "saturday"),
    ("samedi à Paris", "Paris", "saturday"),
    ("le samedi à Paris", "Paris", "saturday"),
    ("Paris le samedi", "Paris", "saturday"),
    ("Le Havre samedi", "Le Havre", "saturday"),
    ("samedi Le Havre", "Le Havre", "saturday"),
    ("samedi au Havre", "Havre", "saturday"),
    ("La Rochelle demain", "La Rochelle", "tomorrow"),
    ("demain La Rochelle", "La Rochelle", "tomorrow"),
    ("demain", "", "tomorrow"),
    ("pour demain", "", "tomorrow"),
    ("Lyon pour demain", "Lyon", "tomorrow"),
    ("à Lyon demain", "Lyon", "tomorrow"),
    ("après-demain", "", "in 2 days"),
    ("après demain", "", "in 2 days"),
    ("paris apres-demain", "paris", "in 2 days"),
    ("à Lille ce soir", "Lille", "evening"),
    ("ce soir", "", "evening"),
    ("ce soir à Lille", "Lille", "evening"),
    ("paris demain soir", "paris", "tomorrow evening"),
    ("demain matin à Nantes", "Nantes", "tomorrow morning"),
    ("Nantes demain dans l’après-midi", "Nantes", "tomorrow afternoon"),
    ("cet après-midi", "", "afternoon"),
    ("cette nuit", "", "night"),
    ("Brest dans la nuit", "Brest", "night"),
    ("samedi soir", "", "saturday evening"),
    ("lundi prochain", "", "next monday"),
    ("Lille lundi prochain", "Lille", "next monday"),
    ("lundi prochain à Lille", "Lille", "next monday"),
    ("ce week-end", "", "weekend"),
    ("Lille ce weekend", "Lille", "weekend"),
    ("pour le week-end", "", "weekend"),
    ("cette semaine", "", "week"),
    ("la semaine prochaine", "", "next week"),
    ("les prochains jours", "", "week"),
    ("3 jours", "", "3 days"),
    ("Lyon 3 jours", "Lyon", "3 days"),
    ("3 jours à Lyon", "Lyon", "3 days"),
    ("les 3 prochains jours", "", "3 days"),
    ("Lyon pour les trois prochains jours", "Lyon", "3 days"),
    ("dans 2 jours", "", "in 2 days"),
    ("dans deux jours à Lyon", "Lyon", "in 2 days"),
    ("Lyon 3j", "Lyon", "3 days"),
    ("Aujourd’hui", "", "today"),
    ("Lyon aujourd'hui", "Lyon", "today"),
    ("Lyon en ce moment", "Lyon", ""),
    ("Paris mer.", "Paris", "wednesday"),
    ("Paris mar", "Paris", "tuesday"),
    ("à la maison demain", "à la maison", "tomorrow"),
    ("près de moi demain", "près de moi", "tomorrow"),
    ("Die samedi", "Die", "saturday"),
    ("demain midi", "", "tomorrow noon"),
    // German.
    ("berlin 3 tage", "berlin", "3 days"),
    ("3 tage berlin", "berlin", "3 days"),
    ("in 3 tagen", "", "in 3 days"),
    ("in drei Tagen in Köln", "Köln", "in 3 days"),
    ("die nächsten drei Tage", "", "3 days"),
    ("die nächsten Tage", "", "week"),
    ("heute", "", "today"),
    ("heute abend", "", "today evening"),
    ("heute Abend in Köln", "Köln", "today evening"),
    ("Köln heute Abend", "Köln", "today evening"),
    ("heute morgen", "", "today morning"),
    ("heute Nacht", "", "today night"),
    ("heute zu Hause", "zu Hause", "today"),
    ("morgen", "", "tomorrow"),
    ("morgen in köln", "köln", "tomorrow"),
    ("Köln morgen", "Köln", "tomorrow"),
    ("morgen früh", "", "tomorrow morning"),
    ("morgen abend", "", "tomorrow evening"),
    ("köln morgen mittag", "köln", "tomorrow noon"),
    ("samstag morgen", "", "saturday morning"),
    ("übermorgen", "", "in 2 days"),
    ("übermorgen in Bad Homburg", "Bad Homburg", "in 2 days"),
    ("am Samstag", "", "saturday"),
    ("am Samstag in Köln", "Köln", "saturday"),
    ("Köln am Samstag Abend", "Köln", "saturday evening"),
    ("Köln am Sa", "Köln", "saturday"),
    ("nächsten Montag", "", "next monday"),
    ("am nächsten Montag in Kiel", "Kiel", "next monday"),
    ("am Wochenende", "", "weekend"),
    ("fürs wochenende", "", "weekend"),
    ("Kiel fürs Wochenende", "Kiel", "weekend"),
    ("dieses Wochenende in Kiel", "Kiel", "weekend"),
    ("nächste Woche", "", "next week"),
    ("diese Woche", "", "week"),
    ("für morgen", "", "tomorrow"),
    ("gestern", "", "yesterday"),
    ("Kiel jetzt", "Kiel", ""),
    ("Sonnabend", "", "saturday"),
    // Names of places, or what may be one.
    ("Le Havre", "Le Havre", ""),
    ("Domme", "Domme", ""),
    ("May", "May", ""),
    ("Friday Harbor", "Friday Harbor", ""),
    ("Friday Harbor saturday", "Friday Harbor", "saturday"),
    ("saturday in Thursday Island", "Thursday Island", "saturday"),
    ("Sun City", "Sun City", ""),
    ("Boulogne sur Mer", "Boulogne sur Mer", ""),
    ("Lloret de Mar", "Lloret de Mar", ""),
    ("Viña del Mar", "Viña del Mar", ""),
    ("Viña del Mar demain", "Viña del Mar", "tomorrow"),
    ("Pic du Midi", "Pic du Midi", ""),
    ("Paris FR", "Paris FR", ""),
    ("St Louis MO", "St Louis MO", ""),
    ("Sonntag, AT", "Sonntag, AT", ""),
    ("Montag", "", "monday"),
    ("De Panne", "De Panne", ""),
    ("Weeks Island", "Weeks Island", ""),
    ("Morgenröthe", "Morgenröthe", ""),
    ("48.95, 2", "48.95, 2", ""),
    ("48.95, 2 3", "48.95, 2", "3 days"),
    ("48 2", "48 2", ""),
    ("48,8566 2,3522 2", "48,8566 2,3522", "2 days"),
    ("75001", "75001", ""),
    ("reykjavik 101", "reykjavik 101", ""),
    ("bei mir", "bei mir", ""),
    ("in", "in", ""),
    ("!", "!", ""),
    ("", "", ""),
];

#[test]
fn people_name_places_and_days_in_many_ways() {
    assert!(PHRASES.len() > 150);
    let mut wrong = Vec::new();
    for &(text, place, days) in PHRASES {
        for lang in Lang::ALL {
            let said = spoken(text, lang, HORIZON);
            let shown = (said.place.as_str(), said.when.words());
            if shown != (place, days.to_owned()) || said.wrong.is_some() {
                wrong.push(format!("{lang:?} {text}: {said:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What an answer that is picked from a list asks again.
#[test]
fn the_words_for_days_mean_the_same_days_again() {
    for &(text, ..) in PHRASES {
        let when = spoken(text, Lang::De, HORIZON).when;
        let again = spoken(&format!("Paris, Texas, US {}", when.words()), Lang::Fr, 1);
        assert_eq!(
            (again.place.as_str(), again.when),
            ("Paris, Texas, US", when)
        );
    }
}

#[test]
fn two_letters_are_a_weekday_in_their_own_language_only() {
    let place = |text: &str, lang| spoken(text, lang, HORIZON).place;
    assert_eq!(place("köln mi", Lang::De), "köln");
    assert_eq!(place("köln mi", Lang::En), "köln mi");
    assert_eq!(place("Paris FR", Lang::De), "Paris FR");
    assert_eq!(place("Paris, fr", Lang::De), "Paris, fr");
}

#[test]
fn hier_is_yesterday_in_french_and_here_in_german() {
    let yesterday = Days::Ahead(-1);
    assert_eq!(spoken("Lyon hier", Lang::Fr, 1).when.days, yesterday);
    for lang in [Lang::En, Lang::De] {
        let said = spoken("morgen hier", lang, 1);
        assert_eq!(
            (said.place.as_str(), said.when.words()),
            ("hier", "tomorrow".to_owned())
        );
    }
}

#[test]
fn numbers_that_make_no_sense_are_named() {
    for (text, most, wrong) in [
        ("new york 99", 5, Some("99")),
        ("paris 5", 3, Some("5")),
        ("paris 5", 5, None),
        ("-5", 5, Some("-5")),
        ("paris -1", 5, Some("-1")),
        ("0", 3, Some("0")),
        ("30 days", 5, Some("30")),
        ("paris 300 tage", 5, Some("300")),
        ("sept jours", 5, Some("sept")),
        ("in 9 days", 5, None),
        ("48.85 -2", 5, None),
    ] {
        assert_eq!(
            spoken(text, Lang::En, most).wrong.as_deref(),
            wrong,
            "{text}"
        );
    }
    assert_eq!(spoken("tromsø 3", Lang::En, 0).place, "tromsø 3");
}

#[test]
fn days_are_dates() {
    // A Saturday.
    let today = date(2026, 11, 28);
    let dates = |text: &str, today| {
        let (first, count) = spoken(text, Lang::En, HORIZON).when.dates(today, 3);
        (first.day(), count)
    };
    for (text, expected) in [
        ("", (28, 3)),
        ("2", (28, 2)),
        ("today", (28, 1)),
        ("tonight", (28, 1)),
        ("tomorrow", (29, 1)),
        ("yesterday", (27, 1)),
        ("in 4 days", (2, 1)),
        ("saturday", (28, 1)),
        ("next saturday", (5, 1)),
        ("next sunday", (29, 1)),
        ("monday", (30, 1)),
        ("friday", (4, 1)),
        ("weekend", (28, 2)),
        ("week", (28, 5)),
        ("next week", (30, 7)),
    ] {
        assert_eq!(dates(text, today), expected, "{text}");
    }
    assert_eq!(dates("weekend", date(2026, 11, 29)), (29, 1));
    assert_eq!(dates("weekend", date(2026, 11, 26)), (28, 2));
}
