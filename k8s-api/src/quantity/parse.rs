use std::borrow::Cow;
use std::str::FromStr;

use super::{Format, Quantity};

/// The finest power of ten that is kept.
const NANO: i32 = -9;
/// So many decimal digits always fit in upstream's fast form.
const FAST_DIGITS: i32 = 18;
/// So many decimal digits always fit in ours.
const MAX_DIGITS: usize = 38;

/// Why a text is no quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// It does not look like one.
    #[error("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'")]
    Format,
    /// There is no number before the suffix.
    #[error("unable to parse numeric part of quantity")]
    Numeric,
    /// Nobody knows the suffix.
    #[error("unable to parse quantity's suffix")]
    Suffix,
}

impl FromStr for Quantity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

/// Rewrites a quantity as a server stores it, borrowing where that changes nothing.
///
/// Upstream keeps some texts although they are not the shortest, `1.500` for one; so does this.
///
/// # Errors
/// When the text is no quantity.
pub fn canonical(text: &str) -> Result<Cow<'_, str>, ParseError> {
    let (parsed, kept) = quantity(text)?;
    Ok(if kept { Cow::Borrowed(text) } else { Cow::Owned(parsed.to_string()) })
}

/// Reads a quantity and says whether upstream would keep the text as it is.
pub(super) fn quantity(text: &str) -> Result<(Quantity, bool), ParseError> {
    if text.is_empty() {
        return Err(ParseError::Format);
    }
    let parts = Parts::split(text)?;
    let (format, exponent) = suffix(parts.suffix)?;
    let (number, kept) = match format {
        Format::BinarySi => parts.binary(exponent)?,
        _ => parts.decimal(exponent, format)?,
    };
    Ok((if parts.negative { -number } else { number }, kept))
}

/// The pieces of `-012.50Ki`.
struct Parts<'a> {
    negative: bool,
    /// Whether the number has a digit at all, leading zeros included.
    has_digits: bool,
    /// Without leading zeros.
    whole: &'a str,
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, ParseError> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let rest = unsigned.trim_start_matches('0');
        let (whole, rest) = split_digits(rest);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        let exponent = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let digits = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        if !split_digits(digits).1.is_empty() {
            return Err(ParseError::Format);
        }
        let has_digits = unsigned.starts_with('0') || !whole.is_empty() || !fraction.is_empty();
        Ok(Self { negative, has_digits, whole, fraction, suffix })
    }

    /// The digits upstream counts: a missing whole part is one zero.
    fn n_digits(&self) -> i32 {
        (self.whole.len().max(1) + self.fraction.len()) as i32
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    fn decimal(&self, exponent: i32, format: Format) -> Result<(Quantity, bool), ParseError> {
        let scale = exponent.saturating_sub(self.fraction.len() as i32);
        let fast = self.n_digits() <= FAST_DIGITS && scale >= NANO;
        if !fast && !self.has_digits {
            return Err(ParseError::Numeric);
        }
        let n_digits = self.whole.len() + self.fraction.len();
        let dropped = if scale < NANO { scale.abs_diff(NANO) as usize } else { 0 };
        let n_kept = n_digits.saturating_sub(dropped);
        let rounded = self.digits().skip(n_kept).any(|d| d != b'0');
        let unscaled = number(self.digits().take(n_kept)).saturating_add(i128::from(rounded));
        let kept = fast && scale % 3 == 0 && !self.whole.is_empty() && !self.ends_with_three_zeros();
        Ok((Quantity { unscaled, scale: scale.max(NANO), format }, kept))
    }

    fn ends_with_three_zeros(&self) -> bool {
        let n_zeros = self.fraction.bytes().rev().chain(self.whole.bytes().rev()).take_while(|d| *d == b'0').count();
        n_zeros >= 3
    }

    fn binary(&self, exponent: i32) -> Result<(Quantity, bool), ParseError> {
        let precision = 15 - self.whole.len().max(1) as i32 - exponent * 3 / 10 - 1;
        let fast = self.fraction.is_empty() && precision >= 0;
        if fast {
            let whole = number(self.whole.bytes());
            let quantity = Quantity { unscaled: whole << exponent, scale: 0, format: Format::BinarySi };
            return Ok((quantity, whole & 7 != 0));
        }
        if !self.has_digits {
            return Err(ParseError::Numeric);
        }
        Ok((self.exact_binary(exponent), false))
    }

    fn exact_binary(&self, exponent: i32) -> Quantity {
        const NANOS: i128 = 1_000_000_000;
        /// Twenty digits times 2⁶⁰ still fit.
        const N_DIGITS: usize = 20;
        let most = Quantity::new(i64::MAX, Format::BinarySi);
        if self.whole.len() >= N_DIGITS {
            return most;
        }
        let whole = number(self.whole.bytes()) << exponent;
        let padded = self.fraction.bytes().chain(std::iter::repeat(b'0')).take(N_DIGITS);
        let rest = self.fraction.bytes().skip(N_DIGITS).any(|d| d != b'0');
        let fraction = (number(padded) << exponent) + i128::from(rest);
        let nanos = fraction.div_euclid(100_000_000_000) + i128::from(fraction % 100_000_000_000 != 0);
        if whole > i128::from(i64::MAX) {
            return most;
        }
        let unscaled = whole * NANOS + nanos;
        if unscaled > i128::from(i64::MAX) * NANOS {
            return most;
        }
        let format = if unscaled < NANOS { Format::DecimalSi } else { Format::BinarySi };
        Quantity { unscaled, scale: NANO, format }
    }
}

fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// The number that these digits are, capped.
fn number(digits: impl Iterator<Item = u8>) -> i128 {
    let mut total: i128 = 0;
    for (place, digit) in digits.enumerate() {
        let digit = i128::from(digit - b'0');
        total =
            if place < MAX_DIGITS - 1 { total * 10 + digit } else { total.saturating_mul(10).saturating_add(digit) };
    }
    total
}

/// The format that a suffix stands for and the power of ten, or of two.
fn suffix(text: &str) -> Result<(Format, i32), ParseError> {
    let decimal = |exponent| Ok((Format::DecimalSi, exponent));
    let binary = |exponent| Ok((Format::BinarySi, exponent));
    match text {
        "" => decimal(0),
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = text.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i64>().ok());
            // Upstream cuts the exponent to 32 bits.
            exponent.map(|exponent| (Format::DecimalExponent, exponent as i32)).ok_or(ParseError::Suffix)
        }
    }
}
