//! Fitting a picture of 1280 x 900 into its budget, and a full page. The promises: `fast` at most 25 ms, `best` at most
//! 280 ms, a full page at most 300 ms. `SHOT=file` measures a picture of your own in place of the made one.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder as _, Rgb, RgbImage};
use social_sentinel::config::builtin_section;
use social_sentinel::model::capture::Picture;
use social_sentinel::screenshot::{Config, Profile, fit};

/// White, lines like text, a grid of thumbnails with grain: as a profile's page looks to an encoder.
fn page(height: u32) -> Picture {
    let mut state = 0x9E37_79B9_u32;
    let mut noise = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1] % 24
    };
    let image = RgbImage::from_fn(1280, height, |x, y| {
        let (column, row) = (x % 250, y % 420);
        if column < 230 && row < 320 && y > 200 {
            let shade = u8::try_from((column + row) % 200).unwrap();
            return Rgb([shade.saturating_add(noise()), 120_u8.saturating_add(noise()), 200 - shade]);
        }
        let text = row % 22 < 10 && row > 340 && column < 200 && (x * 7 + y * 13) % 11 < 3 && x % 9 < 6;
        if text { Rgb([30, 30, 40]) } else { Rgb([255, 255, 255]) }
    });
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive)
        .write_image(image.as_raw(), 1280, height, ExtendedColorType::Rgb8)
        .unwrap();
    Picture { bytes }
}

#[expect(clippy::disallowed_methods, reason = "a measuring tool, run by hand")]
fn window() -> Picture {
    std::env::var("SHOT").map_or_else(|_| page(900), |file| Picture { bytes: std::fs::read(file).unwrap() })
}

fn fitting(criterion: &mut Criterion) {
    let config: Config = builtin_section("screenshot").unwrap();
    let pictures = [("window", window()), ("full_page", page(4000))];
    let mut group = criterion.benchmark_group("screenshot");
    group.sample_size(20);
    for (name, picture) in &pictures {
        for profile in [Profile::Fast, Profile::Best] {
            let config = Config { profile, ..config.clone() };
            group.bench_function(format!("{name}_{profile:?}").to_lowercase(), |bencher| {
                bencher.iter(|| black_box(fit(black_box(picture), &config).unwrap()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, fitting);
criterion_main!(benches);
