use k8s_api_kinds::ip;

fn legacy(value: &str) -> String {
    ip::validate_legacy_ip(value, &[], &"ip").map(|error| error.detail).unwrap_or_default()
}

#[test]
fn old_fields_want_no_ambiguous_address() {
    assert_eq!(legacy("1.2.3.4"), "");
    assert_eq!(legacy("FE80::0001"), "");
    assert_eq!(legacy("01.2.3.4"), "must not have leading 0s");
    assert_eq!(legacy("::ffff:1.2.3.4"), "must not be an IPv4-mapped IPv6 address");
    assert_eq!(legacy("1.2.3"), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    assert_eq!(legacy("1.2.3.256"), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    assert!(ip::validate_legacy_ip("01.2.3.4", &["01.2.3.4".to_owned()], &"ip").is_none());
}

#[test]
fn new_fields_want_the_canonical_form() {
    assert!(ip::validate_ip("2001:db8::1", &"ip").is_none());
    let error = ip::validate_ip("2001:DB8:0::1", &"ip").unwrap();
    assert_eq!(error.detail, r#"must be in canonical form ("2001:db8::1")"#);
}

#[test]
fn ranges() {
    let detail = |value: &str| ip::validate_cidr(value, &"cidr").map(|error| error.detail).unwrap_or_default();
    assert_eq!(detail("10.0.0.0/8"), "");
    assert_eq!(detail("10.0.0.1/8"), "must not have bits set beyond the prefix length");
    assert_eq!(detail("10.0.0.0/08"), "must not have leading 0s in IP or prefix length");
    assert_eq!(detail("::ffff:10.0.0.0/104"), "must not have an IPv4-mapped IPv6 address");
    assert!(detail("10.0.0.0/33").starts_with("must be a valid CIDR value"));
    assert!(detail("2001:db8:0::/64").starts_with("must be in canonical form"));
    assert_eq!(ip::Cidr::parse_sloppy("0.0.0.0/0").unwrap().network().to_string(), "0.0.0.0/0");
    assert_eq!(ip::Cidr::parse_sloppy("10.1.2.3/12").unwrap().network().to_string(), "10.0.0.0/12");
}

#[test]
fn odd_forms_are_told() {
    assert_eq!(
        ip::warnings_for_ip("2001:DB8::1", &"ip").unwrap(),
        r#"ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")"#
    );
    assert_eq!(
        ip::warnings_for_cidr("10.0.0.5/8", &"cidr"),
        [r#"cidr: CIDR value "10.0.0.5/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.5/32"?)"#]
    );
    assert!(ip::warnings_for_ip("10.0.0.1", &"ip").is_none());
}
