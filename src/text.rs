//! Every sentence that a user or the log contract can see, in every language.
//!
//! A key cannot exist in one language only: the table below would not compile.
//! Placeholders are named, so that a language may put them in its own order; a
//! test checks that both sides name the same ones. The log lines are the
//! contract of seed.md S10, word for word.

use std::fmt::{self, Write};

/// The languages that meshbot speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// English, the default.
    #[default]
    En,
    /// French.
    Fr,
}

macro_rules! texts {
    ($($(#[$doc:meta])* $key:ident: $en:literal / $fr:literal,)+) => {
        /// One sentence of the catalogue.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Text { $(#[doc = $en] $(#[$doc])* $key,)+ }

        impl Text {
            /// All of them, for the tests.
            pub const ALL: &'static [Self] = &[$(Self::$key,)+];

            /// The sentence with its placeholders still open.
            #[must_use]
            pub fn template(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$key, Lang::En) => $en, (Self::$key, Lang::Fr) => $fr,)+
                }
            }
        }
    };
}

texts! {
    // The log contract.
    LogConnect: "🔌 TCP connect to {host}:{port}" / "🔌 Connexion TCP à {host}:{port}",
    LogReady: "✅ Link ready: {name} ({id}), {n} nodes" / "✅ Interface prête: {name} ({id}), {n} nœuds",
    LogLost: "🔌 TCP link lost: {reason}" / "🔌 Socket TCP mort: {reason}",
    LogReconnect: "🔄 TCP reconnect #{n} to {host}:{port}..." / "🔄 Reconnexion TCP #{n} à {host}:{port}...",
    LogTracked: "🔖 Broadcast tracked: {hash}..." / "🔖 Broadcast tracké: {hash}...",
    LogStart: "📡 Broadcast {command} via the shared link..." / "📡 Broadcast {command} via interface partagée...",
    LogSent: "✅ Broadcast {command} sent" / "✅ Broadcast {command} diffusé",
    LogNoLink: "❌ Link unavailable for broadcast {command}" / "❌ Interface non disponible pour broadcast {command}",
    LogFailed: "❌ Broadcast {command} failed: {error}" / "❌ Échec broadcast {command}: {error}",
    LogOurs: "🔄 Broadcast ignored (ours): {start}" / "🔄 Broadcast ignoré (envoyé par nous): {start}",

    // What the bot says around the commands.
    Apology: "Sorry, that went wrong." / "Désolé, ça n'a pas marché.",
    TookTooLong: "Sorry, that takes too long. Please try again later." / "Désolé, c'est trop long. Réessaie plus tard.",
    Busy: "Busy just now, please try again in a minute." / "Occupé, réessaie dans une minute.",
    Slower: "Many questions at once: please wait a few minutes." / "Trop de demandes : patiente quelques minutes.",
    Unknown: "I don't know that one. {prefix}help shows what I can do." / "Je ne connais pas. {prefix}help montre ce que je sais faire.",
    NoKey: "{name}: I can't send you direct messages yet, our nodes lack each other's key. Try again in a while." / "{name} : message direct impossible, nos nœuds n'ont pas encore échangé leurs clés. Réessaie plus tard.",

    // Words that several answers share.
    Direct: "direct" / "direct",
    OneHop: "1 hop" / "1 relais",
    Hops: "{n} hops" / "{n} relais",
    HopsUnknown: "hops unknown" / "relais inconnus",
    ViaMqtt: "via MQTT" / "via MQTT",

    // /ping
    HelpPing: "am I heard, and how well?" / "m'entend-on, et comment ?",
    Pong: "🏓 pong" / "🏓 pong",
    Late: "{s} s late" / "reçu il y a {s} s",
}

impl Text {
    /// The sentence in `lang`, placeholders filled in. A placeholder that is
    /// not given stays visible as it is.
    #[must_use]
    pub fn fill(self, lang: Lang, values: &[(&str, &dyn fmt::Display)]) -> String {
        let mut out = String::new();
        let mut rest = self.template(lang);
        while let Some((before, (name, after))) = rest
            .split_once('{')
            .and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
        {
            out.push_str(before);
            match values.iter().find(|(key, _)| *key == name) {
                Some((_, value)) => {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "{value}");
                }
                None => {
                    let _ = write!(out, "{{{name}}}");
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// The sentence in `lang`, for those without placeholders.
    #[must_use]
    pub fn plain(self, lang: Lang) -> &'static str {
        self.template(lang)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn placeholders(template: &str) -> BTreeSet<&str> {
        template
            .split('{')
            .skip(1)
            .filter_map(|tail| tail.split_once('}'))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn every_text_says_the_same_in_both_languages() {
        for &text in Text::ALL {
            let (en, fr) = (text.template(Lang::En), text.template(Lang::Fr));
            assert!(!en.is_empty() && !fr.is_empty(), "{text:?}");
            assert_eq!(placeholders(en), placeholders(fr), "{text:?}");
        }
    }

    #[test]
    fn placeholders_are_filled_once_and_in_any_order() {
        assert_eq!(
            Text::LogReconnect.fill(Lang::Fr, &[("port", &4403), ("n", &2), ("host", &"{n}")]),
            "🔄 Reconnexion TCP #2 à {n}:4403..."
        );
        assert_eq!(
            Text::LogSent.fill(Lang::En, &[]),
            "✅ Broadcast {command} sent"
        );
    }
}
