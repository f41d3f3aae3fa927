//! Every socket that is not the link: whatever a service, a proxy or a name
//! server does, none leads to the bot's own node, none is kept for ever, and
//! nobody else waits.

mod hanging;
mod leads;
mod own;
