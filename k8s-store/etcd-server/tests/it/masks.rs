use regex::Regex;

/// Replaces what two servers may say differently: who and where they are, how long it took, how large they are.
pub(crate) fn masked(text: &str) -> String {
    let masks = [
        (r"https?://127\.0\.0\.1:\d+", "URL"),
        (r#""(cluster_id|member_id|leader|ID)":\d+"#, r#""$1":N"#),
        (r#""(raft_term|raftTerm|raftIndex|raftAppliedIndex|dbSize|dbSizeInUse)":\d+"#, r#""$1":N"#),
        (r#""(ClusterID|MemberID)" : \d+"#, r#""$1" : N"#),
        (r"cluster_id: \d+, member_id: \d+", "me"),
        (r"raft_term: \d+", "term"),
        (r#""hash":\d+"#, r#""hash":N"#),
        (r"\b[0-9a-f]{16}\b", "ID"),
        (r"took = \S+", "took = T"),
        (r"(?m)^(URL, )\d+$", "${1}N"),
        (r"\d+ (B|kB|MB)\b", "SIZE"),
        (r"remaining\(\d+s\)", "remaining(T)"),
        (r#""ttl":\d+"#, r#""ttl":T"#),
        (r#""peerURLs":\["URL"\],"#, ""),
        (r"(?m)^\{.level.:.(warn|info).*\n", ""),
        (r", URL, URL, false", ", URL, false"),
        (r", , URL, false", ", URL, false"),
    ];
    let mut text = text.to_owned();
    for (pattern, with) in masks {
        text = Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    }
    text
}
