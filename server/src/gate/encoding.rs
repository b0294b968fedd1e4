//! Which content coding an answer gets (RFC 9110, section 12.5.3), and the compressors.
//!
//! Only text and its like is compressed, and only where it is long enough to be worth it. What a
//! client says it cannot take is never sent.

use std::io;

use async_compression::{
    Level,
    tokio::bufread::{BrotliEncoder, GzipEncoder},
};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream::BoxStream};
use tokio_util::io::{ReaderStream, StreamReader};

/// Applications' types that are text all the same.
const TEXTUAL: [&str; 10] =
    ["json", "xml", "javascript", "x-ndjson", "jsonl", "csv", "yaml", "toml", "rtf", "x-sh"];
/// Below this a compressed answer is hardly shorter.
const BYTES_MIN: u64 = 1024;
/// Strong enough for text and cheap enough to do for every delivery.
const BROTLI_QUALITY: i32 = 4;
/// What a compressor hands on at a time.
const CHUNK: usize = 16 * 1024;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// All there are, the one we would rather send first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Identity];

    /// Its name in headers; the identity has none.
    pub const fn token(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// Compresses a stream of bytes. Its end comes only after the end of what goes in.
    pub fn apply(
        self,
        stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
    ) -> BoxStream<'static, io::Result<Bytes>> {
        let reader = StreamReader::new(stream);
        match self {
            Self::Identity => ReaderStream::with_capacity(reader, CHUNK).boxed(),
            Self::Gzip => encoded(GzipEncoder::new(reader)),
            Self::Brotli => {
                encoded(BrotliEncoder::with_quality(reader, Level::Precise(BROTLI_QUALITY)))
            }
        }
    }
}

fn encoded(
    encoder: impl tokio::io::AsyncRead + Send + 'static,
) -> BoxStream<'static, io::Result<Bytes>> {
    ReaderStream::with_capacity(encoder, CHUNK).boxed()
}

/// Whether content of this type and length has compressed representations.
pub(super) fn compressible(media_type: &str, bytes: u64) -> bool {
    if bytes < BYTES_MIN {
        return false;
    }
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let Some((kind, name)) = essence.split_once('/') else { return false };
    let suffix = name.rsplit_once('+').map(|(_, suffix)| suffix);
    let is_one_of = |names: &[&str], name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    kind.eq_ignore_ascii_case("text")
        || suffix.is_some_and(|suffix| is_one_of(&["json", "xml"], suffix))
        || kind.eq_ignore_ascii_case("application") && is_one_of(&TEXTUAL, name)
}

/// The coding to send, or `None` if the client takes none of those there are.
pub(super) fn negotiate(headers: &HeaderMap, compressible: bool) -> Option<Encoding> {
    let wishes = Wishes::read(headers);
    let offered = Encoding::ALL.into_iter().filter(|&e| compressible || e == Encoding::Identity);
    // The first of the best wins: we would rather compress where the client does not mind.
    let mut best: Option<(u16, Encoding)> = None;
    for encoding in offered {
        let weight = wishes.weight(encoding);
        if weight > best.map_or(0, |(weight, _)| weight) {
            best = Some((weight, encoding));
        }
    }
    best.map(|(_, encoding)| encoding)
}

/// Whether the client takes the bytes as they are.
pub(super) fn takes_identity(headers: &HeaderMap) -> bool {
    Wishes::read(headers).weight(Encoding::Identity) > 0
}

/// Weights in thousandths; nothing where a coding is not named.
struct Wishes {
    brotli: Option<u16>,
    gzip: Option<u16>,
    identity: Option<u16>,
    any: Option<u16>,
}

impl Wishes {
    fn read(headers: &HeaderMap) -> Self {
        let mut wishes = Self { brotli: None, gzip: None, identity: None, any: None };
        let values = headers.get_all(header::ACCEPT_ENCODING);
        let parts = values.iter().filter_map(|value| value.to_str().ok());
        for part in parts.flat_map(|value| value.split(',')) {
            let (name, parameter) = part.split_once(';').unwrap_or((part, ""));
            let Some(weight) = weight(parameter) else { continue };
            match name.trim().to_ascii_lowercase().as_str() {
                "br" => wishes.brotli = Some(weight),
                "gzip" | "x-gzip" => wishes.gzip = Some(weight),
                "identity" => wishes.identity = Some(weight),
                "*" => wishes.any = Some(weight),
                _ => {}
            }
        }
        wishes
    }

    fn weight(&self, encoding: Encoding) -> u16 {
        match encoding {
            Encoding::Brotli => self.brotli.or(self.any).unwrap_or(0),
            Encoding::Gzip => self.gzip.or(self.any).unwrap_or(0),
            // Fine unless it is ruled out, and the last resort unless it is asked for.
            Encoding::Identity => self.identity.unwrap_or(if self.any == Some(0) { 0 } else { 1 }),
        }
    }
}

