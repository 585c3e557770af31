//! Pictures under their budget: pages made here pixel by pixel, and bytes that mean harm.

#![expect(clippy::unwrap_used, reason = "the makers of test pictures have no one to answer to")]

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};
use proptest::prelude::*;
use social_sentinel::model::capture::Picture;
use social_sentinel::screenshot::{Config, Fitted, Format, Profile, ScreenshotError, fit};

const PROMISE: usize = 100_000;

fn config(profile: Profile) -> Config {
    Config {
        profile,
        max_bytes: 99_900,
        max_width_px: 8_192,
        max_height_px: 32_768,
        max_decode_bytes: 134_217_728,
        halve_above_pixels: 2_400_000,
    }
}

/// A small generator of its own: the same picture in every run.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0.to_le_bytes()[1]
    }
}

/// A page like a profile: white, lines of small dark strokes like text, a grid of thumbnails (a gradient under noise).
fn page(width: u32, height: u32, grain: u8) -> RgbImage {
    let mut noise = Noise(0x9E37_79B9);
    RgbImage::from_fn(width, height, |x, y| {
        let (column, row) = (x % 250, y % 420);
        if column < 230 && row < 320 && y > 200 {
            let shade = u8::try_from((column + row) % 200).unwrap();
            let grain = if grain == 0 { 0 } else { noise.next() % grain };
            return Rgb([shade.saturating_add(grain), 120_u8.saturating_add(grain), 200 - shade]);
        }
        let text = row % 22 < 10 && row > 340 && column < 200 && (x * 7 + y * 13) % 11 < 3 && x % 9 < 6;
        if text { Rgb([30, 30, 40]) } else { Rgb([255, 255, 255]) }
    })
}

fn png(image: &RgbImage) -> Picture {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(image.as_raw(), image.width(), image.height(), ExtendedColorType::Rgb8)
        .unwrap();
    Picture { bytes }
}

fn decoded(fitted: &Fitted) -> RgbImage {
    image::load_from_memory(&fitted.bytes).unwrap().to_rgb8()
}

/// The mean difference of two pictures of one size, in levels of 255.
fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    f64::from(u32::try_from(sum / 100).unwrap()) * 100.0 / f64::from(u32::try_from(a.as_raw().len()).unwrap())
}

#[test]
fn a_window_fits_at_full_size_in_few_encodes() {
    let image = page(1280, 900, 14);
    for (profile, format) in [(Profile::Fast, Format::Jpeg), (Profile::Best, Format::Webp)] {
        let fitted = fit(&png(&image), &config(profile)).unwrap();
        assert_eq!((fitted.format, fitted.width, fitted.height), (format, 1280, 900));
        assert!(
            fitted.bytes.len() < PROMISE && fitted.bytes.len() > 80_000,
            "{profile:?}: {} bytes",
            fitted.bytes.len()
        );
        assert!(fitted.encodes <= 2, "{profile:?}: {} encodes", fitted.encodes);
        assert!(difference(&decoded(&fitted), &image) < 12.0, "{profile:?}");
    }
}

#[test]
fn a_plain_page_has_the_highest_quality() {
    for profile in [Profile::Fast, Profile::Best] {
        let fitted = fit(&png(&RgbImage::from_pixel(1280, 900, Rgb([250, 250, 250]))), &config(profile)).unwrap();
        assert_eq!(fitted.quality, Some(95));
        assert!(fitted.bytes.len() < 20_000 && fitted.encodes == 1);
    }
}

#[test]
fn a_full_page_is_halved_first() {
    for profile in [Profile::Fast, Profile::Best] {
        let fitted = fit(&png(&page(1280, 3_600, 10)), &config(profile)).unwrap();
        assert_eq!((fitted.width, fitted.height), (640, 1_800));
        assert!(fitted.bytes.len() < PROMISE);
    }
}

#[test]
fn what_no_quality_can_fit_is_made_smaller() {
    let mut noise = Noise(7);
    let static_snow = RgbImage::from_fn(1280, 900, |_, _| Rgb([noise.next(), noise.next(), noise.next()]));
    for profile in [Profile::Fast, Profile::Best] {
        let fitted = fit(&png(&static_snow), &config(profile)).unwrap();
        assert!(fitted.bytes.len() < PROMISE && fitted.width < 1280, "{profile:?}");
    }
    let tiny = Config { max_bytes: 2_000, ..config(Profile::Fast) };
    assert!(fit(&png(&static_snow), &tiny).unwrap().bytes.len() <= 2_000);
    let none = Config { max_bytes: 10, ..config(Profile::Fast) };
    assert!(matches!(fit(&png(&page(64, 64, 9)), &none), Err(ScreenshotError::CannotFit { max_bytes: 10 })));
}

