//! Recorded sessions of real firmware through frame, session and bot, compared
//! with the listings that others made of them (`tests/sessions/README.md`).

mod bot;
mod frames;
mod secrets;
mod session;