/// `q=0.5` in thousandths; `None` where it cannot be read.
fn weight(parameter: &str) -> Option<u16> {
    let parameter = parameter.trim();
    if parameter.is_empty() {
        return Some(1000);
    }
    let (name, value) = parameter.split_once('=')?;
    if !name.trim().eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, fraction) = value.trim().split_once('.').unwrap_or((value.trim(), ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// Compresses bytes that are all there.
pub(super) async fn compress(encoding: Encoding, whole: Bytes) -> io::Result<Bytes> {
    if encoding == Encoding::Identity {
        return Ok(whole);
    }
    let mut out = bytes::BytesMut::new();
    let mut stream = encoding.apply(futures::stream::iter([Ok(whole)]));
    while let Some(chunk) = stream.next().await {
        out.extend_from_slice(&chunk?);
    }
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use tokio::io::{AsyncBufRead, AsyncReadExt as _, BufReader};

    fn of(accepted: &[&str], compressible: bool) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        for value in accepted {
            headers.append(header::ACCEPT_ENCODING, HeaderValue::from_str(value).unwrap());
        }
        negotiate(&headers, compressible)
    }

    #[test]
    fn the_client_chooses_the_coding() {
        use Encoding::{Brotli, Gzip, Identity};
        for (accepted, expected) in [
            (vec![], Some(Identity)),
            (vec![""], Some(Identity)),
            (vec!["gzip"], Some(Gzip)),
            (vec!["x-gzip"], Some(Gzip)),
            (vec!["gzip, deflate, br, zstd"], Some(Brotli)),
            (vec!["gzip", "br;q=0.5"], Some(Gzip)),
            (vec!["gzip;q=0.5, identity"], Some(Identity)),
            (vec!["gzip, identity"], Some(Gzip)),
            (vec!["GZIP ; Q=1.000"], Some(Gzip)),
            (vec!["gzip;q=0"], Some(Identity)),
            (vec!["zstd, deflate"], Some(Identity)),
            (vec!["*"], Some(Brotli)),
            (vec!["br;q=0, *"], Some(Gzip)),
            (vec!["*;q=0"], None),
            (vec!["identity;q=0"], None),
            (vec!["identity;q=0, gzip"], Some(Gzip)),
            (vec!["*;q=0, gzip;q=0.001"], Some(Gzip)),
            (vec!["*;q=0, identity"], Some(Identity)),
            (vec!["gzip;q=2, br;q=x"], Some(Identity)),
            (vec!["gzip;q=0.0001"], Some(Identity)),
        ] {
            assert_eq!(of(&accepted, true), expected, "{accepted:?}");
        }
        assert_eq!(of(&["gzip, br"], false), Some(Identity));
        assert_eq!(of(&["identity;q=0, gzip"], false), None);
    }

    #[test]
    fn only_text_of_some_length_is_compressed() {
        for (media_type, bytes, expected) in [
            ("text/plain; charset=utf-8", 1024, true),
            ("TEXT/CSV", 5000, true),
            ("image/svg+xml", 5000, true),
            ("application/ld+json", 5000, true),
            ("text/plain", 1023, false),
            ("image/png", 5000, false),
            ("application/zip", 5000, false),
            ("", 5000, false),
        ] {
            assert_eq!(compressible(media_type, bytes), expected, "{media_type}");
        }
    }

    async fn plain(encoding: Encoding, packed: Bytes) -> Vec<u8> {
        use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder};
        async fn all(reader: impl tokio::io::AsyncRead) -> Vec<u8> {
            let (mut plain, mut reader) = (Vec::new(), std::pin::pin!(reader));
            reader.read_to_end(&mut plain).await.unwrap();
            plain
        }
        fn buffered(packed: &Bytes) -> impl AsyncBufRead + '_ {
            BufReader::new(&packed[..])
        }
        match encoding {
            Encoding::Identity => packed.to_vec(),
            Encoding::Gzip => all(GzipDecoder::new(buffered(&packed))).await,
            Encoding::Brotli => all(BrotliDecoder::new(buffered(&packed))).await,
        }
    }

    #[tokio::test]
    async fn what_is_compressed_reads_back() {
        let text = Bytes::from("Salt was the first road. ".repeat(400));
        for encoding in Encoding::ALL {
            let packed = compress(encoding, text.clone()).await.unwrap();
            assert_eq!(packed.len() < text.len(), encoding != Encoding::Identity);
            assert_eq!(plain(encoding, packed).await, text);
        }
    }

    /// The promise that no last byte leaves before its receipt is durable rests on this.
    #[tokio::test]
    async fn nothing_whole_comes_out_before_everything_went_in() {
        for encoding in [Encoding::Gzip, Encoding::Brotli] {
            let (send, receive) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(4);
            let incoming = futures::stream::unfold(receive, |mut receive| async move {
                Some((receive.recv().await?, receive))
            });
            let mut packed = encoding.apply(incoming);
            let text: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
            send.send(Ok(text.clone().into())).await.unwrap();
            let mut before = Vec::new();
            let all_there_is = async {
                while let Some(chunk) = packed.next().await {
                    before.extend_from_slice(&chunk.unwrap());
                }
            };
            let waited = tokio::time::timeout(std::time::Duration::from_millis(300), all_there_is);
            assert!(waited.await.is_err(), "{encoding:?} ended although its input had not");
            drop(send);
            while let Some(chunk) = packed.next().await {
                before.extend_from_slice(&chunk.unwrap());
            }
            assert_eq!(plain(encoding, before.into()).await, text);
        }
    }
}
