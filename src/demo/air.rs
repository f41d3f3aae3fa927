//! What the made-up mesh says to the bot and hears from it.

use std::time::Duration;

use super::script::{Character, OPERATOR, Place, RELAY};
use crate::config;
use crate::mesh::{NodeNum, PacketId};
use crate::proto::mesh_packet::PayloadVariant;
use crate::sim::{OnAir, Person, Said, SimNode};

/// Who plays himself and has no place in the made-up mesh; there is one.
const NEWCOMER: NodeNum = NodeNum(0x5e1f_0001);
/// A key for those whom the made-up mesh gave none.
const KEY: [u8; 32] = [0x5e; 32];

/// A text of the bot, read off the air.
#[derive(Clone, PartialEq, Debug)]
pub struct Heard {
    /// When it was transmitted, since the node's start.
    pub at: Duration,
    /// Its packet.
    pub id: PacketId,
    /// To whom; everybody included.
    pub to: NodeNum,
    /// The index of its channel.
    pub channel: u8,
    /// The packet that it answers; 0 for none.
    pub reply_to: PacketId,
    /// The words.
    pub text: String,
}

impl Heard {
    /// `None` for what is no text of the bot.
    #[must_use]
    pub fn of(air: &OnAir) -> Option<Self> {
        let text = air.text().filter(|_| air.by_client)?.to_owned();
        let reply_to = match &air.packet.payload_variant {
            Some(PayloadVariant::Decoded(data)) => data.reply_id,
            _ => 0,
        };
        Some(Self {
            at: air.at,
            id: PacketId(air.packet.id),
            to: NodeNum(air.packet.to),
            channel: u8::try_from(air.packet.channel).unwrap_or(0),
            reply_to: PacketId(reply_to),
            text,
        })
    }

    /// Where it was said.
    #[must_use]
    pub fn place(&self) -> Place {
        if self.to == NodeNum::BROADCAST {
            Place::on(self.channel)
        } else {
            Place::Direct
        }
    }

    /// For a list of what went wrong.
    #[must_use]
    pub fn describe(&self) -> String {
        let place = match self.place() {
            Place::Public => "on the public channel".to_owned(),
            Place::Channel(index) => format!("on channel {index}"),
            Place::Direct => format!("to {}", self.to),
        };
        format!("{:?} {place}", self.text)
    }
}

/// Gives the made-up mesh the people that are needed.
pub fn cast(node: &mut SimNode, characters: &[Character]) {
    let people = node.people_mut();
    // Somewhere near the first one, so that all of them can be asked for.
    let near = people.first().and_then(|first| first.position);
    let near = near.map(|(lat, lon, height)| (lat + 180_000, lon - 240_000, height));
    for character in characters {
        let known = |person: &&mut Person| person.long_name == character.name;
        if let Some(person) = people.iter_mut().find(known) {
            person.hops = character.hops;
            person.public_key.get_or_insert(KEY);
            person.position = person.position.or(near);
        } else if let Some(first) = people.first().cloned() {
            people.push(Person {
                num: NEWCOMER,
                long_name: character.name.to_owned(),
                short_name: character.short.to_owned(),
                public_key: Some(KEY),
                hops: character.hops,
                ..first
            });
        }
    }
}

/// Gives it the operator as well, with the node and the key that he is known by.
pub fn cast_operator(node: &mut SimNode, operator: &config::Operator) {
    let people = node.people_mut();
    people.retain(|person| person.num != operator.node);
    if let Some(first) = people.first().cloned() {
        people.push(Person {
            num: operator.node,
            long_name: OPERATOR.name.to_owned(),
            short_name: OPERATOR.short.to_owned(),
            public_key: Some(operator.key),
            hops: OPERATOR.hops,
            ..first
        });
    }
}

/// The node number of a character.
fn number(node: &SimNode, who: Character) -> NodeNum {
    let mut people = node.people().iter();
    people
        .find(|person| person.long_name == who.name)
        .map_or(NEWCOMER, |person| person.num)
}

/// What a character says, as the node hears it.
#[must_use]
pub fn spoken(node: &SimNode, who: Character, place: Place, text: &str) -> Said {
    let from = number(node, who);
    let said = match place {
        Place::Public => Said::on_channel(from, 0, text),
        Place::Channel(index) => Said::on_channel(from, index, text),
        Place::Direct => Said::to_us(from, text),
    };
    let relay = number(node, RELAY).relay_byte();
    Said {
        relay: if who.hops == 0 { 0 } else { relay },
        ..said.hops(who.hops)
    }
}
