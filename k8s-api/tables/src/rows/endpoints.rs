use super::{Cells, Printed};
use crate::cells::{NONE, View, up_to_three};

pub(super) fn endpoints(printed: Printed<'_>) -> Cells {
    vec![printed.name.into(), addresses(printed.object).into(), printed.age().into()]
}

/// The first three addresses with their ports, and how many more there are.
fn addresses(object: View<'_>) -> String {
    let mut shown = Vec::new();
    let mut total = 0;
    for subset in object.list("subsets") {
        let addresses = subset.list("addresses");
        if subset.list("ports").len() == 0 {
            total += addresses.len();
            shown.extend(addresses.clone().map(|address| address.text("ip").to_owned()));
        }
        for port in subset.list("ports") {
            total += addresses.len();
            let port = port.int("port");
            shown.extend(addresses.clone().map(|address| match address.text("ip") {
                v6 if v6.contains(':') => format!("[{v6}]:{port}"),
                v4 => format!("{v4}:{port}"),
            }));
        }
    }
    match object.list("subsets").len() {
        0 => NONE.to_owned(),
        _ if shown.is_empty() => String::new(),
        _ => up_to_three(&shown, total),
    }
}

pub(super) fn slice(printed: Printed<'_>) -> Cells {
    let object = printed.object;
    let ports: Vec<String> = object
        .list("ports")
        .map(|port| port.scalar("port").or_else(|| port.scalar("name")).unwrap_or_else(|| "*".to_owned()))
        .collect();
    let addresses: Vec<String> =
        object.list("endpoints").flat_map(|endpoint| endpoint.texts("addresses")).map(str::to_owned).collect();
    vec![
        printed.name.into(),
        object.text("addressType").into(),
        up_to_three(&ports, ports.len()).into(),
        up_to_three(&addresses, addresses.len()).into(),
        printed.age().into(),
    ]
}
