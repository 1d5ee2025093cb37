#!/bin/bash
# The binaries that real_cluster.sh starts, from the source package `kubernetes` of Debian 12 and its Go 1.19:
#
#   apt-get install golang-1.19-go etcd-server containerd runc containernetworking-plugins dpkg-dev
#   apt-get source --download-only kubernetes      (wants a deb-src line)
#   tests/kubernetes/build_real_cluster.sh kubernetes_*.dsc FOLDER
#
# FOLDER/bin has them then. It takes 2 GB and, on two cores, a quarter of an hour.
set -euo pipefail

[[ $# == 2 && $1 == *.dsc ]] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
package=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
# The tree is of the time before modules, so that it must lie where its name says.
tree=$folder/gopath/src/k8s.io/kubernetes
export PATH=/usr/lib/go-1.19/bin:$PATH GO111MODULE=off GOPATH=$folder/gopath GOCACHE=$folder/cache CGO_ENABLED=0

mkdir -p "$(dirname "$tree")" "$folder/bin"
[[ -d $tree ]] || dpkg-source -x "$package" "$tree"
cd "$tree"

# Since Go 1.18 whoever iterates over a map brings the iterator along: without this the API server ends at the first
# object with two labels.
reflect=vendor/github.com/modern-go/reflect2
if ! grep -q 'm unsafe.Pointer, it \*hiter)' $reflect/unsafe_link.go; then
    sed -i 's/^func mapiterinit(.*/func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)/
            s|// rest fields are ignored|t, h, buckets, bptr, overflow, oldoverflow unsafe.Pointer\n\
\tstartBucket uintptr; offset uint8; wrapped bool; B, i uint8; bucket, checkBucket uintptr|' $reflect/unsafe_link.go
    sed -i 's/^\treturn &UnsafeMapIterator{/\tvar it hiter\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), \&it)\n&/
            s/hiter:      mapiterinit(.*/hiter:      \&it,/' $reflect/unsafe_map.go
fi

# What the API server says of its types is written by a generator of its own.
described=pkg/generated/openapi
if [[ ! -e $described/zz_generated.openapi.go ]]; then
    go build -o "$folder/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    types=$(grep -rlR --include='*.go' -e '+k8s:openapi-gen=' pkg cmd plugin vendor/k8s.io |
        grep -vE '_test.go|/testdata/|^vendor/k8s.io/(code-generator|sample-apiserver|kube-openapi|gengo)/' |
        xargs -n1 dirname | LC_ALL=C sort -u | sed 's|^|k8s.io/kubernetes/|' | paste -sd,)
    "$folder/openapi-gen" -i "$types" -p k8s.io/kubernetes/$described -O zz_generated.openapi \
        -h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$folder/violations"
fi

version=$(sed -n 's/^.*really\([0-9.]*[0-9]\).*/\1/p' <<<"$package")
go build -ldflags "-s -w -X k8s.io/kubernetes/vendor/k8s.io/component-base/version.gitVersion=v$version" -o "$folder/bin/" \
    ./cmd/kube-apiserver ./cmd/kube-scheduler ./cmd/kube-controller-manager ./cmd/kubelet
ls -l "$folder/bin"
