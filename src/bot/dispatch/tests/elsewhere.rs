//! `/nodes @hill`: for the operator alone, one node at a time, one packet a
//! page.

use crossbeam_channel::bounded;

use super::*;
use crate::bot::others::PATIENCE;
use crate::remote::{Answer, Others, Trouble};

/// Gives these answers in turn, and notes who was asked.
struct Hills {
    names: Vec<String>,
    answers: Receiver<Result<Answer, Trouble>>,
    calls: (Sender<Call>, Receiver<Call>),
}

type Call = (String, Option<NodeNum>);

impl Others for Hills {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn nodes(&self, name: &str, own: Option<NodeNum>) -> Result<Answer, Trouble> {
        self.calls.0.send((name.to_owned(), own)).unwrap();
        self.answers.try_recv().expect("one answer too few")
    }
}

impl Hills {
    fn calls(&self) -> usize {
        self.calls.1.len()
    }
}

/// A node that knows so many others.
fn hill(others: u32) -> Answer {
    let listed = |n: u32| proto::NodeInfo {
        hops_away: Some(n % 3),
        last_heard: 9_999_000 - n,
        ..node(NodeNum(0x7000_0000 + n), &format!("Node {n}"), "N")
    };
    let channel = proto::Channel {
        role: 1,
        ..proto::Channel::default()
    };
    Answer {
        num: NodeNum(0x0bad_cafe),
        channels: vec![channel],
        nodes: (0..others).map(listed).collect(),
        ..Answer::default()
    }
}

fn hills(given: Vec<Result<Answer, Trouble>>) -> Arc<Hills> {
    let (give, answers) = bounded(64);
    for answer in given {
        give.send(answer).unwrap();
    }
    Arc::new(Hills {
        names: vec!["hill".to_owned(), "north".to_owned()],
        answers,
        calls: bounded(64),
    })
}

fn rig_knowing(hills: &Arc<Hills>) -> Rig {
    rig_of(hills, None)
}

fn rig_of(hills: &Arc<Hills>, errands: Option<Box<dyn Errands>>) -> Rig {
    let others = Arc::clone(hills) as Arc<dyn Others>;
    let outside = Outside {
        others,
        ..Outside::default()
    };
    rig_outside(|_| {}, errands, Before::default(), &outside)
}

impl Rig {
    /// What the operator is told, without his number.
    fn told(&mut self, text: &str) -> Vec<String> {
        let mut said = self.order(OWN, text, Some(KEY));
        said.extend(self.finish());
        let own = format!("{BOSS} ");
        said.iter()
            .map(|text| text.strip_prefix(&own).expect(text).to_owned())
            .collect()
    }
}

#[test]
fn the_operator_is_told_what_another_node_lists() {
    let hills = hills(vec![Ok(hill(3))]);
    let mut rig = rig_knowing(&hills);
    assert_eq!(
        rig.told("/nodes @Hill"),
        [
            "Known to hill: 3\nNode 0 0000 17min direct\nNode 1 0001 17min 1 hop\nNode 2 0002 17min 2 hops"
        ]
    );
    assert_eq!(hills.calls.1.try_recv(), Ok(("hill".to_owned(), Some(OWN))));
    // His own book has not changed.
    assert!(rig.bot.book().get(NodeNum(0x7000_0000)).is_none());
}

#[test]
fn a_long_list_is_one_packet_and_the_rest_by_page_or_more() {
    let hills = hills(vec![Ok(hill(40))]);
    let mut rig = rig_knowing(&hills);
    rig.step = Duration::from_secs(10);
    let first = rig.told("/nodes @hill");
    assert_eq!(first.len(), 1);
    assert!(first[0].len() <= 200, "{first:?}");
    assert!(
        first[0].starts_with("Known to hill: 40\nNode 0 "),
        "{first:?}"
    );
    let (page, mark) = first[0].rsplit_once('\n').unwrap();
    let pages = mark.strip_prefix("1/").unwrap();
    let pages: usize = pages.strip_suffix(" · /more").unwrap().parse().unwrap();
    let next = page.lines().count() - 1;
    let more = rig.told("/more");
    assert!(more[0].contains(&format!("Node {next} ")), "{more:?}");
    let mut seen = 0;
    for page in 1..=pages {
        let text = rig.told(&format!("/nodes @hill {page}"));
        assert_eq!(text.len(), 1);
        seen += text[0]
            .lines()
            .filter(|line| line.starts_with("Node "))
            .count();
    }
    assert_eq!(seen, 40);
    assert_eq!(rig.told("/more"), ["That was the last page."]);
    assert!(rig.told("/back")[0].contains(&format!("\n{}/{pages}", pages - 1)));
    assert_eq!(hills.calls(), 1, "one call for all pages");
}

#[test]
fn a_list_is_kept_for_five_minutes() {
    let hills = hills(vec![Ok(hill(1)), Ok(hill(2)), Ok(hill(3))]);
    let mut rig = rig_knowing(&hills);
    rig.step = Duration::ZERO;
    rig.told("/nodes @hill");
    rig.pass(300);
    assert!(rig.told("/nodes @hill")[0].starts_with("Known to hill: 1"));
    rig.pass(1);
    assert!(rig.told("/nodes @hill")[0].starts_with("Known to hill: 2"));
    assert!(rig.told("/nodes @north")[0].starts_with("Known to north: 3"));
    assert_eq!(hills.calls(), 3);
}

