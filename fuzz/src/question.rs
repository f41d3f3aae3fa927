//! Any texts from anybody, on channels and in direct messages: each answer fits
//! its packet, cannot be taken for a command, and nothing waits for ever.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use meshbot::mesh::NodeNum;
use meshbot::proto::{self, PortNum};

use super::bot_rig::{OWN, Rig};

/// Who is the operator, in direct messages.
const BOSS: u8 = u8::MAX;

/// One thing that happens.
#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Said {
        from: u8,
        direct: bool,
        hops: u8,
        text: &'a str,
    },
    Called {
        from: u8,
        name: &'a [u8],
        short: &'a [u8],
    },
    Time(u16),
}

fn live(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut rig = Rig::new(u8::arbitrary(input)?, u8::arbitrary(input)?, None);
    while !input.is_empty() {
        match Step::arbitrary(input)? {
            Step::Said {
                from,
                direct,
                hops,
                text,
            } => {
                let to = if direct { OWN } else { NodeNum::BROADCAST };
                let payload: Vec<u8> = text.bytes().take(233).collect();
                if direct && from == BOSS {
                    rig.order(payload);
                    continue;
                }
                rig.hear(from, to, hops, PortNum::TextMessageApp, payload);
            }
            Step::Called { from, name, short } => {
                let user = proto::User {
                    long_name: name.iter().copied().take(60).collect(),
                    short_name: short.iter().copied().take(8).collect(),
                    ..Default::default()
                };
                let payload = prost::Message::encode_to_vec(&user);
                rig.hear(from, NodeNum::BROADCAST, 0, PortNum::NodeinfoApp, payload);
            }
            Step::Time(secs) => {
                rig.now = rig.now.plus(Duration::from_secs(u64::from(secs)));
                rig.look();
            }
        }
    }
    Ok(())
}

/// Lives through the steps in `bytes`.
pub fn run(bytes: &[u8]) {
    // What is left over when the input ends in the middle of a step is no step.
    let _ = live(&mut Unstructured::new(bytes));
}
