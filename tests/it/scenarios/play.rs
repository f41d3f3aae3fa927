//! Plays a scenario: the real link, the real bot, a simulated node, one clock.

use std::collections::BTreeMap;
use std::time::Duration;

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::proto::{self, PortNum, mesh_packet};
use meshbot::sim::web::{Service, Web};
use meshbot::sim::{Fault, Person};

use super::parse::{Act, Compare, Expect, Line, Scenario, Step, Who};
use crate::support::world::{Answer, Options, World};
use crate::support::{logs, weather};

/// So close do two bots listen to each other.
const TOGETHER: u64 = 50;
/// Whom no node knows.
const STRANGER: NodeNum = NodeNum(0x5000_0001);

struct Stage {
    world: World,
    /// Another bot, at a node of its own, within hearing.
    other: Option<World>,
    web: Option<Web>,
    /// What was said, by id.
    said: BTreeMap<u32, proto::MeshPacket>,
    answers: Vec<Answer>,
    log: Vec<String>,
    turn: usize,
    next_id: u32,
}

/// Plays it to the end; the first thing that is not as it should be.
pub fn play(scenario: &Scenario) -> Result<(), String> {
    logs::begin();
    let mut stage = Stage::new(scenario);
    let mut steps: Vec<&Step> = scenario.steps.iter().collect();
    steps.sort_by_key(|step| step.at);
    for step in steps {
        let place = |why| format!("{}:{}: {why}", scenario.name, step.line);
        stage.run_to(step.at);
        stage.act(&step.act).map_err(place)?;
        stage.look().map_err(place)?;
    }
    stage.run_to(stage.world.now.mono + Duration::from_secs(5));
    stage
        .look()
        .map_err(|why| format!("{}: {why}", scenario.name))
}

impl Stage {
    fn new(scenario: &Scenario) -> Self {
        let web = scenario.services.then(weather::web);
        let options = |seed| {
            let mut options = match &web {
                Some(web) => weather::options(web, &scenario.config),
                None => Options {
                    config: scenario.config.clone(),
                    ..Options::default()
                },
            };
            options.sim = scenario.sim.clone();
            options.seed = seed;
            options
        };
        let other = scenario.two_bots.then(|| {
            let mut options = options(2);
            options.sim.own = NodeNum(0x00b0_7777);
            World::with(options)
        });
        let mut world = World::with(options(1));
        world.witness.clocks_are_right = false;
        Self {
            world,
            other,
            web,
            said: BTreeMap::new(),
            answers: Vec::new(),
            log: Vec::new(),
            turn: 0,
            next_id: 0x0100_0000,
        }
    }

    /// Time passes up to this moment of the scenario.
    fn run_to(&mut self, at: Duration) {
        // The world's clock begins at one second.
        let end = at + Duration::from_secs(1);
        let left = |stage: &Self| {
            let left = end.saturating_sub(stage.world.now.mono);
            u64::try_from(left.as_millis()).unwrap()
        };
        if self.other.is_none() {
            let ms = left(self);
            self.world.run(ms);
            return;
        }
        while left(self) > 0 {
            let ms = left(self).min(TOGETHER);
            self.world.run(ms);
            let heard = self.hear_own();
            let Some(other) = &mut self.other else { return };
            other.run(ms);
            let answers = other.answers();
            for answer in heard {
                relay(&answer, self.world.node.own(), other);
            }
            for answer in answers {
                relay(&answer, other.node.own(), &mut self.world);
                self.answers.push(answer);
            }
        }
    }

    fn hear_own(&mut self) -> Vec<Answer> {
        let heard = self.world.answers();
        self.answers.extend(heard.iter().cloned());
        heard
    }

    /// What came of it so far; what breaks a rule at any time.
    fn look(&mut self) -> Result<(), String> {
        self.hear_own();
        self.log
            .extend(logs::take().into_iter().map(|(_, line)| line));
        let witness = &self.world.witness;
        if let Some(what) = witness.violations.first() {
            return Err(what.clone());
        }
        let mut held = self.world.core.session().held();
        held.extend(self.world.bot.held());
        match held.iter().find(|it| it.now > it.most) {
            Some(it) => Err(format!("{} {}, at most {}", it.now, it.what, it.most)),
            None => Ok(()),
        }
    }

