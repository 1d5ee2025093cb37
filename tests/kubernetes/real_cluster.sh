#!/bin/bash
# A real cluster on this machine, of one API server and, with --node, one node: for cluster_suite_test, or to look at.
set -euo pipefail
shopt -s inherit_errexit

usage() {
    cat <<'TEXT'
tests/kubernetes/real_cluster.sh [--node] [--image GSE] [--set FLAG]... BINARIES [COMMAND...]

Starts etcd and kube-apiserver from the folder BINARIES (or PATH), runs COMMAND with what it needs in its environment
(without one: a shell), and stops everything when that ends. It all happens in namespaces of its own, so that nothing is
left behind and nothing else on the machine is touched; hence it needs root.

  --node         also kube-scheduler, kube-controller-manager, containerd and a kubelet, whose Pods really run
  --image GSE    with --node: GSE and other programs, with commas between, are put into /usr/bin of an image that starts
                 the first one
  --set FLAG     a further flag of kube-apiserver, such as --set=--etcd-compaction-interval=10s

COMMAND finds in its environment
  KUBECONFIG                 an administrator's
  GSE_TEST_KUBECONFIG        that of the account in deploy/kubernetes/rbac.yaml, in its namespace
  GSE_TEST_ADMIN_KUBECONFIG  the administrator's again, in the same namespace
  GSE_TEST_MARK_RUNNING      without --node: nobody runs Pods
  GSE_TEST_IMAGE             with --image
  REAL_CLUSTER               the folder with logs, keys and pid files; it stays with KEEP_LOGS=1
TEXT
}

die() { echo "real_cluster.sh: $*" >&2; exit 1; }

