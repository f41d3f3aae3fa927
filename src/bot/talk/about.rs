//! `/about`: who the bot is, since when it runs and is linked, whom to ask.
//!
//! A count of one connection after days is the proof that everything shares
//! one (seed.md S11).

use std::time::Duration;

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, LinkView, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::{Lang, Text};

pub const COMMAND: Command = Command {
    name: "about",
    names: Some(Text::NamesAbout),
    phrases: Some(Text::AskingAbout),
    topic: Topic::Bot,
    summary: Text::HelpAbout,
    same_for_all: true,
    run: Some(run),
    ..Command::BASE
};

fn run(_ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let parts = answer(
        context.lang,
        context.now.mono,
        context.link,
        context.contact,
    );
    let answer = format::fit(parts, context.part_limit);
    reply.say(context.desk, &answer);
}

fn answer(lang: Lang, up: Duration, link: &LinkView, contact: &str) -> Vec<(u8, String)> {
    let linked = match link.up_since {
        Some(since) => {
            let time = format::long(lang, up.saturating_sub(since));
            Text::AboutLink.fill(lang, &[("time", &time)])
        }
        None => Text::AboutLinkDown.plain(lang).to_owned(),
    };
    let mut parts = vec![
        (
            0,
            format!(
                "🤖 meshbot {}, {}",
                env!("CARGO_PKG_VERSION"),
                Text::AboutSelf.plain(lang)
            ),
        ),
        (
            1,
            Text::AboutUp.fill(lang, &[("time", &format::long(lang, up))]),
        ),
        (2, linked),
        (4, Text::AboutLosses.fill(lang, &[("n", &link.losses)])),
        (4, Text::AboutOpened.fill(lang, &[("n", &link.opened)])),
    ];
    if !contact.is_empty() {
        parts.push((3, Text::AboutContact.fill(lang, &[("contact", &contact)])));
    }
    // The data may be used on condition that this is said.
    parts.push((1, Text::Attribution.plain(lang).to_owned()));
    parts.push((5, source(lang)));
    parts
}

/// Where the program comes from, as far as its manifest says.
fn source(lang: Lang) -> String {
    match env!("CARGO_PKG_REPOSITORY").trim_start_matches("https://") {
        "" => Text::AboutFree.fill(lang, &[("licence", &env!("CARGO_PKG_LICENSE"))]),
        place => Text::AboutSource.fill(lang, &[("place", &place)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(link: &LinkView, contact: &str, expected: Expect) {
        let up = Duration::from_secs(3 * 86_400 + 4 * 3_600);
        let texts = Lang::ALL.map(|lang| {
            let mut parts = answer(lang, up, link, contact);
            // Version and origin change without this test.
            parts.retain(|(rank, _)| !matches!(rank, 0 | 5));
            format::fit(parts, 200)
        });
        expected.assert_eq(&texts.join("\n"));
    }

    #[test]
    fn linked_once_since_the_start() {
        let link = LinkView {
            up_since: Some(Duration::from_secs(2)),
            opened: 1,
            ..LinkView::default()
        };
        check(
            &link,
            "Élodie, ELO",
            expect![[r#"
                up 3 d 4 h · link up 3 d 3 h · reconnects 0 · connections 1 · contact: Élodie, ELO · weather: Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in
                läuft seit 3 d 4 h · Verbindung seit 3 d 3 h · neu verbunden 0 · Verbindungen 1 · Kontakt: Élodie, ELO · Wetter: Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in
                en marche depuis 3 j 4 h · liaison depuis 3 j 3 h · reconnexions : 0 · connexions : 1 · contact : Élodie, ELO · météo : Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in"#]],
        );
    }

    #[test]
    fn not_linked_and_nobody_to_ask() {
        let link = LinkView {
            losses: 3,
            opened: 3,
            ..LinkView::default()
        };
        check(
            &link,
            "",
            expect![[r#"
                up 3 d 4 h · link down · reconnects 3 · connections 3 · weather: Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in
                läuft seit 3 d 4 h · keine Verbindung · neu verbunden 3 · Verbindungen 3 · Wetter: Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in
                en marche depuis 3 j 4 h · liaison coupée · reconnexions : 3 · connexions : 3 · météo : Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in"#]],
        );
    }
}