#[test]
fn nobody_else_is_answered_or_has_anybody_asked() {
    let hills = hills(vec![]);
    let mut rig = rig_knowing(&hills);
    for text in [
        "/nodes @hill",
        "/nodes @",
        "/nodes @nobody 2",
        "/noeuds @hill",
    ] {
        assert_eq!(rig.say(ALICE, OWN, text), NOTHING);
        assert_eq!(rig.say(ALICE, ALL, text), NOTHING);
        assert_eq!(rig.order(OWN, text, None), NOTHING, "in the open");
        assert_eq!(rig.order(OWN, text, Some([8; 32])), NOTHING, "wrong key");
        assert_eq!(rig.order(ALL, text, Some(KEY)), NOTHING, "on a channel");
    }
    assert_eq!(rig.finish(), NOTHING);
    assert_eq!(hills.calls(), 0);
    assert_eq!(rig.say(ALICE, OWN, "/nodes").len(), 1);
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let hills = hills(vec![]);
    let mut rig = rig_knowing(&hills);
    for text in [
        "/nodes @",
        "/nodes @hil",
        "/nodes @192.168.1.50",
        "/nodes @hill x",
    ] {
        assert_eq!(rig.told(text), ["I can ask these nodes: hill, north"]);
    }
    let mut alone = self::rig(|_| {});
    assert_eq!(
        alone.told("/nodes @hill"),
        ["My configuration names no other node ([remote])."]
    );
}

#[test]
fn every_trouble_has_its_sentence() {
    let secs = Duration::from_secs(10);
    let taken = crate::link::sole::Taken {
        node: "192.0.2.7:4403".to_owned(),
        process: None,
    };
    let troubles = [
        (Trouble::OwnAddress, "is my own node"),
        (Trouble::OwnNumber(OWN), "is my own node"),
        (Trouble::Taken(taken), "another bot on my machine"),
        (Trouble::OwnUnknown(String::new()), "cannot tell"),
        (Trouble::LookUp(String::new()), "is not found"),
        (Trouble::LookUpTimeout(secs), "is not found"),
        (Trouble::Connect(String::new()), "cannot be reached"),
        (Trouble::ConnectTimeout(secs), "cannot be reached"),
        (Trouble::SilenceTimeout(secs), "in time"),
        (Trouble::WholeTimeout(secs), "in time"),
        (Trouble::Closed, "hung up"),
        (Trouble::Broken(String::new()), "hung up"),
        (Trouble::Nonsense, "like a Meshtastic node"),
        (Trouble::TooMuch(1), "like a Meshtastic node"),
    ];
    let answers = troubles.iter().map(|(trouble, _)| Err(trouble.clone()));
    let mut locked = hill(0);
    locked.is_locked = true;
    let hills = hills(answers.chain([Ok(locked)]).collect());
    let mut rig = rig_knowing(&hills);
    for (trouble, part) in &troubles {
        let told = rig.told("/nodes @hill");
        assert!(
            told.len() == 1 && told[0].contains("hill") && told[0].contains(part),
            "{trouble:?}: {told:?}"
        );
    }
    assert_eq!(
        rig.told("/nodes @hill"),
        ["hill is locked: it tells nothing."]
    );
}

/// The errand is under way until [`Rig::finish`].
#[test]
fn one_node_is_asked_at_a_time_and_once_for_all_who_wait() {
    let hills = hills(vec![Ok(hill(12)), Ok(hill(1))]);
    let mut rig = rig_knowing(&hills);
    rig.step = Duration::from_secs(1);
    assert_eq!(rig.order(OWN, "/nodes @hill", Some(KEY)), NOTHING);
    assert_eq!(rig.order(OWN, "/nodes @hill 2", Some(KEY)), NOTHING);
    assert_eq!(
        rig.order(OWN, "/nodes @north", Some(KEY)),
        [format!(
            "{BOSS} I am still asking hill. Try again in a moment."
        )]
    );
    assert_eq!(rig.say(ALICE, ALL, "/ping"), on_channel(PONG));
    let both = rig.finish();
    assert_eq!(both.len(), 2);
    assert!(
        both[0].ends_with("\n1/2 · /more") && both[1].ends_with("\n2/2"),
        "{both:?}"
    );
    assert_eq!(hills.calls(), 1);
    assert_eq!(rig.told("/nodes @north").len(), 1);
}

#[test]
fn a_call_that_never_ends_is_given_up_and_asked_again_later() {
    let hills = hills(vec![Ok(hill(1)), Ok(hill(2))]);
    let mut rig = rig_knowing(&hills);
    rig.step = Duration::ZERO;
    assert_eq!(rig.order(OWN, "/nodes @hill", Some(KEY)), NOTHING);
    assert_eq!(rig.bot.deadline(), Some(rig.now.mono + PATIENCE));
    rig.pass(PATIENCE.as_secs());
    rig.bot.tick(rig.now);
    assert_eq!(
        rig.sent(),
        [format!(
            "{BOSS} Sorry, that takes too long. Please try again later."
        )]
    );
    assert_eq!(rig.finish(), NOTHING, "too late");
    assert!(rig.told("/nodes @hill")[0].starts_with("Known to hill: 2"));
}

#[test]
fn a_busy_or_panicking_worker_is_no_silence() {
    let hills = hills(vec![]);
    let mut rig = rig_of(&hills, Some(Box::new(Idle { takes: false })));
    for _ in 0..2 {
        assert_eq!(
            rig.order(OWN, "/nodes @hill", Some(KEY)),
            [format!(
                "{BOSS} Busy just now, please try again in a minute."
            )]
        );
    }
    let mut rig = rig_knowing(&hills);
    assert_eq!(rig.told("/nodes @hill"), ["Sorry, that went wrong."]);
}

#[test]
fn a_muted_bot_obeys_here_as_well() {
    let hills = hills(vec![Ok(hill(1))]);
    let mut rig = rig_knowing(&hills);
    rig.order(OWN, "/mute", Some(KEY));
    assert_eq!(rig.told("/nodes @hill").len(), 1);
}
