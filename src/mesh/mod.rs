//! What a mesh is: numbers, packets, nodes, places. Pure data: nothing here
//! knows a clock, a socket or a thread.

pub mod apart;
pub mod book;
pub mod content;
pub mod coords;
pub mod geo;
pub mod id;
pub mod labels;
mod locator;
pub mod lookup;
pub mod memory;
pub mod name;
pub mod node;
pub mod packet;
pub mod plausible;
pub mod time;
pub mod typing;
pub mod wire;

pub use apart::Apart;
pub use book::{Changes, Counters, Known, KnownDirect, NodeBook, Noted};
pub use geo::{Compass, Position};
pub use id::{ChannelIndex, NodeNum, PacketId};
pub use labels::Quality;
pub use lookup::Found;
pub use memory::PacketMemory;
pub use node::{DirectSignal, Metrics, Node};
pub use packet::{Hops, Packet, Payload, Signal, Standing};
pub use time::{Boot, Now, Sanity};
