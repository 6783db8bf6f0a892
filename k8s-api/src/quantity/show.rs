use std::fmt;

use super::{Format, Quantity, scale_down, scale_up};

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

impl fmt::Display for Quantity {
    /// Writes the canonical form: no fraction, the largest suffix that loses nothing.
    ///
    /// Like upstream, it writes no suffix where the family has none that is large enough.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_zero() {
            return f.write_str("0");
        }
        if self.format == Format::BinarySi
            && let Some(whole) = self.binary_whole()
        {
            return binary(whole, f);
        }
        let (mut amount, mut exponent) = self.reduced();
        let odd = exponent.rem_euclid(3);
        amount = scale_up(amount, odd.unsigned_abs());
        exponent -= odd;
        match self.format {
            Format::DecimalExponent if exponent != 0 => write!(f, "{amount}e{exponent}"),
            Format::DecimalExponent => write!(f, "{amount}"),
            _ => {
                let place = usize::try_from(exponent / 3 + 3).unwrap_or(usize::MAX);
                write!(f, "{amount}{}", DECIMAL.get(place).unwrap_or(&""))
            }
        }
    }
}

impl Quantity {
    /// The number, if it is whole and at least 1024 away from zero.
    fn binary_whole(&self) -> Option<i128> {
        let whole = if self.scale >= 0 {
            scale_up(self.unscaled, self.scale.unsigned_abs())
        } else {
            let (whole, exact) = scale_down(self.unscaled, self.scale.unsigned_abs());
            exact.then_some(whole)?
        };
        (whole.unsigned_abs() >= 1024).then_some(whole)
    }
}

fn binary(mut amount: i128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut power = 0;
    while amount % 1024 == 0 {
        amount /= 1024;
        power += 1;
    }
    write!(f, "{amount}{}", BINARY.get(power).unwrap_or(&""))
}
