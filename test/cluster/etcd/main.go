// etcd, of a release that Kubernetes is run with: distributions have older ones, from which an API server answers no list
// from its own memory.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