#[test]
fn a_picture_of_the_browser_that_fits_is_kept_byte_for_byte() {
    for profile in [Profile::Fast, Profile::Best] {
        let fitted = fit(&png(&page(1280, 900, 20)), &config(profile)).unwrap();
        let taken = Picture { bytes: fitted.bytes.clone() };
        let kept = fit(&taken, &config(Profile::Fast)).unwrap();
        assert_eq!((kept.bytes, kept.format, kept.quality, kept.encodes), (fitted.bytes, fitted.format, None, 0));
        let smaller = fit(&taken, &Config { max_bytes: 60_000, ..config(profile) }).unwrap();
        assert!(smaller.bytes.len() <= 60_000 && smaller.encodes > 0);
    }
}

#[test]
fn the_same_picture_gives_the_same_bytes() {
    let taken = png(&page(640, 480, 30));
    for profile in [Profile::Fast, Profile::Best] {
        assert_eq!(fit(&taken, &config(profile)).unwrap(), fit(&taken, &config(profile)).unwrap());
    }
}

#[test]
fn what_is_transparent_becomes_white() {
    let clear = image::RgbaImage::from_pixel(64, 64, image::Rgba([0, 0, 0, 0]));
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes).write_image(clear.as_raw(), 64, 64, ExtendedColorType::Rgba8).unwrap();
    let fitted = fit(&Picture { bytes }, &config(Profile::Fast)).unwrap();
    assert!(decoded(&fitted).pixels().all(|p| p.0.iter().all(|c| *c > 250)));
}

/// A PNG that says it is so large, with hardly any data behind it.
fn claims_to_be(width: u32, height: u32) -> Picture {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 2, 0, 0, 0]);
    let crc = !header.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xEDB8_8320 } else { c >> 1 })
    });
    let mut bytes = vec![0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13];
    bytes.extend(header);
    bytes.extend(crc.to_be_bytes());
    bytes.extend([0, 0, 0, 0, b'I', b'D', b'A', b'T', 0x35, 0xAF, 0x06, 0x1E]);
    Picture { bytes }
}

#[test]
fn a_picture_that_would_fill_the_memory_is_refused_by_its_header() {
    for (width, height) in [(12_000, 12_000), (1, 40_000), (8_000, 32_000), (u32::MAX, u32::MAX)] {
        let refused = fit(&claims_to_be(width, height), &config(Profile::Fast));
        assert!(
            matches!(refused, Err(ScreenshotError::TooLarge { .. } | ScreenshotError::Damaged { .. })),
            "{width} x {height}: {refused:?}"
        );
    }
    assert!(matches!(
        fit(&claims_to_be(12_000, 12_000), &config(Profile::Fast)),
        Err(ScreenshotError::TooLarge { .. })
    ));
}

#[test]
fn what_is_no_picture_has_an_error_that_says_so() {
    let fails = |bytes: &[u8]| fit(&Picture { bytes: bytes.to_vec() }, &config(Profile::Fast)).unwrap_err();
    assert!(matches!(fails(b""), ScreenshotError::Empty));
    assert!(matches!(fails(b"<html></html>"), ScreenshotError::NotAnImage { .. }));
    assert!(matches!(fails(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"), ScreenshotError::NotAnImage { .. }));
    assert!(fails(b"<html>").to_string().contains("take it again"));
}

#[test]
fn a_picture_that_breaks_off_is_damaged() {
    let image = page(320, 240, 30);
    let jpeg = fit(&png(&image), &config(Profile::Fast)).unwrap().bytes;
    let webp = fit(&png(&image), &config(Profile::Best)).unwrap().bytes;
    for bytes in [png(&image).bytes, jpeg, webp] {
        for part in [1, 3, 10, 50, 90] {
            let cut = Picture { bytes: bytes[..bytes.len() * part / 100].to_vec() };
            let outcome = fit(&cut, &config(Profile::Fast));
            assert!(matches!(outcome, Err(ScreenshotError::Damaged { .. })), "{part} %: {outcome:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn no_bytes_make_it_panic(place in 0_usize..2_000, byte in any::<u8>(), cut in 0_usize..4_000) {
        let image = page(48, 48, 30);
        for profile in [Profile::Fast, Profile::Best] {
            let mut bytes = fit(&png(&image), &config(profile)).unwrap().bytes;
            let place = place % bytes.len();
            bytes[place] = byte;
            let cut = bytes.len() - cut % bytes.len();
            let small = Config { max_bytes: 1_000, ..config(profile) };
            let _ = fit(&Picture { bytes: bytes[..cut].to_vec() }, &small);
        }
        let mut bytes = png(&image).bytes;
        let place = place % bytes.len();
        bytes[place] = byte;
        let _ = fit(&Picture { bytes }, &config(Profile::Fast));
    }
}
