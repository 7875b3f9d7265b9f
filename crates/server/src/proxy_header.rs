//! What a proxy says before it passes a connection through: whose it is (the PROXY protocol of HAProxy, versions 1 and 2).
//!
//! Read here rather than by a library: of all that the protocol knows one address is wanted, nothing may be read beyond the
//! header, and whatever is not plainly one is refused (`spec/connection.md § Behind a proxy`).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wire::limits::{ARRIVALS_MAX, PROXY_HEADER_BYTES_MAX, PROXY_HEADER_MS_MAX};

/// How a header of version 2 begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// How one of version 1 does.
const WORD: &[u8] = b"PROXY ";
/// No shorter one of version 1: `PROXY UNKNOWN`, and the line's end.
const LINE_BYTES_MIN: usize = 15;
/// No longer one, as the protocol says.
const LINE_BYTES_MAX: usize = 107;

/// Of whom a proxy speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyHeader {
    /// Of whoever connected to it from there.
    Of(IpAddr),
    /// Of itself, or of somebody of whom it does not know more.
    OfItself,
}

/// What bytes are, from the first of a connection on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parsed {
    /// A header, and nothing behind it.
    Whole(ProxyHeader),
    /// The beginning of one that has at least so many bytes more.
    Wants(usize),
    /// No header.
    Wrong,
}

impl ProxyHeader {
    /// Looks at what came so far.
    pub fn parse(bytes: &[u8]) -> Parsed {
        let Some((start, rest)) = bytes.split_first_chunk::<12>() else {
            return Parsed::Wants(SIGNATURE.len().saturating_sub(bytes.len()));
        };
        if *start == SIGNATURE {
            binary(rest)
        } else if start.starts_with(WORD) {
            line(bytes)
        } else {
            Parsed::Wrong
        }
    }
}

/// A header of version 2 behind its signature. What may stand behind the addresses is passed over.
fn binary(rest: &[u8]) -> Parsed {
    let Some((head, body)) = rest.split_first_chunk::<4>() else {
        return Parsed::Wants(4_usize.saturating_sub(rest.len()));
    };
    let [version_and_command, family, len @ ..] = *head;
    let len = usize::from(u16::from_be_bytes(len));
    let least = match (version_and_command, family) {
        (0x20, _) | (0x21, 0x00) => 0,
        (0x21, 0x11) => 12,
        (0x21, 0x21) => 36,
        // Nobody comes by a datagram or a socket file.
        _ => return Parsed::Wrong,
    };
    if len < least || len > PROXY_HEADER_BYTES_MAX - 16 || body.len() > len {
        return Parsed::Wrong;
    }
    if body.len() < len {
        return Parsed::Wants(len - body.len());
    }
    let address = match least {
        12 => body.first_chunk::<4>().map(|bytes| IpAddr::from(Ipv4Addr::from(*bytes))),
        36 => body.first_chunk::<16>().map(|bytes| IpAddr::from(Ipv6Addr::from(*bytes))),
        _ => None,
    };
    Parsed::Whole(address.map_or(ProxyHeader::OfItself, ProxyHeader::Of))
}

/// A header of version 1, which is a line: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 24268`.
fn line(bytes: &[u8]) -> Parsed {
    let Some(line) = bytes.strip_suffix(b"\r\n") else {
        let is_begun = |line: &[u8]| line.iter().all(|byte| matches!(byte, b' '..=b'~'));
        let so_far = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        let is_longer = bytes.len() >= LINE_BYTES_MAX;
        return match is_begun(so_far) && !is_longer {
            true => Parsed::Wants(LINE_BYTES_MIN.saturating_sub(bytes.len()).max(1)),
            false => Parsed::Wrong,
        };
    };
    if bytes.len() > LINE_BYTES_MAX || !line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return Parsed::Wrong;
    }
    let text = std::str::from_utf8(line).unwrap_or_default();
    let mut words = text.split(' ').skip(1);
    let family = words.next();
    if family == Some("UNKNOWN") {
        return Parsed::Whole(ProxyHeader::OfItself);
    }
    let mut address = || match family? {
        "TCP4" => two::<Ipv4Addr>(&mut words).map(IpAddr::from),
        "TCP6" => two::<Ipv6Addr>(&mut words).map(IpAddr::from),
        _ => None,
    };
    address().map_or(Parsed::Wrong, |address| Parsed::Whole(ProxyHeader::Of(address)))
}

/// The first of two addresses, of two ports that follow, and of nothing more.
fn two<'a, A: std::str::FromStr>(words: &mut impl Iterator<Item = &'a str>) -> Option<A> {
    let (from, _to): (A, A) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    for _ in 0..2 {
        let word = words.next()?;
        let port: u16 = word.parse().ok()?;
        // As numbers are written: without a sign, without zeros before them.
        (port.to_string() == word).then_some(())?;
    }
    words.next().is_none().then_some(from)
}

/// Connections from proxies whose headers are being read.
#[derive(Default, Debug)]
pub struct Headers(JoinSet<Option<(TcpStream, IpAddr)>>);

impl Headers {
    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one more may be.
    pub fn has_room(&self) -> bool {
        self.0.len() < ARRIVALS_MAX
    }

