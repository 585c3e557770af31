//! The words of the house: plain values that cross rooms. No I/O, no parsed DOM, all `Send`.
//! They stand on the lowest floor so that every room can speak to the engine without knowing its neighbours.

pub mod capture;
pub mod document;
pub mod event;
pub mod extraction;
pub mod fault;
pub mod job;
pub mod page;
pub mod selectors;
pub mod visit;
