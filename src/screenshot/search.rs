//! The search for the quality: a quarter of the picture tells where to begin, then a secant on the logarithm of the size; one
//! or two encodes where a binary search takes seven. Where even the lowest quality worth having does not fit, the picture is
//! made smaller and the search begins anew.

use image::RgbImage;

use super::encode::Codec;
use super::{Config, Fitted, ScreenshotError, sample, scale};

/// A picture is made smaller at most so often: 0.75 to the power of 24 is a thousandth.
const MOST_SHRINKS: u32 = 24;

/// The share of the budget that is aimed at.
const AIM: f64 = 0.95;

/// How far, as a logarithm, a sample may err about the whole.
const SAMPLE_ERROR: f64 = 0.06;

/// One encode: where its quality lies on the codec's curve, and the logarithm of its size.
#[derive(Debug, Clone, Copy)]
struct Point {
    quality: u8,
    place: f64,
    log: f64,
}

/// What a search at one size found.
enum Found {
    /// The bytes that fit, and their quality.
    Fits(Vec<u8>, u8),
    /// Nothing worth having fits.
    Nothing,
}

/// The best picture within the budget.
pub(super) fn best_that_fits(mut image: RgbImage, config: &Config) -> Result<Fitted, ScreenshotError> {
    let codec = Codec::of(config.profile);
    let mut encodes = 0;
    while pixels(&image) > config.halve_above_pixels || image.width().max(image.height()) > codec.largest_side {
        image = scale::halve(&image);
    }
    for _ in 0..MOST_SHRINKS {
        if let Found::Fits(bytes, quality) = at_this_size(&image, codec, config.max_bytes, &mut encodes)? {
            let (width, height) = image.dimensions();
            return Ok(Fitted { bytes, format: codec.format, width, height, quality: Some(quality), encodes });
        }
        if image.width() <= 1 && image.height() <= 1 {
            break;
        }
        image = scale::smaller(&image);
    }
    Err(ScreenshotError::CannotFit { max_bytes: config.max_bytes })
}

fn at_this_size(image: &RgbImage, codec: Codec, max_bytes: usize, encodes: &mut u32) -> Result<Found, ScreenshotError> {
    let aim = log(max_bytes) + AIM.ln();
    let (mut fits, mut too_large): (Option<Point>, Option<Point>) = (None, None);
    let (mut kept, mut spare) = (Vec::new(), Vec::new());
    let Some(mut quality) = first_quality(image, codec, aim, &mut spare)? else { return Ok(Found::Nothing) };
    for round in 1.. {
        codec.encode(image, quality, &mut spare)?;
        *encodes += 1;
        let point = Point { quality, place: codec.place(quality), log: log(spare.len()) };
        if spare.len() <= max_bytes {
            std::mem::swap(&mut kept, &mut spare);
            fits = Some(point);
            if quality >= codec.good || point.log >= log(max_bytes) + codec.filled.ln() {
                break;
            }
        } else {
            too_large = Some(point);
            if quality == codec.lowest {
                break;
            }
        }
        let settled = fits.is_some() && round >= codec.most_encodes;
        match next_quality(codec, aim, point, fits, too_large) {
            Some(next) if !settled => quality = next,
            _ => break,
        }
    }
    Ok(match fits {
        Some(point) => Found::Fits(kept, point.quality),
        None => Found::Nothing,
    })
}

/// The quality to begin with, as a sample of the picture foretells; none where it says that nothing worth having fits.
fn first_quality(image: &RgbImage, codec: Codec, aim: f64, spare: &mut Vec<u8>) -> Result<Option<u8>, ScreenshotError> {
    let Some(sample) = sample::tiles(image) else { return Ok(Some(codec.first)) };
    codec.encode(&sample.image, codec.first, spare)?;
    let place = codec.place(codec.first) + aim - log(spare.len()) - sample.whole.ln() + codec.tiles_cost;
    let hopeless = place < codec.place(codec.lowest) - SAMPLE_ERROR;
    Ok((!hopeless).then(|| codec.quality_at(place)))
}

/// The next quality to try, strictly between what fits and what does not; none where nothing lies between. After many
/// rounds without a fit the steps are halved by the bounds themselves, so the search always ends.
fn next_quality(codec: Codec, aim: f64, last: Point, fits: Option<Point>, too_large: Option<Point>) -> Option<u8> {
    let place = match (fits, too_large) {
        (Some(low), Some(high)) if high.log > low.log => {
            low.place + (aim - low.log) * (high.place - low.place) / (high.log - low.log)
        }
        _ => last.place + aim - last.log,
    };
    let floor = fits.map_or(codec.lowest, |p| p.quality.saturating_add(1));
    let ceiling = too_large.map_or(codec.highest, |p| p.quality.saturating_sub(1));
    let wanted = codec.quality_at(place);
    // What fits is already the best that is predicted to fit, or nothing lies between the two.
    if floor > ceiling || (fits.is_some() && wanted < floor) {
        return None;
    }
    Some(wanted.clamp(floor, ceiling))
}

fn pixels(image: &RgbImage) -> u64 {
    u64::from(image.width()) * u64::from(image.height())
}

/// The logarithm of a size; sizes are far below 2^32.
fn log(bytes: usize) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)).ln()
}
