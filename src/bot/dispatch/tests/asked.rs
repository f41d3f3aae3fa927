//! What is asked, and what is talk.

use super::*;

/// features.md C4.
#[test]
fn what_is_a_command_and_what_is_talk() {
    let mut rig = rig(|_| {});
    for (to, text, is_asked) in [
        (ALL, "/ping", true),
        (ALL, "/PÏNG", true),
        (ALL, "@BOT /ping", true),
        (ALL, "@weather bot: ping", true),
        (ALL, "> who?\n/ping", true),
        (ALL, "/pinging", false),
        (ALL, "ping", false),
        (ALL, "@ALB /ping", false),
        (ALL, "say /ping", false),
        (OWN, "/ping", true),
        (OWN, "Test", true),
        (ALL, "@BOT ping me later", true),
        (ALL, "BOT is a short name", false),
        (ALL, "BOT ping", true),
        (ALL, "ping @BOT", true),
        (BOB, "/ping", false),
    ] {
        let expected = match (is_asked, to) {
            (false, _) => vec![],
            (true, OWN) => to_alice(PONG),
            (true, _) => on_channel(PONG),
        };
        assert_eq!(rig.say(ALICE, to, text), expected, "{text}");
    }
    assert_eq!(rig.say(OWN, ALL, "/ping"), NOTHING, "our own words");
}

/// In a direct message a command that takes something needs no mark either.
#[test]
fn a_bare_word_may_have_arguments() {
    let mut rig = rig(|_| {});
    let usage = rig.say(ALICE, OWN, "/rain paris 9");
    assert_eq!(rig.say(ALICE, OWN, "rain paris 9"), usage);
    let help = rig.say(ALICE, OWN, "/help rain");
    assert_eq!(rig.say(ALICE, OWN, "Help rain"), help);
    assert_eq!(rig.say(ALICE, ALL, "@BOT help rain").len(), 1);
    assert_eq!(rig.say(ALICE, ALL, "help rain"), NOTHING);
    assert_eq!(rig.say(ALICE, OWN, "ping please!"), to_alice(PONG));
}

/// T1, C7: a mistake is met with what was meant, and no silence follows it.
#[test]
fn whoever_speaks_to_the_bot_is_always_answered() {
    let mut rig = rig(|_| {});
    assert_eq!(rig.say(ALICE, ALL, "/whatever"), NOTHING);
    // The first time it is the help, then a sentence, a minute apart for ever.
    let help = rig.say(ALICE, OWN, "/help");
    assert_eq!(rig.say(ALICE, OWN, "qwertz uiop"), help);
    let sentence = to_alice(
        "I don't understand that. Try /ping or /weather paris; /help shows what I can do.",
    );
    for _ in 0..5 {
        assert_eq!(rig.say(ALICE, OWN, "qwertz uiop"), sentence);
    }
    for mistake in [
        "/weahter paris",
        "/wether paris",
        "/weathr paris",
        "weathre paris",
    ] {
        let said = rig.say(ALICE, OWN, mistake);
        assert!(said[0].ends_with("Perhaps /weather paris"), "{said:?}");
    }
    assert_eq!(
        rig.say(ALICE, OWN, "/pign"),
        to_alice("pign? Perhaps /ping")
    );
    assert_eq!(
        rig.say(ALICE, ALL, "@BOT"),
        on_channel(&help[0]["!1111aaaa ".len()..])
    );
    for polite in ["thanks", "ok", "merci !", "👍", "danke schön"] {
        assert_eq!(rig.say(ALICE, OWN, polite), NOTHING, "{polite}");
    }
    // Within the ordinary limits.
    rig.step = Duration::from_secs(1);
    let said: Vec<_> = (0..20).flat_map(|_| rig.say(BOB, OWN, "qwertz")).collect();
    assert_eq!(said.len(), 6, "{said:?}");
}

/// T2: only the same word again is left alone, and that is told once.
#[test]
fn the_same_bare_word_again_and_again_does_not_silence_other_words() {
    let mut rig = rig(|settings| settings.limits.per_sender.count = 100);
    rig.step = Duration::from_secs(5);
    let pings: Vec<_> = (0..6).map(|_| rig.say(ALICE, OWN, "ping")).collect();
    let answered = pings.iter().filter(|said| **said == to_alice(PONG)).count();
    let told = pings.iter().filter(|said| !said.is_empty()).count();
    assert_eq!((answered, told), (3, 4), "{pings:?}");
    for other in ["help", "about", "/ping", "‘/ping’", "@BOT ping", "test"] {
        assert_eq!(rig.say(ALICE, OWN, other).len(), 1, "{other}");
    }
}

