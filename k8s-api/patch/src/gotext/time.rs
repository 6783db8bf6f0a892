use std::fmt::Write;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;

const SECONDS: &str = "2006-01-02T15:04:05Z07:00";
const MICROSECONDS: &str = "2006-01-02T15:04:05.000000Z07:00";

/// Reads RFC 3339 as Go does and writes it to the second in UTC.
///
/// # Errors
/// With Go's message.
pub(crate) fn seconds(text: &str) -> Result<String, String> {
    let time = Reader::new(text, SECONDS).read(false)?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Reads RFC 3339 with exactly six digits of a second as Go does and writes it in UTC.
///
/// # Errors
/// With Go's message.
pub(crate) fn microseconds(text: &str) -> Result<String, String> {
    let time = Reader::new(text, MICROSECONDS).read(true)?;
    Ok(time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string())
}

struct Reader<'a> {
    whole: &'a str,
    rest: &'a str,
    layout: &'static str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, layout: &'static str) -> Self {
        Self { whole: text, rest: text, layout }
    }

    fn read(mut self, micro: bool) -> Result<Timestamp, String> {
        let year = self.digits(4, 4, "2006")?;
        self.literal("-")?;
        let month = self.digits(2, 2, "01")?;
        if !(1..=12).contains(&month) {
            return Err(self.out_of_range("month"));
        }
        self.literal("-")?;
        let day = self.digits(2, 2, "02")?;
        self.literal("T")?;
        let hour = self.digits(1, 2, "15")?;
        if hour > 23 {
            return Err(self.out_of_range("hour"));
        }
        self.literal(":")?;
        let minute = self.digits(2, 2, "04")?;
        if minute > 59 {
            return Err(self.out_of_range("minute"));
        }
        self.literal(":")?;
        let second = self.digits(2, 2, "05")?;
        if second > 59 {
            return Err(self.out_of_range("second"));
        }
        let nanos = if micro { self.six_digits()? } else { self.fraction() };
        let offset = self.offset()?;
        if !self.rest.is_empty() {
            let extra = go_quote(self.rest);
            return Err(format!("parsing time {}: extra text: {extra}", go_quote(self.whole)));
        }
        let date = Date::new(year as i16, month as i8, day as i8).map_err(|_| self.out_of_range("day"))?;
        let local = date.at(hour as i8, minute as i8, second as i8, nanos);
        offset.to_timestamp(local).map_err(|_| self.out_of_range("year"))
    }

    fn mismatch(&self, element: &str) -> String {
        let (whole, rest) = (go_quote(self.whole), go_quote(self.rest));
        format!("parsing time {whole} as \"{}\": cannot parse {rest} as \"{element}\"", self.layout)
    }

    fn out_of_range(&self, what: &str) -> String {
        format!("parsing time {}: {what} out of range", go_quote(self.whole))
    }

    fn digits(&mut self, min: usize, max: usize, element: &str) -> Result<i32, String> {
        let n_digits = self.rest.bytes().take(max).take_while(u8::is_ascii_digit).count();
        if n_digits < min {
            return Err(self.mismatch(element));
        }
        let (digits, rest) = self.rest.split_at(n_digits);
        self.rest = rest;
        Ok(digits.parse().unwrap_or_default())
    }

    fn literal(&mut self, text: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(text).ok_or_else(|| self.mismatch(text))?;
        Ok(())
    }

    /// Fractions may follow the seconds although the layout does not say so.
    fn fraction(&mut self) -> i32 {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let n_digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if n_digits == 0 {
            return 0;
        }
        let (digits, rest) = rest.split_at(n_digits);
        self.rest = rest;
        let padded = digits.bytes().chain(std::iter::repeat(b'0')).take(9);
        padded.fold(0, |nanos, digit| nanos * 10 + i32::from(digit - b'0'))
    }

    fn six_digits(&mut self) -> Result<i32, String> {
        let digits = self.rest.strip_prefix('.').and_then(|rest| rest.get(..6));
        let Some(digits) = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit())) else {
            return Err(self.mismatch(".000000"));
        };
        self.rest = self.rest.get(7..).unwrap_or_default();
        Ok(digits.parse::<i32>().unwrap_or_default() * 1000)
    }

    fn offset(&mut self) -> Result<Offset, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(Offset::UTC);
        }
        let bytes = self.rest.as_bytes();
        let [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2, ..] = bytes else { return Err(self.mismatch("Z07:00")) };
        if ![h1, h2, m1, m2].into_iter().all(u8::is_ascii_digit) {
            return Err(self.mismatch("Z07:00"));
        }
        let two = |tens: &u8, ones: &u8| i32::from(tens - b'0') * 10 + i32::from(ones - b'0');
        let (hours, minutes) = (two(h1, h2), two(m1, m2));
        if hours > 24 {
            return Err(self.out_of_range("time zone offset hour"));
        }
        if minutes > 60 {
            return Err(self.out_of_range("time zone offset minute"));
        }
        let seconds = (hours * 60 + minutes) * 60 * if *sign == b'-' { -1 } else { 1 };
        let offset = Offset::from_seconds(seconds).map_err(|_| self.out_of_range("time zone offset"))?;
        self.rest = self.rest.get(6..).unwrap_or_default();
        Ok(offset)
    }
}

/// Go's time package quotes bytes outside ASCII in hexadecimal.
fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            0x20..0x7f => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
    out
}
