use k8s_api::quantity::{Format, ParseError, Quantity, canonical};
use proptest::prelude::*;

fn q(text: &str) -> Quantity {
    Quantity::parse(text).expect("a valid quantity in a test")
}

#[test]
fn canonical_forms() {
    for (text, want) in [
        ("0", "0"),
        ("-0Ki", "0"),
        ("+", "0"),
        ("m", "0"),
        ("0.5", "500m"),
        ("1.500", "1.500"),
        ("007", "007"),
        ("+5", "+5"),
        ("1.5Gi", "1536Mi"),
        ("0.5Gi", "512Mi"),
        ("1024Ki", "1Mi"),
        ("1028Ki", "1028Ki"),
        ("8Gi", "8Gi"),
        ("0.1Ki", "102400m"),
        ("1100Mi", "1100Mi"),
        ("100000m", "100"),
        ("1000", "1k"),
        ("12e6", "12e6"),
        ("12e7", "120e6"),
        ("1E3", "1E3"),
        ("1000e3", "1e6"),
        ("5u", "5u"),
        ("0.1n", "1n"),
        ("1e-100", "1e-9"),
        ("99999999999999999999Ei", "9223372036854775807"),
        ("-1.5", "-1500m"),
        ("-1.5Gi", "-1536Mi"),
        ("123456789012345678901", "123456789012345678901"),
        ("1000E", "1"),
    ] {
        assert_eq!(canonical(text).unwrap(), want, "{text}");
    }
}

#[test]
fn malformed() {
    for (text, want) in [
        ("", ParseError::Format),
        ("abc", ParseError::Format),
        ("1 ", ParseError::Format),
        ("1.2.3", ParseError::Format),
        ("1x", ParseError::Format),
        ("1kk", ParseError::Suffix),
        ("1e", ParseError::Suffix),
        ("1Ki5", ParseError::Suffix),
        ("Ei", ParseError::Numeric),
    ] {
        assert_eq!(Quantity::parse(text).unwrap_err(), want, "{text}");
    }
}

#[test]
fn rounds_away_from_zero() {
    assert_eq!(q("1.1").value(), 2);
    assert_eq!(q("-1.1").value(), -2);
    assert_eq!(q("1u").milli_value(), 1);
    assert_eq!(q("100m").milli_value(), 100);
    assert_eq!(q("2Gi").milli_value(), (2 << 30) * 1000);
    assert_eq!(q("9Ei").value(), i64::MAX);
    assert_eq!(q("1500m").as_i64(), None);
    assert_eq!(q("2000m").as_i64(), Some(2));
}

#[test]
fn compares_across_formats() {
    assert_eq!(q("1Ki"), q("1024"));
    assert_eq!(q("1"), q("1000m"));
    assert!(q("1e1000") > q("9Ei"));
    assert!(q("-1e1000") < q("1n"));
    assert!(q("999m") < q("1"));
}

#[test]
fn sums_keep_the_first_format_that_is_not_zero() {
    assert_eq!([q("0"), q("1Gi"), q("1G")].into_iter().sum::<Quantity>().to_string(), "2073741824");
    assert_eq!((q("1Gi") + q("1Gi")).to_string(), "2Gi");
    assert_eq!((q("2") - q("500m")).to_string(), "1500m");
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(milli: i64, binary: bool) {
        let format = if binary { Format::BinarySi } else { Format::DecimalSi };
        let quantity = Quantity::milli(milli, format);
        prop_assert_eq!(q(&quantity.to_string()), quantity);
    }

    #[test]
    fn sums_and_orders_as_numbers(a: i32, b: i32, a_milli: bool) {
        let a_quantity = if a_milli { Quantity::milli(a.into(), Format::DecimalSi) } else { Quantity::new(a.into(), Format::BinarySi) };
        let b_quantity = Quantity::milli(b.into(), Format::DecimalSi);
        let a = i64::from(a) * if a_milli { 1 } else { 1000 };
        prop_assert_eq!(a_quantity.cmp(&b_quantity), a.cmp(&b.into()));
        prop_assert_eq!((a_quantity + b_quantity).milli_value(), a + i64::from(b));
        prop_assert_eq!((a_quantity - b_quantity).milli_value(), a - i64::from(b));
    }

    #[test]
    fn never_panics(text in "[-+0-9.eEinumkKMGTP]{0,50}") {
        if let Ok(quantity) = Quantity::parse(&text) {
            let _ = (quantity.to_string(), quantity.value(), quantity.milli_value(), quantity.as_f64());
            let _ = quantity + q("1n");
        }
    }
}
