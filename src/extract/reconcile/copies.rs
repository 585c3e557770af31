//! Copies of a profile that its posts carry in lists: fresh where they agree, of some time ago where they do not.

use crate::model::page::{Field, Reading, Sighting};
use crate::model::selectors::Role;

/// A field in a list: visit, body, shape, field.
type Place = (usize, usize, usize, Field);

/// The profile as the posts of lists carry it. What all posts of a list say is what the site says now; where they say different
/// numbers, or none that was filled in, they may be old.
pub(super) struct Copies(Vec<(Place, Option<u64>)>);

impl Copies {
    pub(super) fn of(sightings: &[&Sighting]) -> Self {
        let mut said: Vec<(Place, Option<u64>)> = Vec::new();
        for sighting in sightings.iter().filter(|sighting| is_copy(sighting)) {
            for reading in &sighting.readings {
                let Some(count) = reading.value.as_count() else { continue };
                let key = (sighting.visit, sighting.body, sighting.rank, reading.field);
                match said.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, one)) => *one = one.filter(|one| *one == count),
                    None => said.push((key, Some(count).filter(|count| *count > 0))),
                }
            }
        }
        Self(said)
    }

    pub(super) fn are_old(&self, (sighting, reading): &(&Sighting, &Reading)) -> bool {
        let key = (sighting.visit, sighting.body, sighting.rank, reading.field);
        is_copy(sighting) && !self.0.iter().any(|(known, one)| *known == key && one.is_some())
    }
}

fn is_copy(sighting: &Sighting) -> bool {
    sighting.role == Role::Profile && sighting.among_many
}
