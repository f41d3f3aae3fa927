use super::*;
use proptest::prelude::*;

const NUM: u32 = 0x0bad_cafe;
const NONCE: u32 = 77;

fn at(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn talk(want: Want, own: Option<u32>) -> Talk {
    Talk::new(
        want,
        NONCE,
        own.map(NodeNum).into_iter().collect(),
        Limits::default(),
        (at(0), at(2)),
    )
}

fn framed(variant: V) -> Vec<u8> {
    let mut bytes = Vec::new();
    let message = proto::FromRadio {
        payload_variant: Some(variant),
        ..proto::FromRadio::default()
    };
    assert!(frame::encode(&message, &mut bytes));
    bytes
}

fn my_info() -> Vec<u8> {
    framed(V::MyInfo(proto::MyNodeInfo {
        my_node_num: NUM,
        nodedb_count: 2,
        ..proto::MyNodeInfo::default()
    }))
}

fn node(num: u32) -> Vec<u8> {
    framed(V::NodeInfo(proto::NodeInfo {
        num,
        ..proto::NodeInfo::default()
    }))
}

fn channel(index: i32) -> Vec<u8> {
    framed(V::Channel(proto::Channel {
        index,
        role: 2,
        ..proto::Channel::default()
    }))
}

fn complete(nonce: u32) -> Vec<u8> {
    framed(V::ConfigCompleteId(nonce))
}

#[test]
fn who_says_something_else_has_not_said_nothing() {
    // A serial console, or another service that sends what it likes.
    let mut talk = talk(Want::Nodes, None);
    assert_eq!(talk.push(at(3), b"DEBUG | 12:00:00 awake\r\n"), Ok(false));
    assert_eq!(talk.deadline(), at(12));
    assert_eq!(talk.overdue(), Trouble::Nonsense);
}

#[test]
fn the_question_is_the_one_that_every_firmware_knows() {
    // protocol.md §2.1
    assert_eq!(
        talk(Want::Config, None).question(),
        [0x94, 0xc3, 0, 4, 0x18, 0xac, 0x9e, 0x04]
    );
    assert_eq!(
        talk(Want::Nodes, None).question(),
        [0x94, 0xc3, 0, 2, 0x18, 77]
    );
    for special in [0, NONCE_CONFIG, NONCE_NODES] {
        let talk = Talk::new(
            Want::Nodes,
            special,
            Vec::new(),
            Limits::default(),
            (at(0), at(0)),
        );
        assert_eq!(talk.question(), [0x94, 0xc3, 0, 2, 0x18, 1]);
    }
    // protocol.md §1.4
    assert_eq!(goodbye(), [0x94, 0xc3, 0, 2, 0x20, 1]);
}

#[test]
fn everything_until_the_right_number_is_the_answer() {
    let mut talk = talk(Want::Nodes, Some(9));
    let bytes = [
        my_info(),
        node(NUM),
        channel(1),
        channel(0),
        complete(NONCE_CONFIG),
        node(8),
    ]
    .concat();
    for byte in bytes {
        assert_eq!(talk.push(at(3), &[byte]), Ok(false));
    }
    assert_eq!(talk.push(at(4), &complete(NONCE)), Ok(true));
    let answer = talk.finish();
    assert_eq!(answer.num, NodeNum(NUM));
    let nodes: Vec<u32> = answer.nodes.iter().map(|info| info.num).collect();
    assert_eq!(nodes, [NUM, 8]);
    let channels: Vec<i32> = answer.channels.iter().map(|c| c.index).collect();
    assert_eq!(channels, [0, 1]);
    assert!(!answer.is_locked);
}

#[test]
fn our_own_node_is_left_at_its_first_word() {
    let mut talk = talk(Want::Nodes, Some(NUM));
    assert_eq!(
        talk.push(at(3), &[my_info(), node(8)].concat()),
        Err(Trouble::OwnNumber(NodeNum(NUM)))
    );
    assert!(talk.finish().nodes.is_empty());
}

#[test]
fn a_node_without_a_channel_is_locked() {
    let mut talk = talk(Want::Config, None);
    let disabled = framed(V::Channel(proto::Channel::default()));
    let bytes = [my_info(), disabled, complete(NONCE_CONFIG)].concat();
    assert_eq!(talk.push(at(3), &bytes), Ok(true));
    assert!(talk.finish().is_locked);
}

#[test]
fn each_limit_has_its_name() {
    let mut talk = talk(Want::Nodes, None);
    assert_eq!(talk.deadline(), at(12));
    assert_eq!(talk.overdue(), Trouble::SilenceTimeout(at(10)));
    // Noise is no word.
    assert_eq!(talk.push(at(11), b"noise"), Ok(false));
    assert_eq!(talk.deadline(), at(12));
    for now in [12, 20, 28] {
        assert_eq!(talk.push(at(now), &my_info()), Ok(false));
    }
    // The goodbye has half a second.
    assert_eq!(talk.deadline(), Duration::from_millis(29_500));
    assert_eq!(talk.overdue(), Trouble::WholeTimeout(at(30)));
}

#[test]
fn who_closes_or_talks_without_end_is_told_apart() {
    let mut talk = self::talk(Want::Nodes, None);
    assert_eq!(talk.closed(), Trouble::Closed);
    assert_eq!(talk.push(at(3), b"HTTP/1.1 400"), Ok(false));
    assert_eq!(talk.closed(), Trouble::Nonsense);
    assert_eq!(talk.push(at(3), &my_info()), Ok(false));
    assert_eq!(talk.closed(), Trouble::Closed);

    let garbage = vec![b'x'; MAX_BYTES];
    assert_eq!(
        self::talk(Want::Nodes, None).push(at(3), &garbage),
        Err(Trouble::Nonsense)
    );
    assert_eq!(talk.push(at(3), &garbage), Err(Trouble::TooMuch(MAX_BYTES)));
}

#[test]
fn who_never_says_his_name_is_no_node() {
    let mut talk = talk(Want::Nodes, None);
    assert_eq!(talk.push(at(3), &complete(NONCE)), Err(Trouble::Nonsense));
}

#[test]
fn a_list_without_end_is_cut() {
    let mut talk = talk(Want::Nodes, None);
    assert_eq!(talk.push(at(3), &my_info()), Ok(false));
    let mut last = Ok(false);
    let mut sent = 0;
    while last == Ok(false) {
        sent += 1;
        last = talk.push(at(3), &node(4 + sent));
    }
    assert_eq!(last, Err(Trouble::TooMuch(MAX_BYTES)));
    assert_eq!(talk.answer.nodes.len(), MAX_NODES);
    for _ in 0..20 {
        let _ = talk.push(at(3), &channel(0));
    }
    assert_eq!(talk.answer.channels.len(), ChannelIndex::COUNT);
}

proptest! {
    /// A torn or garbled stream neither panics nor holds up what follows it.
    #[test]
    fn anything_may_come(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                any::<u32>().prop_map(node),
                (any::<u32>(), 0_usize..8).prop_map(|(num, cut)| {
                    let mut bytes = node(num);
                    bytes.truncate(bytes.len().saturating_sub(cut));
                    bytes
                }),
            ],
            0..40,
        ),
    ) {
        let mut talk = talk(Want::Nodes, None);
        for piece in &pieces {
            if talk.push(at(3), piece) != Ok(false) {
                return Ok(());
            }
        }
        // What began like a frame may swallow as much as a frame can hold.
        for _ in 0..200 {
            prop_assert_eq!(talk.push(at(4), &my_info()), Ok(false));
        }
        prop_assert_eq!(talk.finish().num, NodeNum(NUM));
    }
}
