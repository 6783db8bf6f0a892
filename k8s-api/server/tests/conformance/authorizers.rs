use k8s_api_server::authorize::{AllowAll, Rbac};
use k8s_api_server_testkit::Authorizing;

mod allow_all {
    use super::{AllowAll, Authorizing};

    k8s_api_server_testkit::authorizer_conformance!(simulated: || async {
        Authorizing::new(AllowAll)
            .allows("system:anonymous get /healthz")
            .allows("alice delete secrets in kube-system named token")
            .allows("alice list nodes")
    });
}

const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [''], resources: [pods, pods/log], verbs: [get, list, watch]}
- {apiGroups: [''], resources: [configmaps], resourceNames: [one], verbs: [get, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {apiGroup: rbac.authorization.k8s.io, kind: User, name: alice}
- {apiGroup: rbac.authorization.k8s.io, kind: Group, name: dev}
- {kind: ServiceAccount, name: robot, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: parts, labels: {sum: 'yes'}}
rules:
- {apiGroups: [apps], resources: ['*'], verbs: ['*']}
- {apiGroups: [''], resources: ['*/status'], verbs: [patch]}
- {nonResourceURLs: [/metrics, /debug/*], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: sum}
aggregationRule: {clusterRoleSelectors: [{matchLabels: {sum: 'yes'}}]}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: operators}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sum}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: ops}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: 'system:node'}
rules:
- {apiGroups: [''], resources: [nodes, nodes/status], verbs: [create, get, list, update, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: dangling}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: none}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: bob}]
";

mod rbac {
    use super::{Authorizing, ROLES, Rbac};

    k8s_api_server_testkit::authorizer_conformance!(simulated: || async {
        Authorizing::new(Rbac::new())
            .given(ROLES)
            .allows("alice list pods in default")
            .allows("carol[dev] get pods/log in default named p")
            .allows("system:serviceaccount:default:robot watch pods in default")
            .allows("alice update configmaps in default named one")
            .allows("dave[ops] delete deployments.apps in anywhere named web")
            .allows("dave[ops] list deployments.apps")
            .allows("dave[ops] patch pods/status in default named p")
            .allows("dave[ops] get /metrics")
            .allows("dave[ops] get /debug/pprof/heap")
            .allows("root[system:masters] get /anything")
            .allows("root[system:masters] delete nodes named n1")
            .allows("system:node:n1[system:nodes] update nodes/status named n1")
            .allows("system:node:n1[system:nodes] get nodes named n2")
            .denies("alice list pods in kube-system")
            .denies("alice list pods")
            .denies("alice delete pods in default named p")
            .denies("alice update configmaps in default named two")
            .denies("alice list configmaps in default")
            .denies("Alice list pods in default")
            .denies("system:serviceaccount:kube-system:robot watch pods in default")
            .denies("dave[ops] get pods in default named p")
            .denies("dave[ops] get /metrics/more")
            .denies("dave[ops] post /metrics")
            .denies("dave[ops] get /debug")
            .denies("bob get pods in default named p")
            .denies("system:anonymous get /metrics")
            .denies("system:node:n1[system:nodes] update nodes/status named n2")
            .denies("system:node:n1 update nodes/status named n1")
    });
}
