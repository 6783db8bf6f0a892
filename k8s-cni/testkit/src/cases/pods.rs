//! Promises 1 to 5: pods.

use std::collections::BTreeSet;

use k8s_cni::{Error, PortMapping, Protocol, Readiness};

use crate::Subject;

/// Promise 1.
pub async fn pods_wait_for_a_range(subject: Subject) {
    assert!(matches!(subject.network.status().await, Readiness::NotReady { .. }));
    let error = subject.network.setup(&Subject::attachment("a")).await.unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error}");
    subject.configure(&["10.1.0.0/24"]).await;
    assert_eq!(subject.network.status().await, Readiness::Ready);
    subject.pod("a").await;
}

/// Promise 2.
pub async fn a_pod_gets_an_address_of_each_family(subject: Subject) {
    let ranges = ["10.1.0.0/24", "fd00:1::/64"];
    subject.configure(&ranges).await;
    let attached = subject.network.setup(&Subject::attachment("a")).await.unwrap();
    let ips: Vec<_> = attached.ips().collect();
    assert_eq!(ips.len(), 2);
    for (ip, range) in ips.iter().zip(ranges) {
        assert!(range.parse::<ipnet::IpNet>().unwrap().contains(ip), "{ip} in {range}");
    }
}

/// Promise 2.
pub async fn addresses_are_never_shared(subject: Subject) {
    subject.configure(&["10.1.0.0/24"]).await;
    let mut seen = BTreeSet::new();
    for i in 0..20 {
        assert!(seen.insert(subject.pod(&format!("pod-{i}")).await));
    }
}

/// Promise 3.
pub async fn setting_up_again_answers_the_same(subject: Subject) {
    subject.configure(&["10.1.0.0/24"]).await;
    let first = subject.network.setup(&Subject::attachment("a")).await.unwrap();
    subject.configure(&["10.2.0.0/24"]).await;
    assert_eq!(subject.network.setup(&Subject::attachment("a")).await.unwrap(), first);
}

/// Promise 3.
pub async fn tearing_down_can_be_repeated_and_frees(subject: Subject) {
    subject.configure(&["10.1.0.0/28"]).await;
    for i in 0..40 {
        let name = format!("pod-{i}");
        subject.pod(&name).await;
        for _ in 0..2 {
            subject.network.teardown(&Subject::attachment(&name)).await.unwrap();
        }
    }
}

/// Promise 4.
pub async fn a_full_range_attaches_nothing(subject: Subject) {
    subject.configure(&["fd00:1::/64", "10.1.0.0/29"]).await;
    let mut n_pods = 0;
    let error = loop {
        match subject.network.setup(&Subject::attachment(&format!("pod-{n_pods}"))).await {
            Ok(_) => n_pods += 1,
            Err(error) => break error,
        }
        assert!(n_pods < 8, "a /29 has no more than 8 addresses");
    };
    assert!(matches!(error, Error::Exhausted { .. }), "{error}");
    let failed = Subject::attachment(&format!("pod-{n_pods}"));
    assert!(subject.network.check(&failed, &k8s_cni::Attached::default()).await.is_err());
    subject.network.teardown(&Subject::attachment("pod-0")).await.unwrap();
    subject.network.setup(&failed).await.unwrap();
}

/// Promise 3.
pub async fn checks_find_what_is_gone(subject: Subject) {
    subject.configure(&["10.1.0.0/24"]).await;
    let attachment = Subject::attachment("a");
    let attached = subject.network.setup(&attachment).await.unwrap();
    subject.network.check(&attachment, &attached).await.unwrap();
    subject.network.teardown(&attachment).await.unwrap();
    let error = subject.network.check(&attachment, &attached).await.unwrap_err();
    assert!(matches!(error, Error::Detached { .. }), "{error}");
}

/// Promise 5.
pub async fn collecting_keeps_what_is_valid(subject: Subject) {
    subject.configure(&["10.1.0.0/24"]).await;
    let (a, b) = (Subject::attachment("a"), Subject::attachment("b"));
    let (at_a, at_b) = (subject.network.setup(&a).await.unwrap(), subject.network.setup(&b).await.unwrap());
    subject.network.collect(&[b.key()]).await.unwrap();
    assert!(subject.network.check(&a, &at_a).await.is_err());
    subject.network.check(&b, &at_b).await.unwrap();
}

/// Promise 4.
pub async fn ports_of_the_node_are_taken_once(subject: Subject) {
    subject.configure(&["10.1.0.0/24"]).await;
    let with_port = |name: &str| {
        let port = PortMapping { protocol: Protocol::Tcp, container_port: 80, host_port: 8080, host_ip: None };
        k8s_cni::Attachment { port_mappings: vec![port], ..Subject::attachment(name) }
    };
    subject.network.setup(&with_port("a")).await.unwrap();
    let error = subject.network.setup(&with_port("b")).await.unwrap_err();
    assert!(matches!(error, Error::PortTaken { port: 8080, .. }), "{error}");
    subject.network.teardown(&with_port("a")).await.unwrap();
    subject.network.setup(&with_port("b")).await.unwrap();
}
