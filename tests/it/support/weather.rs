//! Weather services on this machine, for a bot under the virtual clock.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use meshbot::net::Guard;
use meshbot::services::http::Http;
use meshbot::services::weather::{Addresses, Limits, Services};
use meshbot::sim::web::Web;
use meshbot::weather::Source;

use super::world::{EPOCH, Options};

/// The services in a box, at the time at which every world begins.
pub fn web() -> Web {
    let web = Web::start().unwrap();
    web.set_time(i64::try_from(EPOCH).unwrap());
    web
}

/// The bot's own clients of all services in the box. They have little patience,
/// because the clock of the test stands still while they wait.
pub fn services(web: &Web) -> Arc<dyn Source> {
    let addresses = Addresses {
        forecast: web.base_url(),
        geocoding: web.base_url(),
        fallback: Some(web.base_url()),
    };
    let limits = Limits {
        fetch: Duration::from_millis(500),
        retry: Duration::from_millis(500),
        call: Duration::from_secs(2),
    };
    Arc::new(Services::with(
        addresses,
        limits,
        Http::new(&Guard::of_nobody()),
    ))
}

/// A world whose bot asks these services.
pub fn options(web: &Web, config: &str) -> Options {
    Options {
        weather: services(web),
        config: config.to_owned(),
        zone: TimeZone::get("Europe/Paris").unwrap(),
        ..Options::default()
    }
}
