//! What a mesh is: numbers, packets, nodes, places. Pure data: nothing here
//! knows a clock, a socket or a thread.

pub mod id;
pub mod name;
pub mod packet;
pub mod time;

pub use id::{ChannelIndex, NodeNum, PacketId};
pub use packet::{Hops, Packet, Payload, Signal, Standing};
pub use time::{Now, Sanity};
