//! Pictures of few colours as PNG (ISO/IEC 15948), one byte to a point.

use std::io::Write as _;

use flate2::{Compression, write::ZlibEncoder};

/// A colour of the palette.
pub type Colour = [u8; 3];

/// A picture: a colour's number for each point, row by row.
pub struct Canvas {
    pub width: usize,
    pub height: usize,
    points: Vec<u8>,
}

impl Canvas {
    /// All in the first colour.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, points: vec![0; width * height] }
    }

    /// Paints a point; one beside the picture is passed over.
    pub fn dot(&mut self, x: usize, y: usize, colour: u8) {
        if x < self.width && y < self.height {
            self.points[y * self.width + x] = colour;
        }
    }

    /// Paints a column from `top` down to the lower edge.
    pub fn column(&mut self, x: usize, top: usize, colour: u8) {
        for y in top..self.height {
            self.dot(x, y, colour);
        }
    }

    /// Paints a disc.
    pub fn disc(&mut self, (cx, cy): (i64, i64), radius: i64, colour: u8) {
        for y in cy - radius..=cy + radius {
            for x in cx - radius..=cx + radius {
                if (x - cx).pow(2) + (y - cy).pow(2) <= radius * radius
                    && let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
                {
                    self.dot(x, y, colour);
                }
            }
        }
    }

    /// The file. What a picture has no colour for is painted in the last one.
    pub fn png(&self, palette: &[Colour]) -> Vec<u8> {
        let last = u8::try_from(palette.len().saturating_sub(1)).unwrap_or(u8::MAX);
        let mut rows = ZlibEncoder::new(Vec::new(), Compression::fast());
        for row in self.points.chunks(self.width.max(1)) {
            // Each row says that it is not filtered. Memory takes every byte.
            let row: Vec<u8> = [0].into_iter().chain(row.iter().map(|&c| c.min(last))).collect();
            let _ = rows.write_all(&row);
        }
        let side = |length: usize| u32::try_from(length).unwrap_or(0).to_be_bytes();
        let mut head = [side(self.width), side(self.height)].concat();
        // Eight bits, a palette, and the only ways to compress, filter and interlace that are plain.
        head.extend_from_slice(&[8, 3, 0, 0, 0]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        chunk(&mut file, *b"IHDR", &head);
        chunk(&mut file, *b"PLTE", palette.as_flattened());
        chunk(&mut file, *b"IDAT", &rows.finish().unwrap_or_default());
        chunk(&mut file, *b"IEND", &[]);
        file
    }
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], bytes: &[u8]) {
    file.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes());
    let begin = file.len();
    file.extend_from_slice(&name);
    file.extend_from_slice(bytes);
    let sum = crc32fast::hash(&file[begin..]);
    file.extend_from_slice(&sum.to_be_bytes());
}