with_node='' programs=() binaries='' api_flags=()
add_programs() {
    local list one
    IFS=, read -ra list <<<"$1"
    for one in "${list[@]}"; do programs+=("$(realpath "$one")"); done
}
parse() {
    while [[ $# -gt 0 ]]; do
        case $1 in
            --help) usage; exit 0 ;;
            --node) with_node=1; shift ;;
            --image) add_programs "$2"; shift 2 ;;
            --image=*) add_programs "${1#*=}"; shift ;;
            --set) api_flags+=("$2"); shift 2 ;;
            --set=*) api_flags+=("${1#*=}"); shift ;;
            -*) die "unknown option $1; --help lists them" ;;
            *) break ;;
        esac
    done
    [[ $# -gt 0 ]] || die "name the folder with the binaries; --help says more"
    binaries=$(realpath "$1"); shift
    command=("${@:-bash}")
}

# The address of the node: a kubelet takes none of loopback.
readonly address=10.90.0.1 pods=10.91.0.0/24 gateway=10.91.0.1 api=https://127.0.0.1:6443 node=gse-node-1
here=$(dirname "$(realpath "$0")")
readonly here

outer() {
    [[ $(id -u) == 0 ]] || die "only root can make namespaces for it"
    REAL_CLUSTER=$(mktemp -d /tmp/gse-cluster.XXXXXX)
    export REAL_CLUSTER
    local code=0
    unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private "$0" "$@" <&0 &
    local inner=$!
    # Everything ends with it. A shell has Ctrl-C for itself.
    trap 'kill -KILL '$inner' 2>/dev/null || true' TERM HUP INT
    [[ ${command[*]} != bash ]] || trap : INT
    while kill -0 $inner 2>/dev/null; do code=0; wait $inner || code=$?; done
    # Control groups are the one thing that outlives the namespaces.
    find /sys/fs/cgroup -depth -type d -path "*/gse-cluster-${REAL_CLUSTER##*.}*" -exec rmdir {} + 2>/dev/null || true
    [[ -n ${KEEP_LOGS:-} ]] || rm -rf "$REAL_CLUSTER"
    exit "$code"
}

# start NAME COMMAND...: in the background, with a log and a pid file.
start() {
    local name=$1; shift
    "$@" >>"$REAL_CLUSTER/$name.log" 2>&1 &
    echo $! >"$REAL_CLUSTER/$name.pid"
}

# until_so SECONDS WHAT COMMAND...
until_so() {
    local limit=$((SECONDS + $1)) what=$2; shift 2
    until "$@" >"$REAL_CLUSTER/waiting.log" 2>&1; do
        ((SECONDS < limit)) || die "$what does not come: $(tail -3 "$REAL_CLUSTER/waiting.log"); logs in $REAL_CLUSTER"
        sleep 0.3
    done
}

# certificate NAME SUBJECT [SAN]
certificate() {
    openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "$2" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -out "$1.crt" \
        -extfile <(echo "extendedKeyUsage=clientAuth,serverAuth"; [[ -z ${3:-} ]] || echo "subjectAltName=$3") 2>/dev/null
}

# kubeconfig FILE USER NAMESPACE
kubeconfig() {
    cat >"$1" <<YAML
apiVersion: v1
kind: Config
current-context: it
contexts: [{name: it, context: {cluster: it, user: me, namespace: $3}}]
clusters: [{name: it, cluster: {server: "$api", certificate-authority: $REAL_CLUSTER/ca.crt}}]
users: [{name: me, user: $2}]
YAML
}
by_certificate() { echo "{client-certificate: $REAL_CLUSTER/$1.crt, client-key: $REAL_CLUSTER/$1.key}"; }

make_keys() {
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=gse-test-ca -days 30 -out ca.crt 2>/dev/null
    openssl genrsa -out accounts.key 2048 2>/dev/null
    certificate api /CN=kube-apiserver "IP:127.0.0.1,IP:$address,DNS:localhost,DNS:kubernetes.default.svc"
    certificate admin /O=system:masters/CN=admin
    certificate scheduler /CN=system:kube-scheduler
    certificate controllers /CN=system:kube-controller-manager
    certificate kubelet "/O=system:nodes/CN=system:node:$node" "IP:$address,DNS:$node"
    local name
    for name in scheduler controllers kubelet; do kubeconfig $name.kubeconfig "$(by_certificate $name)" default; done
    kubeconfig admin.kubeconfig "$(by_certificate admin)" gse
}

start_api_server() {
    kube-apiserver --bind-address=127.0.0.1 --advertise-address=$address --etcd-servers=http://127.0.0.1:2379 \
        --secure-port=6443 --tls-cert-file=api.crt --tls-private-key-file=api.key --client-ca-file=ca.crt \
        --authorization-mode=Node,RBAC --service-cluster-ip-range=10.92.0.0/24 --allow-privileged=true \
        --kubelet-client-certificate=admin.crt --kubelet-client-key=admin.key \
        --kubelet-preferred-address-types=InternalIP \
        --service-account-issuer=https://kubernetes.default.svc --service-account-key-file=accounts.key \
        --service-account-signing-key-file=accounts.key "${api_flags[@]}"
}

# The server's own account, whose token lies in a file, as in a Pod.
make_account() {
    # Where Pods are: the controllers would make its account, and there may be none.
    kubectl create namespace gse
    kubectl -n gse create serviceaccount default 2>/dev/null || true
    kubectl apply -f "$here/../../deploy/kubernetes/rbac.yaml"
    kubectl -n gse create token gse-server --duration=24h >server.token
    kubeconfig server.kubeconfig "{tokenFile: $REAL_CLUSTER/server.token}" gse
} >>"$REAL_CLUSTER/account.log"

# image NAME ENTRYPOINT FOLDER: of the files in FOLDER, in the format of `docker save`.
image() {
    local layer=$REAL_CLUSTER/image; mkdir -p "$layer"
    tar -C "$3" -cf "$layer/layer.tar" --owner=0 --group=0 .
    echo "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"Entrypoint\":[\"$2\"],\"Env\":[\"PATH=/usr/bin:/bin\"]},
        \"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:$(sha256sum <"$layer/layer.tar" | cut -d' ' -f1)\"]}}" \
        >"$layer/config.json"
    echo "[{\"Config\":\"config.json\",\"RepoTags\":[\"$1\"],\"Layers\":[\"layer.tar\"]}]" >"$layer/manifest.json"
    tar -C "$layer" -cf - manifest.json config.json layer.tar |
        ctr --address "$REAL_CLUSTER/containerd.sock" --namespace k8s.io images import - >>images.log
    rm -rf "$layer"
}

# What holds the namespaces of a Pod does nothing, until it is told to end.
make_pause_image() {
    mkdir -p pause
    cc -x c -static -Os -o pause/pause - <<'C'
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0) ; }
int main(void) { signal(SIGINT, end); signal(SIGTERM, end); signal(SIGCHLD, reap); for (;;) pause(); }
C
    image opengse-pause:1 /pause pause
}

