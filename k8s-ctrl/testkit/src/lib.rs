#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

/// The guide, so that what it shows is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guide-controller.md")]
struct Guide;