    fn act(&mut self, act: &Act) -> Result<(), String> {
        let now = self.world.now;
        match act {
            Act::Say(line) => self.say(line),
            Act::Again(id, relay) => {
                let packet = self.said.get(id);
                let mut packet = packet.ok_or_else(|| format!("nobody said {id}"))?.clone();
                packet.rx_time = None;
                packet.relay_node = relay.map_or(packet.relay_node, u32::from);
                self.world.node.force(now, packet);
            }
            Act::OwnText(text, by_radio) => {
                let own = self.world.node.own();
                let mut packet = self.packet(own, Some(0), text);
                if !by_radio {
                    packet.rx_rssi = None;
                }
                self.world.witness.forbid(PacketId(packet.id), "our own");
                self.world.node.force(now, packet);
            }
            Act::Replay(text) => {
                let alice = self.world.person(0);
                let mut packet = self.packet(alice, Some(0), text);
                packet.priority = mesh_packet::Priority::Background.into();
                packet.rx_rssi = None;
                self.world.witness.forbid(PacketId(packet.id), "replayed");
                self.world.node.force(now, packet);
            }
            Act::Repeat(who) => {
                self.hear_own();
                let last = self.answers.last().ok_or("nothing was answered")?;
                let text = last.text.clone().into_bytes();
                let from = self.person(*who).num;
                let packet = self.packet(from, Some(0), &text);
                self.world
                    .witness
                    .forbid(PacketId(packet.id), "what we said");
                self.world.node.force(now, packet);
            }
            Act::Reflash(who) => {
                let num = self.person(*who).num;
                self.fault(&Fault::Reflash(num));
            }
            Act::Node(fault) => self.fault(fault),
            Act::Off(off) => {
                self.world.off = *off;
                if *off {
                    self.fault(&Fault::Drop);
                }
            }
            Act::BoardClock(by) => self.world.board_clock(*by),
            Act::ServicesTake(time) => self.world.errands_take = *time,
            Act::Services(fault) => {
                let web = self.web.as_ref().ok_or("there are no services")?;
                for service in [Service::Forecast, Service::Search, Service::Wttr] {
                    web.set_fault(service, *fault);
                }
            }
            Act::Forbid(id) => self.world.witness.forbid(PacketId(*id), "forbidden"),
            Act::Expect(expect) => return self.expect(expect),
        }
        Ok(())
    }

    fn fault(&mut self, fault: &Fault) {
        self.world.fault(fault.clone());
    }

    fn person(&mut self, who: Who) -> Person {
        let people = self.world.node.people();
        match who {
            Who::Person(at) => people[at].clone(),
            Who::Somebody => {
                self.turn += 1;
                people[self.turn % people.len()].clone()
            }
            Who::Stranger => Person {
                num: STRANGER,
                public_key: None,
                ..people[0].clone()
            },
        }
    }