/// T3: whatever page was said last is turned, there and back, and the ends are told.
#[test]
fn more_and_back_turn_the_page_that_was_said_last_here() {
    let mut rig = rig(|_| {});
    let first = rig.say(ALICE, OWN, "/lheard");
    let (_, mark) = first[0].rsplit_once('\n').unwrap();
    let pages: usize = mark
        .strip_prefix("1/")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(pages > 2 && mark.ends_with(" · /more"), "{mark}");
    for page in 2..=pages {
        let said = rig.say(ALICE, OWN, "more");
        assert!(said[0].contains(&format!("\n{page}/{pages}")), "{said:?}");
    }
    assert_eq!(
        rig.say(ALICE, OWN, "/suite"),
        to_alice("That was the last page.")
    );
    let before = rig.say(ALICE, OWN, "/back");
    assert!(
        before[0].contains(&format!("\n{}/{pages}", pages - 1)),
        "{before:?}"
    );
    // A page can be named.
    let second = rig.say(ALICE, OWN, "/more 2");
    assert!(second[0].contains(&format!("\n2/{pages}")), "{second:?}");
    assert_eq!(
        rig.say(ALICE, OWN, "/more 99"),
        to_alice(&format!("There are {pages} pages."))
    );
    // Somebody else, and the same man elsewhere, have read nothing.
    let nothing = "There is nothing more.";
    assert!(rig.say(BOB, OWN, "/more")[0].ends_with(nothing));
    assert_eq!(
        rig.say(ALICE, OWN, "/lheard 99"),
        to_alice(&format!("There are {pages} pages."))
    );
}

/// W9.
#[test]
fn help_with_a_mark_behind_it_is_help() {
    let mut rig = rig(|_| {});
    let help = rig.say(ALICE, OWN, "/help");
    for text in ["/help !", "/aide !", "help me!", "/? "] {
        assert_eq!(rig.say(ALICE, OWN, text), help, "{text}");
    }
    let one = rig.say(ALICE, OWN, "/help ping");
    assert_eq!(rig.say(ALICE, OWN, "/help ping !"), one);
}

/// T13.
#[test]
fn distress_is_never_taken_for_a_typing_mistake() {
    let mut rig = rig(|_| {});
    for text in [
        "SOS",
        "sos help",
        "112",
        "mayday mayday",
        "/sos",
        "Urgence !",
        "Notfall",
    ] {
        let said = rig.say(ALICE, OWN, text);
        assert!(said[0].contains("call 112"), "{text}: {said:?}");
    }
}

/// features.md D7.
#[test]
fn a_number_picks_from_the_list_shown_before() {
    let mut rig = rig(|_| {});
    let no_list = rig.say(ALICE, OWN, "2");
    assert!(no_list[0].contains("/help"), "no list yet: {no_list:?}");
    let list = rig.say(ALICE, OWN, "/info alice");
    assert!(list[0].contains("\n2 "), "{list:?}");
    let mobile = rig.say(ALICE, OWN, "2");
    assert!(
        mobile[0].contains("Alice Mobile (ALM) !2222bbbb"),
        "{mobile:?}"
    );
    let another_s = rig.say(BOB, OWN, "2");
    assert!(
        another_s[0].contains("/help"),
        "another's list: {another_s:?}"
    );
    assert_eq!(rig.say(ALICE, ALL, "2"), NOTHING, "another place");
    rig.pass(300);
    let late = rig.say(ALICE, OWN, "1");
    assert!(late[0].contains("/help"), "too late: {late:?}");
    // A private command's list lies where it is shown.
    assert_eq!(rig.say(ALICE, ALL, "/nodes near alice").len(), 1);
    assert_eq!(rig.say(ALICE, OWN, "1").len(), 1);
}

#[test]
fn the_notice_about_a_bare_word_has_the_word_s_name() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(1);
    for _ in 0..3 {
        rig.say(ALICE, OWN, "ping");
    }
    let again = received(ALICE, OWN, "ping");
    rig.now = rig.now.plus(rig.step);
    rig.bot.handle(rig.now, Event::Packet(Box::new(again)));
    let notice = rig.far.texts();
    assert!(notice[0].text.contains("/ping"), "{notice:?}");
    assert_eq!(&*notice[0].command, "ping");
}

