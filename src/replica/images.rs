//! Pictures: colourful, different from each other, made once and kept. Each picture address names a key; a key leads
//! to one of a fixed number of works, so that serving thousands of profiles costs neither time nor memory.

use std::sync::OnceLock;

use bytes::Bytes;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};

use super::dice::Dice;

const WORKS: usize = 48;
const COVER: (u32, u32) = (405, 540);
const AVATAR: (u32, u32) = (240, 240);

/// All pictures of a site.
#[derive(Debug)]
pub(super) struct Gallery {
    seed: u64,
    covers: [OnceLock<Bytes>; WORKS],
    avatars: [OnceLock<Bytes>; WORKS],
}

impl Gallery {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, covers: [const { OnceLock::new() }; WORKS], avatars: [const { OnceLock::new() }; WORKS] }
    }

    /// The cover that belongs to a key, a JPEG.
    pub(super) fn cover(&self, key: &str) -> Bytes {
        let work = Dice::new(self.seed, &["work", key]).index(WORKS);
        self.covers[work].get_or_init(|| paint(self.seed, "cover", work, COVER)).clone()
    }

    /// The avatar that belongs to a key, a JPEG.
    pub(super) fn avatar(&self, key: &str) -> Bytes {
        let work = Dice::new(self.seed, &["work", key]).index(WORKS);
        self.avatars[work].get_or_init(|| paint(self.seed, "avatar", work, AVATAR)).clone()
    }
}

/// A sky of two colours, a few discs, and grain, as a JPEG.
fn paint(seed: u64, what: &str, work: usize, (width, height): (u32, u32)) -> Bytes {
    let mut dice = Dice::new(seed, &["paint", what, &work.to_string()]);
    let (top, bottom) = (colour(&mut dice), colour(&mut dice));
    let discs: Vec<_> = (0..5)
        .map(|_| {
            let at = |dice: &mut Dice, size: u32| i64::try_from(dice.below(u64::from(size))).unwrap_or(0);
            let (x, y) = (at(&mut dice, width), at(&mut dice, height));
            let radius = i64::try_from(dice.between(20, 120)).unwrap_or(15);
            (x, y, radius * radius, colour(&mut dice))
        })
        .collect();
    let mut grain = dice.clone();
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let inside =
            |(cx, cy, r2, _): &&(i64, i64, i64, [u8; 3])| (i64::from(x) - cx).pow(2) + (i64::from(y) - cy).pow(2) < *r2;
        let base = discs.iter().rev().find(inside).map_or_else(|| blend(top, bottom, y, height), |disc| disc.3);
        let speck = u8::try_from(grain.bits() >> 61).unwrap_or(0);
        Rgb(base.map(|channel| channel.saturating_add(speck)))
    });
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 82);
    match encoder.write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8) {
        Ok(()) => Bytes::from(jpeg),
        Err(error) => {
            tracing::error!(%error, "the replica could not encode a picture");
            Bytes::new()
        }
    }
}

fn colour(dice: &mut Dice) -> [u8; 3] {
    [(); 3].map(|()| u8::try_from(dice.between(30, 225)).unwrap_or(128))
}

fn blend(top: [u8; 3], bottom: [u8; 3], y: u32, height: u32) -> [u8; 3] {
    let mixed = |i: usize| {
        let value = (u32::from(top[i]) * (height - y) + u32::from(bottom[i]) * y) / height;
        u8::try_from(value).unwrap_or(u8::MAX)
    };
    [mixed(0), mixed(1), mixed(2)]
}
