//! The cases, one module for each trait. Each takes a fresh subject and panics if a promise is broken.

use crate::Case;

pub mod admission;
pub mod authenticators;
pub mod authorizers;

/// What [`authorizer_conformance!`](crate::authorizer_conformance) runs.
pub const AUTHORIZER: &[Case] = crate::__authorizer_cases! { __list, () };

/// What [`authenticator_conformance!`](crate::authenticator_conformance) runs.
pub const AUTHENTICATOR: &[Case] = crate::__authenticator_cases! { __list, () };

/// What [`admission_conformance!`](crate::admission_conformance) runs.
pub const ADMISSION: &[Case] = crate::__admission_cases! { __list, () };