# The programs, and the libraries that they are linked to. The first one is what it starts.
make_test_image() {
    local file
    mkdir -p root/usr/bin root/tmp root/etc/ssl root/var/lib; chmod 1777 root/tmp
    ln -sfn usr/bin root/bin; ln -sfn usr/lib root/lib; ln -sfn usr/lib64 root/lib64
    mkdir -p root/usr/lib root/usr/lib64; cp -r /etc/ssl/certs root/etc/ssl/
    echo root:x:0:0::/:/bin/sh >root/etc/passwd
    for file in "${programs[@]}" /bin/sh; do
        cp -L "$file" root/usr/bin/
        ldd "$file" | grep -o '/[^ ]*' | while read -r library; do mkdir -p "root$(dirname "$library")"; cp -L "$library" "root$library"; done
    done
    image opengse-test:1 "/usr/bin/$(basename "${programs[0]}")" root
}

start_node() {
    local group=gse-cluster-${REAL_CLUSTER##*.}
    start scheduler kube-scheduler --kubeconfig=scheduler.kubeconfig --port=0 --leader-elect=false
    start controllers kube-controller-manager --kubeconfig=controllers.kubeconfig --port=0 --leader-elect=false \
        --use-service-account-credentials --root-ca-file=ca.crt --service-account-private-key-file=accounts.key \
        --node-monitor-grace-period=20s --pod-eviction-timeout=20s
    mkdir -p cni kubelet
    cat >cni/pods.conflist <<JSON
{"cniVersion": "0.4.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$REAL_CLUSTER/addresses", "ranges": [[{"subnet": "$pods", "gateway": "$gateway"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
    cat >containerd.toml <<TOML
version = 2
root = "$REAL_CLUSTER/containerd"
state = "$REAL_CLUSTER/containerd-state"
[grpc]
  address = "$REAL_CLUSTER/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "docker.io/library/opengse-pause:1"
  restrict_oom_score_adj = true  # root in a container of ours may not lower it
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$REAL_CLUSTER/cni"
TOML
    start containerd containerd --config containerd.toml
    until_so 30 containerd ctr --address "$REAL_CLUSTER/containerd.sock" version
    make_pause_image
    [[ ${#programs[@]} == 0 ]] || make_test_image
    cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: cgroupfs
cgroupRoot: /$group
makeIPTablesUtilChains: false
failSwapOn: false
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $REAL_CLUSTER/ca.crt}}
authorization: {mode: Webhook}
evictionHard: {nodefs.available: 1%, imagefs.available: 1%, memory.available: 100Mi}
imageGCHighThresholdPercent: 100
nodeStatusUpdateFrequency: 5s
YAML
    # It sets up the kernel to its taste, of which there is one for all: it gets files to write to instead.
    local setting hierarchy
    for setting in vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys \
        kernel/keys/root_maxbytes; do
        cat "/proc/sys/$setting" >"setting-${setting//\//-}"
        mount --bind "setting-${setting//\//-}" "/proc/sys/$setting"
    done
    for hierarchy in /sys/fs/cgroup/*/; do mkdir -p "$hierarchy/$group" 2>/dev/null || true; done
    start kubelet kubelet --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --root-dir="$REAL_CLUSTER/kubelet" \
        --hostname-override=$node --node-ip=$address --container-runtime=remote \
        --container-runtime-endpoint="unix://$REAL_CLUSTER/containerd.sock" \
        --tls-cert-file=kubelet.crt --tls-private-key-file=kubelet.key
    until_so 90 "the node" kubectl wait --for=condition=Ready --timeout=1s "node/$node"
}

inner() {
    ip link set lo up
    ip link add node0 type bridge
    ip address add $address/24 dev node0
    ip link set node0 up
    cd "$REAL_CLUSTER"
    export PATH=$binaries:$PATH KUBECONFIG=$REAL_CLUSTER/admin.kubeconfig
    make_keys
    start etcd etcd --data-dir etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379
    start api start_api_server
    until_so 60 "the API server" kubectl get --raw /readyz
    until_so 30 "the server's account" make_account
    export GSE_TEST_KUBECONFIG=$REAL_CLUSTER/server.kubeconfig GSE_TEST_ADMIN_KUBECONFIG=$KUBECONFIG
    if [[ -n $with_node ]]; then
        start_node
        [[ ${#programs[@]} == 0 ]] || export GSE_TEST_IMAGE=docker.io/library/opengse-test:1
    else
        export GSE_TEST_MARK_RUNNING=1
    fi
    env | grep -E '^(GSE_TEST_|KUBECONFIG|REAL_CLUSTER)' | sort
    cd "$OLDPWD"
    "${command[@]}"
}

parse "$@"
if [[ -z ${REAL_CLUSTER:-} ]]; then outer "$@"; else inner; fi
