//! What happens in a scenario, and who does it.

use std::time::Duration;

use meshbot::mesh::NodeNum;
use meshbot::proto::routing;
use meshbot::sim::Fault;

use super::expect::expect;
use super::parse::{Act, Line, NAMES, OTHERS, Who};
use super::words::Words;

pub fn who(word: &str) -> Option<Who> {
    match word {
        "somebody" => Some(Who::Somebody),
        "stranger" => Some(Who::Stranger),
        name => NAMES
            .iter()
            .position(|known| *known == name)
            .map(Who::Person),
    }
}

/// What is done at some time.
pub fn act(words: &mut Words) -> Result<Act, String> {
    let mut known = NAMES.to_vec();
    known.extend(OTHERS);
    known.extend([
        "node", "rival", "again", "own", "forged", "replayed", "board", "services", "forbid",
        "expect",
    ]);
    let first = words.one_of(&known)?;
    if let Some(who) = who(&first) {
        return said(who, words);
    }
    let act = match first.as_str() {
        "node" => return node_does(words),
        "rival" => {
            words.one_of(&["for"])?;
            let for_ = words.time()?;
            let period = match words.take("back") {
                true => {
                    words.one_of(&["after"])?;
                    Some(words.time()?)
                }
                false => None,
            };
            Act::Node(Fault::Rival { for_, period })
        }
        "again" => {
            words.one_of(&["id"])?;
            let id = words.small()?;
            let relay = match words.take("by") {
                true => {
                    words.one_of(&["relay"])?;
                    Some(words.small()?)
                }
                false => None,
            };
            Act::Again(id, relay)
        }
        "own" => {
            words.one_of(&["text"])?;
            words.one_of(&["returns"])?;
            Act::OwnText(words.quoted()?, false)
        }
        "forged" => Act::OwnText(words.quoted()?, true),
        "replayed" => Act::Replay(words.quoted()?),
        "board" => {
            words.one_of(&["clock"])?;
            words.one_of(&["jumps"])?;
            Act::BoardClock(words.number()?)
        }
        "services" => services(words)?,
        "forbid" => {
            words.one_of(&["id"])?;
            Act::Forbid(words.small()?)
        }
        _ => return expect(words).map(Act::Expect),
    };
    words.end(&[])?;
    Ok(act)
}

fn services(words: &mut Words) -> Result<Act, String> {
    use meshbot::sim::web::Fault as Web;
    let known = [
        "take", "fail", "huge", "empty", "html", "garbage", "cut", "good",
    ];
    Ok(match words.one_of(&known)?.as_str() {
        "take" => Act::ServicesTake(words.time()?),
        "fail" => Act::Services(Some(Web::Status(words.small()?))),
        "huge" => Act::Services(Some(Web::Huge)),
        "empty" => Act::Services(Some(Web::Empty)),
        "html" => Act::Services(Some(Web::Html)),
        "garbage" => Act::Services(Some(Web::Garbage)),
        "cut" => Act::Services(Some(Web::CutOff)),
        _ => Act::Services(None),
    })
}

fn said(who: Who, words: &mut Words) -> Result<Act, String> {
    match words.one_of(&["says", "repeats", "reflashes"])?.as_str() {
        "repeats" => return words.end(&[]).map(|()| Act::Repeat(who)),
        "reflashes" => return words.end(&[]).map(|()| Act::Reflash(who)),
        _ => {}
    }
    let channel = match words.one_of(&["on", "to"])?.as_str() {
        "on" => Some(words.small()?),
        _ => {
            words.one_of(&["us"])?;
            None
        }
    };
    let mut line = Line {
        who,
        channel,
        texts: words.texts()?,
        id: None,
        hops: Some(0),
        old_firmware: false,
        snr: 6.25,
        rssi: Some(-61),
        by_mqtt: false,
        wrong_key: false,
        plain: false,
        unsealed: false,
        age: None,
    };
    let known = [
        "id", "hops", "snr", "old", "mqtt", "wrong", "plain", "unsealed", "age",
    ];
    while !words.is_over() {
        match words.one_of(&known)?.as_str() {
            "id" => line.id = Some(words.small()?),
            "hops" => line.hops = Some(words.small()?),
            "snr" => line.snr = f32::from(words.small::<i16>()?),
            "old" => {
                words.one_of(&["firmware"])?;
                line.old_firmware = true;
            }
            "mqtt" => line.by_mqtt = true,
            "wrong" => {
                words.one_of(&["key"])?;
                line.wrong_key = true;
            }
            "plain" => line.plain = true,
            "unsealed" => line.unsealed = true,
            _ => line.age = Some(words.time()?),
        }
    }
    Ok(Act::Say(line))
}

fn node_does(words: &mut Words) -> Result<Act, String> {
    let known = [
        "drops", "stalls", "closes", "reboots", "rebooted", "garbage", "noise", "tears", "writes",
        "refuses", "full", "acks", "naks", "silent", "becomes", "renames", "switches", "clock",
        "heals", "off", "on",
    ];
    let fault = match words.one_of(&known)?.as_str() {
        "drops" => Fault::Drop,
        "stalls" if words.take("after") => Fault::StallAfterBytes(words.small()?),
        "stalls" if words.take("in") => {
            words.one_of(&["nodes"])?;
            Fault::StallInNodes(words.small()?)
        }
        "stalls" => Fault::Stall(words.time()?),
        "closes" => match words.one_of(&["after", "in"])?.as_str() {
            "after" => Fault::CloseAfterBytes(words.small()?),
            _ => {
                words.one_of(&["nodes"])?;
                Fault::CloseInNodes(words.small()?)
            }
        },
        "reboots" => Fault::Reboot(words.time()?),
        "rebooted" => Fault::Rebooted,
        "garbage" => Fault::Garbage(words.small()?),
        "noise" => Fault::Noise(words.small()?),
        "tears" => Fault::Tear,
        "writes" => Fault::ShortWrites(words.small()?),
        "refuses" => Fault::RefuseTexts(error(words)?),
        "full" => Fault::QueueFull(words.time()?),
        "acks" => match words
            .one_of(&["normally", "never", "from-relays"])?
            .as_str()
        {
            "normally" => Fault::NormalAcks,
            "never" => Fault::NeverAck,
            _ => Fault::AckFromRelayOnly,
        },
        "naks" => Fault::NakWith(error(words)?),
        "silent" => Fault::Stall(Duration::from_secs(1_000_000)),
        "becomes" => Fault::ChangeOwnNumber(NodeNum(words.small()?)),
        "renames" => Fault::RenameChannel {
            index: words.small()?,
            name: words.text()?,
        },
        "switches" => Fault::SwitchChannel {
            index: words.small()?,
            on: words.one_of(&["on", "off"])? == "on",
        },
        "clock" => {
            words.one_of(&["jumps"])?;
            Fault::ClockJump(words.number()?)
        }
        "heals" => Fault::Heal,
        off => {
            let off = off == "off";
            words.end(&[])?;
            return Ok(Act::Off(off));
        }
    };
    words.end(&[])?;
    Ok(Act::Node(fault))
}

fn error(words: &mut Words) -> Result<routing::Error, String> {
    let name = words.word()?;
    routing::Error::from_str_name(&name).ok_or_else(|| format!("{name} is no routing error"))
}