    /// Reads the header of one more, which comes from `proxy`.
    pub fn add(&mut self, socket: TcpStream, proxy: IpAddr) {
        self.0.spawn(announced(socket, proxy));
    }

    /// The next one, with the address that counts; `None` where it had no right header in time, and is closed.
    pub async fn next(&mut self) -> Option<(TcpStream, IpAddr)> {
        self.0.join_next().await?.ok()?
    }
}

async fn announced(mut socket: TcpStream, proxy: IpAddr) -> Option<(TcpStream, IpAddr)> {
    let deadline = Duration::from_millis(PROXY_HEADER_MS_MAX);
    match timeout(deadline, read(&mut socket)).await.ok()?.ok()?? {
        ProxyHeader::Of(address) => Some((socket, address)),
        ProxyHeader::OfItself => Some((socket, proxy)),
    }
}

/// Nothing behind the header is taken.
async fn read(socket: &mut TcpStream) -> io::Result<Option<ProxyHeader>> {
    let mut bytes = Vec::new();
    loop {
        let from = bytes.len();
        match ProxyHeader::parse(&bytes) {
            Parsed::Whole(header) => return Ok(Some(header)),
            Parsed::Wants(more) if from + more <= PROXY_HEADER_BYTES_MAX => bytes.resize(from + more, 0),
            Parsed::Wants(_) | Parsed::Wrong => return Ok(None),
        }
        socket.read_exact(bytes.get_mut(from..).unwrap_or_default()).await?;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// A header of version 2.
    fn two(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = SIGNATURE.to_vec();
        bytes.extend([command, family]);
        bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend(body);
        bytes
    }

    fn of(address: &str) -> Parsed {
        Parsed::Whole(ProxyHeader::Of(address.parse().unwrap()))
    }

    const ITSELF: Parsed = Parsed::Whole(ProxyHeader::OfItself);

    /// As it is read: so many bytes as are wanted, and no more.
    fn read_of(bytes: &[u8]) -> (Parsed, usize) {
        let mut len = 0;
        loop {
            match ProxyHeader::parse(&bytes[..len]) {
                Parsed::Wants(0) => panic!("it wants nothing"),
                Parsed::Wants(more) if len + more <= bytes.len() => len += more,
                parsed => return (parsed, len),
            }
        }
    }

    fn headers() -> Vec<(Vec<u8>, Parsed)> {
        let four = [192, 0, 2, 1, 198, 51, 100, 1, 0xdc, 4, 0x5e, 0xcc];
        let mut six = [0; 36];
        six[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        let with_more = [&four[..], &[4, 0, 3, 1, 2, 3]].concat();
        vec![
            (two(0x21, 0x11, &four), of("192.0.2.1")),
            (two(0x21, 0x11, &with_more), of("192.0.2.1")),
            (two(0x21, 0x21, &six), of("2001:db8::7")),
            (two(0x21, 0x00, &[]), ITSELF),
            (two(0x20, 0x00, &[]), ITSELF),
            (two(0x20, 0x11, &four), ITSELF),
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 24268\r\n".to_vec(), of("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::7 ::1 0 65535\r\n".to_vec(), of("2001:db8::7")),
            (b"PROXY UNKNOWN\r\n".to_vec(), ITSELF),
            (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(), ITSELF),
        ]
    }

    #[test]
    fn a_header_says_of_whom_it_speaks_and_nothing_behind_it_is_read() {
        for (bytes, says) in headers() {
            let followed = [&bytes[..], b"\x16\x03\x01 and what follows"].concat();
            assert_eq!(read_of(&followed), (says, bytes.len()), "{bytes:?}");
            assert_eq!(ProxyHeader::parse(&bytes), says);
            for len in 0..bytes.len() {
                let Parsed::Wants(more) = ProxyHeader::parse(&bytes[..len]) else {
                    panic!("{len} of {bytes:?}")
                };
                assert!((1..=bytes.len() - len).contains(&more), "{more} behind {len} of {bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_not_plainly_a_header_is_none() {
        let four = [192, 0, 2, 1, 198, 51, 100, 1, 0, 1, 0, 2];
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(LINE_BYTES_MAX));
        let lines: [&[u8]; 14] = [
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00\x00\x00",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 24268\n\n\n",
            b"PROXY TCP4  192.0.2.1 198.51.100.1 56324 24268\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 024268\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 +56324 24268\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 65536\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
            b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2 3\r\n",
            b"PROXY TCP4 192.0.2.01 198.51.100.1 1 2\r\n",
            b"PROXY TCP4 2001:db8::7 ::1 1 2\r\n",
            b"PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n",
            b"PROXY TCP4 192.0.2.1\r198.51.100.1 1 2\r\n",
            b"PROXY UNKNOWN \x80\r\n",
            long.as_bytes(),
        ];
        let binaries = [
            two(0x21, 0x11, &four[..11]),
            two(0x21, 0x21, &four),
            two(0x11, 0x11, &four),
            two(0x22, 0x11, &four),
            two(0x21, 0x12, &four),
            two(0x21, 0x31, &[0; 216]),
            two(0x21, 0x11, &[1; PROXY_HEADER_BYTES_MAX - 15]),
        ];
        for bytes in lines.into_iter().chain(binaries.iter().map(Vec::as_slice)) {
            assert_eq!(read_of(bytes).0, Parsed::Wrong, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