/// features.md L6: the one word of a direct message may be a secret.
#[test]
fn what_is_no_command_is_not_called_by_its_text() {
    for text in ["hunter2", "/hunter2", "/hunter2 again"] {
        let mut rig = rig(|_| {});
        let question = received(ALICE, OWN, text);
        rig.bot.handle(rig.now, Event::Packet(Box::new(question)));
        let texts = rig.far.texts();
        assert_eq!(texts.len(), 1);
        assert!(["?", "/help"].contains(&&*texts[0].command), "{text}");
    }
}

/// A number out of no list got silence.
#[test]
fn a_number_without_a_list_is_not_understood() {
    let mut rig = rig(|_| {});
    let help = rig.say(ALICE, OWN, "/help");
    assert_eq!(rig.say(ALICE, OWN, "3"), help);
    assert!(rig.say(ALICE, OWN, "3")[0].contains("I don't understand that"));
    assert_eq!(rig.say(ALICE, ALL, "3"), NOTHING, "counted among people");
}

/// Whoever was told how `/echo` is used was then told to wait.
#[test]
fn an_echo_without_a_text_costs_no_echo() {
    let mut rig = rig(|_| {});
    rig.step = Duration::from_secs(5);
    assert!(rig.say(ALICE, OWN, "/echo")[0].contains("/echo hello"));
    assert_eq!(rig.say(ALICE, OWN, "/echo hello"), to_alice("ALB: hello"));
}

/// Whoever greets may not know what can be asked; who greets again does.
#[test]
fn who_says_hello_first_is_told_what_can_be_asked() {
    for hello in ["hi", "bonjour", "Guten Tag", "Hi bot, how are you?"] {
        let mut rig = rig(|_| {});
        let help = rig.say(BOB, OWN, "/help");
        assert_eq!(help.len(), 1);
        let help = help[0].replace("!2222bbbb", "!1111aaaa");
        assert_eq!(rig.say(ALICE, OWN, hello), [help], "{hello}");
        assert_eq!(rig.say(ALICE, OWN, hello), NOTHING, "{hello}");
        assert_eq!(rig.say(ALICE, ALL, hello), NOTHING, "{hello}");
    }
}

/// features.md B13: where an emoji is enough, it costs the mesh least.
#[test]
fn a_ping_and_thanks_may_be_answered_with_an_emoji() {
    let mut rig = rig(|settings| settings.bot.ping = PingAnswer::Tapback);
    for (to, text, emoji) in [
        (ALL, "/ping", "🏓"),
        (OWN, "ping", "🏓"),
        (OWN, "thanks!", "👍"),
        (OWN, "merci beaucoup", "👍"),
    ] {
        rig.now = rig.now.plus(Duration::from_secs(60));
        let asked = Event::Packet(Box::new(received(ALICE, to, text)));
        rig.bot.handle(rig.now, asked);
        let texts = rig.far.texts();
        let [said] = &texts[..] else {
            panic!("{text}: {texts:?}");
        };
        assert!(said.is_reaction && said.reply_to.is_some(), "{text}");
        assert_eq!(said.text, emoji, "{text}");
    }
    // More than one is a question about figures.
    assert!(rig.say(ALICE, OWN, "/ping 2")[0].contains("1/2"));
    assert_eq!(rig.say(ALICE, ALL, "thanks"), NOTHING, "not to us");
}

/// T13: what people shall do is the operator's to say.
#[test]
fn who_calls_for_help_is_told_what_the_operator_wants() {
    let mut rig = rig(|settings| settings.bot.distress = "Call 112, then channel 3.".into());
    for call in [
        "SOS",
        "au secours !",
        "ich brauche Hilfe",
        "@BOT mayday mayday",
    ] {
        assert_eq!(
            rig.say(ALICE, OWN, call),
            to_alice("Call 112, then channel 3.")
        );
    }
    let mut rig = self::rig(|_| {});
    let said = rig.say(ALICE, OWN, "SOS");
    assert!(
        said[0].contains("112") && said[0].ends_with("/help"),
        "{said:?}"
    );
}
