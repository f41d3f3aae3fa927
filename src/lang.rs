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
        pub enum Text { $(#[doc = concat!("`", $en, "`")] $(#[$doc])* $key,)+ }

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
    SayWithMark: "Once more, please, as {prefix}{word}: the word alone is left to itself for a while." / "Encore une fois, mais avec {prefix}{word} : le mot seul reste sans réponse un moment.",
    Unknown: "I don't know that one. {prefix}help shows what I can do." / "Je ne connais pas. {prefix}help montre ce que je sais faire.",
    NoKey: "{name}: I can't send you direct messages yet, our nodes lack each other's key. Try again in a while." / "{name} : message direct impossible, nos nœuds n'ont pas encore échangé leurs clés. Réessaie plus tard.",

    OtherKey: "{name}: your node cannot read what mine sends you in private, they have different keys." / "{name} : ton nœud ne peut pas lire ce que le mien t'envoie en privé, les clés diffèrent.",
    KeysTell: "{prefix}keys says more." / "{prefix}keys en dit plus.",
    OtherNode: "I am on {own} now and was on {before}. Say it again to go on here." / "Je suis sur {own}, avant sur {before}. Répète pour continuer ici.",

    // Words that several answers share. Whatever a usage names as it is typed, the
    // command has to understand in every language.
    Direct: "direct" / "direct",
    OneHop: "1 hop" / "1 relais",
    Hops: "{n} hops" / "{n} relais",
    HopsUnknown: "hops unknown" / "relais inconnus",
    ViaMqtt: "via MQTT" / "via MQTT",

    NoSignal: "no signal measured" / "signal non mesuré",
    Or: "or" / "ou",
    Ago: "{time} ago" / "il y a {time}",
    Days: "{n} d" / "{n} j",
    Compass: "N NE E SE S SW W NW" / "N NE E SE S SO O NO",
    Excellent: "excellent" / "excellent",
    Good: "good" / "bon",
    Fair: "fair" / "moyen",
    Weak: "weak" / "faible",
    LastHop: "last hop: {signal}" / "dernier saut : {signal}",
    Usage: "Usage: {usage}" / "Usage : {usage}",
    UsageText: "<text>" / "<texte>",
    UsageNode: "<node>" / "<nœud>",
    UsageAnyNode: "[node]" / "[nœud]",
    UsagePage: "[page]" / "[page]",
    UsagePlace: "[place]" / "[lieu]",
    UsageRain: "[place] [1-3]" / "[lieu] [1-3]",
    UsageWeather: "[rain | astro] [place] | help" / "[pluie | astro] [lieu] | aide",
    UsagePing: "[times | stop]" / "[fois | stop]",
    UsageNodes: "[near [node | lat,lon] | new | lost] [page]" / "[proches [nœud | lat,lon] | nouveaux | perdus] [page]",
    UsageDay: "[hours 1-24]" / "[heures 1-24]",
    UsageWeek: "[hours 1-168]" / "[heures 1-168]",
    UsageStats: "[hours 1-168 | top | ch | p | h | hop]" / "[heures 1-168 | top | ch | p | h | hop]",
    UsageHisto: "[type] [hours 1-48]" / "[type] [heures 1-48]",
    UsagePropag: "[hours 1-168] [links 1-10]" / "[heures 1-168] [liaisons 1-10]",
    UsageHelp: "[command | page]" / "[commande | page]",
    UsageMinutes: "[minutes]" / "[minutes]",
    Several: "Which one? Answer with its number." / "Lequel ? Réponds par son numéro.",
    NoSuchNode: "Unknown node: {name}." / "Nœud inconnu : {name}.",
    Perhaps: "Perhaps {names}?" / "Peut-être {names} ?",

    // Why something was not sent, or did not arrive. English is what the link says,
    // word for word: the history keeps it, so that a sentence changed here must also
    // be understood as it was.
    WhyLinkDown: "link down" / "liaison coupée",
    WhyQueueFull: "send queue full" / "trop d'envois en attente",
    WhyTooBusy: "send queue too long to be in time" / "trop d'attente avant l'envoi",
    WhyTooLong: "text longer than {n} bytes" / "texte de plus de {n} octets",
    WhyExpired: "expired before it could be sent" / "périmé avant l'envoi",
    WhyUnknown: "link lost before any answer" / "liaison perdue avant la réponse",
    WhyStopping: "program stopping" / "arrêt du programme",
    WhyRateLimit: "rate limit of the node" / "cadence du nœud dépassée",
    WhyNoSuchChannel: "no such channel" / "canal inexistant",
    WhyNodeFull: "the node's transmit queue is full" / "file d'envoi du nœud pleine",
    WhyNodeRadio: "the node has no radio" / "le nœud n'a pas de radio",
    WhyNodeMute: "the node may not transmit" / "le nœud ne doit pas émettre",
    WhyNoAnswer: "no acknowledgement" / "pas d'accusé de réception",
    WhyCode: "routing error {n}" / "erreur de routage {n}",
    // The names of protocol.md §3.5.
    WhyNoRoute: "NO_ROUTE" / "pas de route",
    WhyGotNak: "GOT_NAK" / "refusé en route",
    WhyTimeout: "TIMEOUT" / "délai dépassé",
    WhyNoInterface: "NO_INTERFACE" / "pas de radio",
    WhyUnreadable: "NO_CHANNEL from its reader" / "illisible, autre clé",
    WhyMaxRetransmit: "MAX_RETRANSMIT" / "réémis en vain",
    WhyNoChannel: "NO_CHANNEL" / "canal désactivé ou autre clé",
    WhyTooLarge: "TOO_LARGE" / "trop long",
    WhyNoResponse: "NO_RESPONSE" / "pas de réponse",
    WhyDutyCycle: "DUTY_CYCLE_LIMIT" / "temps d'émission épuisé",
    WhyBadRequest: "BAD_REQUEST" / "demande invalide",
    WhyNotAuthorized: "NOT_AUTHORIZED" / "non autorisé",
    WhyPkiFailed: "PKI_FAILED" / "clé périmée",
    WhyPkiUnknown: "PKI_UNKNOWN_PUBKEY" / "ma clé lui est inconnue",
    WhyAdminSession: "ADMIN_BAD_SESSION_KEY" / "session d'administration invalide",
    WhyAdminKey: "ADMIN_PUBLIC_KEY_UNAUTHORIZED" / "clé d'administration refusée",
    WhyRateExceeded: "RATE_LIMIT_EXCEEDED" / "trop d'envois d'affilée",
    WhyPkiSend: "PKI_SEND_FAIL_PUBLIC_KEY" / "sa clé m'est inconnue",

    // /ping
    HelpPing: "am I heard, and how well?" / "m'entend-on, et comment ?",
    Pong: "🏓 pong" / "🏓 pong",
    Late: "{s} s late" / "reçu il y a {s} s",

    PingMost: "{n} at most" / "{n} au plus",
    PingRunning: "Your pongs are still coming. {prefix}ping stop ends them." / "Tes pongs arrivent encore. {prefix}ping stop les arrête.",
    PingNone: "There is no ping to stop." / "Aucun ping à arrêter.",
    PingSent: "🏓 {sent}/{count} sent" / "🏓 envoyés {sent}/{count}",
    PingDelivered: "{n} acknowledged" / "confirmés {n}",
    PingAfter: "after {mean} s" / "en {mean} s",
    PingAfterFromTo: "after {mean} s ({min} to {max})" / "en {mean} s ({min} à {max})",
    PingRelayed: "{n} only relayed" / "seulement relayés {n}",
    PingUnanswered: "{n} unanswered" / "sans réponse {n}",
    PingFailed: "{n} refused" / "refusés {n}",
    PingUnknown: "{n} unknown" / "inconnus {n}",
    PingStopped: "stopped" / "arrêté",
    PingLinkLost: "ended: I lost my node" / "fini : j'ai perdu mon nœud",
    PingLimit: "ended: too many questions" / "fini : trop de demandes",

    // /my
    HelpMy: "your signal as I hear it, your distance, your hops" / "ton signal vu d'ici, ta distance, tes relais",
    LastDirect: "last direct: {signal}" / "dernier direct : {signal}",
    NeverDirect: "never heard directly" / "jamais entendu en direct",
    Rising: "rising" / "en hausse",
    Falling: "falling" / "en baisse",
    Steady: "steady" / "stable",
    HopHistory: "hops {list}" / "relais {list}",

    // /trace
    HelpTrace: "the way your message took to me; with a node, the way from me to it" / "le chemin de ton message jusqu'à moi ; avec un nœud, de moi à lui",
    Me: "me" / "moi",
    TraceSilent: "🔍 {name}: no reply." / "🔍 {name} : pas de réponse.",
    TraceFailed: "🔍 {name}: not traced, {reason}." / "🔍 {name} : pas de trace, {reason}.",
    LastRelay: "last relay {names}" / "dernier relais {names}",

    // /info
    HelpInfo: "what I know about a node, by name, !id or its last digits" / "ce que je sais d'un nœud : nom, !id ou ses derniers chiffres",
    ThisIsMe: "this is me" / "c'est moi",
    Heard: "heard {ago}" / "entendu {ago}",
    Powered: "🔌 powered" / "🔌 alimenté",

    // /nodes
    HelpNodes: "nodes that I hear directly, or those nearby, new or lost" / "les nœuds que j'entends en direct, ou proches, nouveaux, perdus",
    NodesDirect: "Heard directly: {n}" / "Entendus en direct : {n}",
    NodesNear: "Near {place}: {n}" / "Voisins ({place}) : {n}",
    NodesNew: "New in 24 h: {n}" / "Nouveaux en 24 h : {n}",
    NodesLost: "Silent for over 24 h: {n}" / "Muets depuis plus de 24 h : {n}",
    ElsewhereTitle: "Known to {name}: {n}" / "Connus de {name} : {n}",
    ElsewhereNone: "My configuration names no other node ([remote])." / "Ma configuration ne nomme aucun autre nœud ([remote]).",
    ElsewhereNames: "I can ask these nodes: {names}" / "Je peux interroger ces nœuds : {names}",
    ElsewhereBusy: "I am still asking {name}. Try again in a moment." / "J'interroge encore {name}. Réessaie dans un instant.",
    ElsewhereOwn: "{name} is my own node. I do not connect to it twice." / "{name} est mon propre nœud. Je ne m'y connecte pas deux fois.",
    ElsewhereTaken: "{name} is the node of another bot on my machine, so I do not ask it." / "{name} est le nœud d'un autre bot sur ma machine : je ne l'interroge pas.",
    ElsewhereOwnUnknown: "I cannot tell {name} from my own node just now, so I do not ask it." / "Impossible de distinguer {name} de mon propre nœud pour l'instant : je ne l'interroge pas.",
    ElsewhereNoAddress: "The address of {name} is not found." / "L'adresse de {name} est introuvable.",
    ElsewhereAway: "{name} cannot be reached." / "{name} est injoignable.",
    ElsewhereSlow: "{name} does not answer in time." / "{name} ne répond pas à temps.",
    ElsewhereEnded: "{name} hung up before the end." / "{name} a raccroché avant la fin.",
    ElsewhereLocked: "{name} is locked: it tells nothing." / "{name} est verrouillé : il ne dit rien.",
    ElsewhereNonsense: "{name} does not answer like a Meshtastic node." / "{name} ne répond pas comme un nœud Meshtastic.",
    NoPosition: "I don't know where {name} is. Try {prefix}nodes near 48.86,2.35" / "Je ne sais pas où est {name}. Essaie {prefix}nodes proches 48.86,2.35",
    NoListYet: "I don't know yet who is new: my node's list has not come." / "Je ne sais pas encore qui est nouveau : la liste de mon nœud n'est pas arrivée.",

    // /lheard
    HelpLheard: "who was last heard, and when" / "qui a été entendu en dernier, et quand",
    LastHeard: "Last heard: {n}" / "Derniers entendus : {n}",

    // /keys
    HelpKeys: "whose keys my node has, which direct messages need; with a node, what to do" / "les clés que mon nœud a, pour les messages directs ; avec un nœud, que faire",
    KeysKnown: "🔑 {n} with a key" / "🔑 {n} avec clé",
    KeysChanged: "{n} of them changed" / "clé changée : {n}",
    KeysMissing: "{n} without: {names}" / "{n} sans : {names}",
    KeysNoneMissing: "none without" / "aucun sans",
    KeyKnown: "🔑 {name}: key known, {key}" / "🔑 {name} : clé connue, {key}",
    KeyKnownAdvice: "if direct messages fail all the same, exchange user info in the app" / "si les messages directs échouent quand même, échangez vos infos dans l'appli",
    KeyOther: "🔑 {name}: announces another key than {key}, which my node keeps" / "🔑 {name} : annonce une autre clé que {key}, que mon nœud garde",
    KeyOtherAdvice: "if it was reset, my operator has to remove it from my node's list" / "s'il a été réinitialisé, mon opérateur doit l'enlever de la liste de mon nœud",
    KeyMissing: "🔑 {name}: no key known" / "🔑 {name} : clé inconnue",
    KeyMissingAdvice: "no direct messages until its app has exchanged user info with my node" / "pas de messages directs tant que son appli n'a pas échangé ses infos avec mon nœud",

    // /echo
    HelpEcho: "I repeat your text here, once in a while" / "je répète ton texte ici, de temps en temps",

    // /sys
    HelpSys: "how the board is that I run on" / "l'état de la machine qui me porte",
    SysBot: "🖥 bot up {time}" / "🖥 bot actif depuis {time}",
    SysBoard: "board up {time}" / "machine depuis {time}",
    SysLoad: "load {list}" / "charge {list}",
    SysMemory: "memory {used}/{total} MiB" / "mémoire {used}/{total} Mio",

    // /about
    HelpAbout: "who I am, since when, whom to ask" / "qui je suis, depuis quand, à qui s'adresser",
    AboutUp: "up {time}" / "actif depuis {time}",
    AboutLink: "link up {time}" / "liaison depuis {time}",
    AboutLinkDown: "link down" / "liaison coupée",
    AboutLosses: "reconnects {n}" / "reconnexions {n}",
    AboutOpened: "connections {n}" / "connexions {n}",
    AboutContact: "contact: {contact}" / "contact : {contact}",
    AboutSource: "source: {place}" / "source : {place}",
    AboutFree: "open source ({licence})" / "logiciel libre ({licence})",

    // /legend
    HelpLegend: "what the symbols mean" / "ce que veulent dire les symboles",
    Legend: "📶 last direct signal · SNR/RSSI: higher is better · 📍 place ⛰ altitude · 🔋 battery 🔌 powered · hops 2>1: newest last · ..7e: number ends in 7e · ~<>: rounded places" / "📶 dernier signal direct · SNR/RSSI : plus haut = mieux · 📍 lieu ⛰ altitude · 🔋 batterie 🔌 alimenté · relais 2>1 : récent à droite · ..7e : fin du numéro · ~<> : lieux arrondis",

    // /more
    HelpMore: "the rest of my last answer" / "la suite de ma dernière réponse",
    NothingMore: "There is nothing more." / "Il n'y a rien de plus.",

    // /help
    HelpHelp: "all commands, or how to use one" / "les commandes, ou l'emploi de l'une d'elles",
    HelpList: "🤖 {prefix}… {list} · {prefix}help <command>" / "🤖 {prefix}… {list} · {prefix}help <commande>",
    HelpPage: "🤖 {prefix}… {list} · {prefix}help {page}" / "🤖 {prefix}… {list} · {prefix}help {page}",
    HelpOne: "ℹ️ {usage}: {summary}" / "ℹ️ {usage} : {summary}",
    HelpAlso: "also {list}" / "aussi {list}",
    NoSuchCommand: "I know no command \"{name}\"." / "Je ne connais pas de commande « {name} ».",

    // /weather, /rain, /astro
    HelpWeather: "the weather now and for three days; rain, astro and help say more" / "la météo, maintenant et trois jours ; pluie, astro, aide pour plus",
    HelpRain: "rain by the hour, from now on" / "la pluie heure par heure, dès maintenant",
    HelpAstro: "sun and moon, today" / "soleil et lune du jour",
    WeatherHelp: "ℹ️ {prefix}weather [place] · {prefix}rain [place] [1-3 days] · {prefix}astro [place]. A place is a name, a postcode or lat,lon; none is where you are, else my home. 💨 wind 💧 humidity" / "ℹ️ {prefix}weather [lieu] · {prefix}rain [lieu] [1-3 jours] · {prefix}astro [lieu]. Lieu : nom, code postal ou lat,lon ; sinon là où tu es, sinon chez moi. 💨 vent 💧 humidité",
    WhereAreYou: "I don't know where you are. Try {prefix}{word} <place>" / "Je ne sais pas où tu es. Essaie {prefix}{word} <lieu>",
    NoSuchPlace: "I know no place called {name}." / "Je ne connais pas de lieu nommé {name}.",
    NoWeather: "No weather for {name}: the service {reason}. Try again in a minute." / "Pas de météo pour {name} : le service {reason}. Réessaie dans une minute.",
    NoPlace: "I can't look up {name}: the service {reason}. Try again in a minute." / "Impossible de chercher {name} : le service {reason}. Réessaie dans une minute.",
    ServiceTired: "has been asked too often" / "a été trop sollicité",
    ServiceSlow: "does not answer in time" / "ne répond pas à temps",
    ServiceAway: "cannot be reached" / "est injoignable",
    ServiceStatus: "answers with error {n}" / "répond par l'erreur {n}",
    ServiceNonsense: "answers nothing usable" / "ne donne rien d'utilisable",
    ClockUnset: "My clock is not set, so I cannot tell." / "Mon horloge n'est pas réglée, je ne peux pas le dire.",
    WeatherNow: "Now" / "Là",
    Today: "Today" / "Auj.",
    Weekdays: "Mon Tue Wed Thu Fri Sat Sun" / "lun. mar. mer. jeu. ven. sam. dim.",
    Old: "({time} old)" / "(il y a {time})",
    Dry: "no rain for 24 h" / "pas de pluie pendant 24 h",
    RainSum: "peak {peak} {unit}/h at {hour} · total {total} {unit}" / "max {peak} {unit}/h à {hour} · total {total} {unit}",
    NoHours: "no forecast for these hours" / "pas de prévision pour ces heures",
    SunUp: "up all day" / "au-dessus de l'horizon",
    SunDown: "down all day" / "sous l'horizon",
    Phases: "new moon|waxing crescent|first quarter|waxing gibbous|full moon|waning gibbous|last quarter|waning crescent" / "nouvelle lune|premier croissant|premier quartier|gibbeuse croissante|pleine lune|gibbeuse décroissante|dernier quartier|dernier croissant",
    Attribution: "weather: Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in" / "météo : Open-Meteo.com (CC BY 4.0), GeoNames, wttr.in",

    // /stats, /top, /packets, /histo, /hop, /channel
    NoHistory: "I keep no history." / "Je ne garde pas d'historique.",
    NoTexts: "I keep no texts." / "Je ne garde pas les textes.",
    HistoryUnreadable: "My history cannot be read just now." / "Mon historique est illisible pour l'instant.",
    HelpTop: "who sends most, in so many hours" / "qui émet le plus, sur tant d'heures",
    HelpPackets: "what the packets are for, in so many hours" / "à quoi servent les paquets, sur tant d'heures",
    HelpHisto: "packets by the hour; all, or text, pos, tele, node" / "les paquets heure par heure ; tous, ou texte, pos, tele, node",
    HelpHop: "over how many hops packets come, in so many hours" / "par combien de relais arrivent les paquets, sur tant d'heures",
    HelpStats: "how much I heard, in so many hours" / "tout ce que j'ai entendu, sur tant d'heures",
    HelpChannel: "how busy the channel is, today and now" / "l'occupation du canal, maintenant et sur 24 h",
    OfDirect: "{n} direct" / "{n} en direct",
    OfTexts: "{n} text|{n} texts" / "{n} texte|{n} textes",
    ChannelLast: "busy {n} now" / "occupé à {n}",
    ChannelMean: "mean {n}" / "moyenne {n}",
    ChannelUnknown: "my node measured nothing" / "rien mesuré par mon nœud",
    NothingHeard: "nothing heard" / "rien entendu",
    Packets: "{n} packet|{n} packets" / "{n} paquet|{n} paquets",
    OfNodes: "{n} node|{n} nodes" / "{n} nœud|{n} nœuds",
    ByRadio: "{n} by radio|{n} by radio" / "{n} par radio|{n} par radio",
    AllKinds: "all" / "tout",
    Peak: "peak {n} at {hour}" / "max {n} à {hour}",

    // /propag, /neighbors, /leaderboard, /trafic
    HelpPropag: "the farthest packets without a relay, and the record of the month" / "les liaisons directes les plus longues, et le record du mois",
    HelpNeighbors: "who hears whom; with a node, its neighbours" / "qui entend qui ; avec un nœud, ses voisins",
    HelpLeaderboard: "who stands out: farthest, highest, longest running" / "les records : le plus loin, le plus haut, le plus ancien",
    HelpTrafic: "what was said on the channel" / "ce qui s'est dit sur le canal",
    NoLinks: "no link of known length" / "aucune liaison de longueur connue",
    NoNeighbors: "nobody was heard hearing anybody" / "personne n'a été vu entendre personne",
    NoSharedChannel: "I have not heard you on a channel today. Ask there." / "Je ne t'ai entendu sur aucun canal aujourd'hui. Demande là-bas.",
    NothingSaid: "nothing was said" / "rien n'a été dit",
    OfNeighbors: "{n} neighbour|{n} neighbours" / "{n} voisin|{n} voisins",
    OfLinks: "{n} link|{n} links" / "{n} liaison|{n} liaisons",

    // /errors, /db
    HelpErrors: "the last answers that did not arrive, and why" / "les dernières réponses non arrivées, et pourquoi",
    HelpDb: "what my history holds and takes" / "ce que contient et occupe mon historique",
    NoErrors: "✅ Nothing that I know of was lost." / "✅ Rien de perdu, à ma connaissance.",
    Errors: "⚠ {n} not arrived|⚠ {n} not arrived" / "⚠ {n} non arrivée|⚠ {n} non arrivées",
    DbMegabytes: "{n} MB" / "{n} Mo",
    DbFree: "{size} of it free" / "dont {size} libres",
    DbSince: "for {time}" / "sur {time}",
    DbSums: "{n} more in sums" / "{n} de plus en sommes",
    DbErrors: "{n} error|{n} errors" / "{n} erreur|{n} erreurs",

    KindText: "text" / "textes",
    KindPosition: "position" / "positions",
    KindTelemetry: "telemetry" / "télémétrie",
    KindNodeInfo: "node info" / "infos de nœud",
    KindRouting: "routing" / "routage",
    KindTraceroute: "traceroute" / "traceroute",
    KindNeighbours: "neighbour info" / "voisinage",
    KindUnreadable: "unreadable" / "illisibles",
    KindOther: "other" / "autres",

    // /mute, /unmute
    HelpMute: "I say nothing, for some minutes or until unmute" / "je me tais, quelques minutes ou jusqu'à unmute",
    HelpUnmute: "I talk again" / "je reparle",
    MutedFor: "🔇 Muted for {time}. {prefix}unmute ends it." / "🔇 Je me tais pendant {time}. {prefix}unmute pour arrêter.",
    Muted: "🔇 Muted until {prefix}unmute." / "🔇 Je me tais jusqu'à {prefix}unmute.",
    MuteRange: "Minutes, or 90s, 2h, 1d: up to a week, or nothing for no end." / "Minutes, ou 90s, 2h, 1d : une semaine au plus, ou rien pour sans fin.",
    Unmuted: "🔊 I talk again." / "🔊 Je reparle.",

    // Places and what is wrong with them; services and their limits.
    CoordsLatitude: "{name}: a latitude goes from -90 to 90. Try {ask} 48.86,2.35" / "{name} : une latitude va de -90 à 90. Essaie {ask} 48.86,2.35",
    CoordsLongitude: "{name}: a longitude goes from -180 to 180. Try {ask} 48.86,2.35" / "{name} : une longitude va de -180 à 180. Essaie {ask} 48.86,2.35",
    CoordsHalf: "{name} is half of a place: latitude and longitude, please. Try {ask} 48.86,2.35" / "{name} n'est qu'une moitié de lieu : il faut latitude et longitude. Essaie {ask} 48.86,2.35",
    CoordsNowhere: "{name} is no place: devices say it when they know none. Try {ask} 48.86,2.35" / "{name} n'est pas un lieu : un appareil le dit quand il n'en connaît aucun. Essaie {ask} 48.86,2.35",
    CoordsUnclear: "{name} makes no place. Try {ask} 48.86,2.35 or 48°51'N 2°21'E" / "{name} ne donne pas de lieu. Essaie {ask} 48.86,2.35 ou 48°51'N 2°21'E",
    LimitWeather: "No weather for {name}: the service's limit is reached. Try again {when}." / "Pas de météo pour {name} : la limite du service est atteinte. Réessaie {when}.",
    LimitPlace: "I can't look up {name}: the service's limit is reached. Try again {when}." / "Impossible de chercher {name} : la limite du service est atteinte. Réessaie {when}.",
    LimitPauses: "in a minute|in an hour|tomorrow|next month" / "dans une minute|dans une heure|demain|le mois prochain",
    DryUntil: "no rain until {hour}, unknown after" / "pas de pluie jusqu'à {hour}, inconnu ensuite",
    DryKnown: "no rain in the {n} h that are known" / "pas de pluie pendant les {n} h connues",
    SeveralPlaces: "Which {name}? Answer with its number." / "Quel {name} ? Réponds par son numéro.",
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

    /// So many of something, for those sentences that have a singular and a
    /// plural, separated by `|`.
    #[must_use]
    pub fn count(self, lang: Lang, n: impl fmt::Display) -> String {
        let n = n.to_string();
        let is_one = n == "1" || (lang == Lang::Fr && n == "0");
        let both = self.fill(lang, &[("n", &n)]);
        let (one, many) = both.split_once('|').unwrap_or((&both, &both));
        if is_one { one } else { many }.to_owned()
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
    fn one_is_not_many() {
        let nodes = |lang, n| Text::OfNodes.count(lang, n);
        assert_eq!(nodes(Lang::En, 1), "1 node");
        assert_eq!(nodes(Lang::En, 0), "0 nodes");
        assert_eq!(nodes(Lang::Fr, 0), "0 nœud");
        assert_eq!(nodes(Lang::Fr, 21), "21 nœuds");
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
