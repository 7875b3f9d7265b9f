//! The relay `oublietted`: sockets, TLS, threads and files around the state machines of `proto` and the
//! engines of `store`. It decides nothing about the protocol.
//!
//! # A deposit's way through
//!
//! [`listener`] accepts a socket if [`admission`] has a place for its source, which behind a proxy a [`proxy_header`] may
//! name. [`connection`] shakes hands
//! (10 s), makes a machine, and carries bytes to it and from it. The machine asks for a deposit; the
//! connection hands it to the [`writer`], whose one thread stores whatever is waiting in one commit with one
//! sync, or what of it is due by the [`shares`] of those who wait. Only then does the ticket go back and `STORED` leaves, and the [`hub`] hands the envelope to the owner's
//! connection, if he follows; each is woken by its [`bell`], all of a commit by the [`ringer`]. Everything else that a machine asks is a [`task`]
//! beside the event loop.
//!
//! # Who this server is
//!
//! [`identity`] keeps the root key, whose hash is the server id in every address, and the tls-ca that it
//! endorses; [`leaf`] issues the short-lived certificates that [`tls`] presents. It endorses the key too that signs
//! the public log of keys, which [`ledger`] keeps; its names pass through the [`tagger`].

pub mod admin;
pub mod admission;
pub mod args;
pub mod arrivals;
pub mod ask;
pub mod backup;
pub mod believed;
pub mod bell;
pub mod bench;
pub mod check;
pub mod clock;
pub mod completion;
pub mod config;
pub mod connection;
pub mod counters;
pub mod data_folder;
pub mod ephemeral;
pub mod failure;
pub mod forgetting;
pub mod fresh;
pub mod handed;
pub mod hub;
pub mod identity;
pub mod invite;
pub mod lanes;
pub mod leaf;
pub mod ledger;
pub mod line;
pub mod listener;
pub mod log;
pub mod manual;
pub mod metrics;
pub mod mistake;
pub mod names;
pub mod network;
pub mod origin;
pub mod owner;
pub mod pairings;
pub mod process;
pub mod proxy_entrances;
pub mod proxy_header;
pub mod pulse;
pub mod relay;
pub mod repair;
pub mod ringer;
pub mod root_key;
pub mod seldom;
pub mod serve;
pub mod shares;
pub mod spent;
pub mod status;
pub mod sweep;
pub mod tagger;
pub mod task;
pub mod tls;
pub mod turns;
pub mod verbs;
pub mod writer;