    fn packet(&mut self, from: NodeNum, channel: Option<u8>, text: &[u8]) -> proto::MeshPacket {
        self.next_id += 1;
        proto::MeshPacket {
            from: from.0,
            to: channel
                .map_or(self.world.node.own(), |_| NodeNum::BROADCAST)
                .0,
            channel: u32::from(channel.unwrap_or(0)),
            id: self.next_id,
            hop_start: 3,
            hop_limit: 3,
            rx_snr: 6.25,
            rx_rssi: Some(-61),
            relay_node: u32::from(from.relay_byte()),
            transport_mechanism: mesh_packet::TransportMechanism::TransportLora.into(),
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: PortNum::TextMessageApp.into(),
                payload: text.to_vec(),
                bitfield: Some(1),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    fn say(&mut self, line: &Line) {
        let turn = self.turn;
        let from = self.person(line.who);
        let text = &line.texts[turn % line.texts.len()];
        let mut packet = self.packet(from.num, line.channel, text);
        packet.id = line.id.unwrap_or(packet.id);
        packet.rx_snr = line.snr;
        packet.rx_rssi = line.rssi;
        if let Some(hops) = line.hops.map(u32::from) {
            packet.hop_start = packet.hop_start.max(hops);
            packet.hop_limit = packet.hop_start - hops;
            packet.relay_node = if hops == 0 { packet.relay_node } else { 0 };
        }
        if line.old_firmware {
            packet.hop_start = 0;
            if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
                data.bitfield = None;
            }
        }
        if line.by_mqtt {
            packet.via_mqtt = true;
            packet.rx_rssi = None;
            packet.rx_snr = 0.0;
        }
        if line.channel.is_none() {
            packet.want_ack = true;
            packet.pki_encrypted = !line.plain && !line.unsealed;
            let key = from.public_key.map(Vec::from).unwrap_or_default();
            packet.public_key = match (line.plain, line.wrong_key) {
                (true, _) => Vec::new(),
                (false, true) => vec![9; 32],
                (false, false) => key,
            };
        }
        if let Some(age) = line.age {
            packet.rx_time = u32::try_from(self.world.now.unix - age.as_secs()).ok();
        }
        self.said.insert(packet.id, packet.clone());
        if let Some(other) = self.other.as_mut().filter(|_| line.channel.is_some()) {
            other.node.hear(other.now, packet.clone());
        }
        self.world.node.hear(self.world.now, packet);
    }

    fn expect(&mut self, expect: &Expect) -> Result<(), String> {
        self.look()?;
        let holds = |count: Compare, number: usize, what: &str| match count
            .holds(i64::try_from(number).unwrap())
        {
            true => Ok(()),
            false => Err(format!("{number} {what}, expected {count:?}")),
        };
        match expect {
            Expect::Answers {
                count,
                to,
                channel,
                direct,
                containing,
            } => {
                let to = to.map(|who| self.person(who).num);
                let is_meant = |answer: &&Answer| {
                    to.is_none_or(|to| self.is_for(answer, to))
                        && channel.is_none_or(|channel| {
                            answer.to == NodeNum::BROADCAST && answer.channel == u32::from(channel)
                        })
                        && (!direct || answer.to != NodeNum::BROADCAST)
                        && (containing.as_ref()).is_none_or(|part| answer.text.contains(part))
                };
                let found = self.answers.iter().filter(is_meant).count();
                holds(*count, found, "answers").map_err(|why| {
                    let all = self
                        .answers
                        .iter()
                        .map(|it| format!("{} ← {:?}", it.to, it.text));
                    let all: Vec<_> = all.collect();
                    format!("{why}; said so far:\n  {}", all.join("\n  "))
                })
            }
            Expect::Log(count, part) => {
                let found = self.log.iter().filter(|line| line.contains(part)).count();
                holds(*count, found, "lines of the log")
            }
            Expect::Linked(up) => match (*up, self.world.core.session().is_ready()) {
                (true, false) => Err("the link is down".to_owned()),
                (false, true) => Err("the link is up".to_owned()),
                _ => Ok(()),
            },
            Expect::Gap(least) => match self.world.node.counters().smallest_text_gap {
                None => Err("no two texts".to_owned()),
                Some(gap) if gap < *least => Err(format!("two texts {gap:?} apart")),
                Some(_) => Ok(()),
            },
            Expect::Number(what, count) => holds(*count, self.number(what)?, what),
        }
    }

    /// He was answered, on a channel or alone.
    fn is_for(&self, answer: &Answer, who: NodeNum) -> bool {
        let asked = answer.reply_to.and_then(|id| self.said.get(&id.0));
        answer.to == who || asked.is_some_and(|packet| packet.from == who.0)
    }

    fn number(&self, what: &str) -> Result<usize, String> {
        let counters = self.world.node.counters();
        let book = self.world.bot.book();
        let number = |count: u64| usize::try_from(count).unwrap();
        Ok(match what {
            "connections" => number(counters.accepts),
            "attempts" => self.world.attempts.len(),
            "nodes" => book.len(),
            "placed" => book.iter().filter(|node| node.position.is_some()).count(),
            "direct" => book
                .iter()
                .filter(|node| node.last_direct().is_some())
                .count(),
            "counted" => number(book.counters().readable),
            "rejected" => number(counters.texts_rate_limited + counters.ids_repeated),
            "admin" => number(counters.admin_packets),
            "traceroutes" => counters.traceroutes.len(),
            "questions-about-keys" => self.world.witness.node_infos,
            "fetches" => {
                let web = self.web.as_ref().ok_or("there are no services")?;
                web.count(Service::Forecast) + web.count(Service::Wttr)
            }
            _ => self
                .answers
                .iter()
                .map(|it| it.text.len())
                .max()
                .unwrap_or(0),
        })
    }
}

/// What one bot says on a channel, the other hears.
fn relay(answer: &Answer, from: NodeNum, world: &mut World) {
    if answer.to != NodeNum::BROADCAST {
        return;
    }
    let mut said =
        meshbot::sim::Said::on_channel(from, u8::try_from(answer.channel).unwrap(), &answer.text);
    said.reply_to = answer.reply_to;
    world.say(said);
}
