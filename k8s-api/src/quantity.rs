//! Amounts of resources: `100m`, `1.5Gi`, `12e6`.
//!
//! Upstream: `k8s.io/apimachinery/pkg/api/resource`.
//!
//! ```
//! use k8s_api::quantity::Quantity;
//!
//! let half: Quantity = "0.5".parse().unwrap();
//! assert_eq!(half.to_string(), "500m");
//! assert_eq!(half.value(), 1, "whole numbers round away from zero");
//! assert_eq!(half.milli_value(), 500);
//! assert!(half < "1Ki".parse().unwrap());
//! assert_eq!("2Gi".parse::<Quantity>().unwrap() - "1Gi".parse().unwrap(), "1024Mi".parse().unwrap());
//! ```

mod parse;
mod show;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;

pub use parse::{ParseError, canonical};

/// An exact decimal number and the family of suffixes it is written with.
///
/// Two quantities are equal when their numbers are. Up to 38 significant digits are exact; what would need more is
/// capped at the largest number, where upstream goes on without limit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    /// The number is `unscaled` times ten to the power of `scale`.
    unscaled: i128,
    scale: i32,
    format: Format,
}

/// The family of suffixes a quantity is written with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Powers of a thousand: `n`, `u`, `m`, none, `k`, `M`, `G`, `T`, `P`, `E`.
    #[default]
    DecimalSi,
    /// Powers of 1024: `Ki`, `Mi`, `Gi`, `Ti`, `Pi`, `Ei`. What is no whole number, or less than 1024, is written as
    /// [`Format::DecimalSi`].
    BinarySi,
    /// `e` and an exponent: `12e6`.
    DecimalExponent,
}

impl Quantity {
    /// Zero.
    pub const ZERO: Self = Self::new(0, Format::DecimalSi);

    /// A whole number.
    pub const fn new(value: i64, format: Format) -> Self {
        Self { unscaled: value as i128, scale: 0, format }
    }

    /// A number of thousandths.
    pub const fn milli(value: i64, format: Format) -> Self {
        Self { unscaled: value as i128, scale: -3, format }
    }

    /// Reads a quantity.
    ///
    /// What is finer than a billionth is rounded away from zero; binary quantities are capped at 2⁶³ - 1.
    ///
    /// # Errors
    /// With upstream's text when it is none.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        parse::quantity(text).map(|(quantity, _)| quantity)
    }

    /// The number as a whole number, rounded away from zero and capped.
    pub fn value(&self) -> i64 {
        self.scaled_value(0)
    }

    /// The number of thousandths, rounded away from zero and capped.
    pub fn milli_value(&self) -> i64 {
        self.scaled_value(-3)
    }

    /// How often ten to the power of `scale` goes into the number, rounded away from zero and capped.
    pub fn scaled_value(&self, scale: i32) -> i64 {
        let shift = self.scale.saturating_sub(scale);
        let wide = if shift >= 0 {
            scale_up(self.unscaled, shift.unsigned_abs())
        } else {
            scale_down(self.unscaled, shift.unsigned_abs()).0
        };
        i64::try_from(wide).unwrap_or(if wide < 0 { i64::MIN } else { i64::MAX })
    }

    /// The number as a whole number, if it is one that fits.
    pub fn as_i64(&self) -> Option<i64> {
        let whole = if self.scale >= 0 {
            scale_up(self.unscaled, self.scale.unsigned_abs())
        } else {
            let (whole, exact) = scale_down(self.unscaled, self.scale.unsigned_abs());
            exact.then_some(whole)?
        };
        i64::try_from(whole).ok()
    }

    /// The nearest floating-point number.
    pub fn as_f64(&self) -> f64 {
        let factor = 10f64.powi(self.scale.saturating_abs());
        if self.scale < 0 { self.unscaled as f64 / factor } else { self.unscaled as f64 * factor }
    }

    /// Whether the number is zero.
    pub fn is_zero(&self) -> bool {
        self.unscaled == 0
    }

    /// -1, 0 or 1.
    pub fn signum(&self) -> i32 {
        self.unscaled.signum() as i32
    }

    /// How it is written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Product with a whole number, capped.
    pub fn times(self, factor: i64) -> Self {
        Self { unscaled: self.unscaled.saturating_mul(i128::from(factor)), ..self }
    }

    /// The same number with no trailing zeros in `unscaled`, so that equal numbers are equal pairs.
    fn reduced(&self) -> (i128, i32) {
        let (mut unscaled, mut scale) = (self.unscaled, self.scale);
        if unscaled == 0 {
            return (0, 0);
        }
        while unscaled % 10 == 0 {
            unscaled /= 10;
            scale = scale.saturating_add(1);
        }
        (unscaled, scale)
    }
}

/// `n` times ten to the power of `places`, capped.
fn scale_up(n: i128, places: u32) -> i128 {
    if n == 0 {
        return 0;
    }
    let capped = if n < 0 { i128::MIN } else { i128::MAX };
    10i128.checked_pow(places).and_then(|factor| n.checked_mul(factor)).unwrap_or(capped)
}

/// `n` divided by ten to the power of `places`, rounded away from zero, and whether that was exact.
fn scale_down(n: i128, places: u32) -> (i128, bool) {
    let Some(divisor) = 10i128.checked_pow(places) else { return (n.signum(), n == 0) };
    let rest = n % divisor;
    (n / divisor + rest.signum(), rest == 0)
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self, other);
        if a.scale == b.scale || a.unscaled.signum() != b.unscaled.signum() {
            return a.unscaled.cmp(&b.unscaled);
        }
        // Of two numbers of one sign, the one that cannot be written at the other's scale is farther from zero.
        if a.scale > b.scale {
            scale_up(a.unscaled, a.scale.abs_diff(b.scale)).cmp(&b.unscaled)
        } else {
            a.unscaled.cmp(&scale_up(b.unscaled, a.scale.abs_diff(b.scale)))
        }
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reduced().hash(state);
    }
}

impl Add for Quantity {
    type Output = Self;

    /// The sum, capped, in this quantity's format, or in the other's when this one is zero.
    fn add(self, other: Self) -> Self {
        if self.is_zero() {
            return other;
        }
        if other.is_zero() {
            return self;
        }
        let scale = self.scale.min(other.scale);
        let here = scale_up(self.unscaled, self.scale.abs_diff(scale));
        let there = scale_up(other.unscaled, other.scale.abs_diff(scale));
        Self { unscaled: here.saturating_add(there), scale, format: self.format }
    }
}

impl Neg for Quantity {
    type Output = Self;

    fn neg(self) -> Self {
        Self { unscaled: self.unscaled.saturating_neg(), ..self }
    }
}

impl Sub for Quantity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl AddAssign for Quantity {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Quantity {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Quantity {
    fn sum<I: Iterator<Item = Self>>(quantities: I) -> Self {
        quantities.fold(Self::ZERO, Add::add)
    }
}

impl TryFrom<&Text> for Quantity {
    type Error = ParseError;

    fn try_from(text: &Text) -> Result<Self, ParseError> {
        Self::parse(&text.0)
    }
}

impl From<Quantity> for Text {
    fn from(quantity: Quantity) -> Self {
        Self(quantity.to_string())
    }
}
