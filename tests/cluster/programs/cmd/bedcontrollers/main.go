// Command bedcontrollers plays the two parts of a cloud that a bare cluster lacks: volumes and load balancers.
//
// It runs on the first node. Volumes are folders below -volumes, pinned to the node that the scheduler chose; load balancers are
// addresses on the first node's card, which kube-proxy there turns into Services.
package main

import (
	"context"
	"flag"
	"net/netip"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "who to be")
	volumes := flag.String("volumes", "", "folder that holds the volumes; none are made without it")
	link := flag.String("link", "eth0", "network card that bears the load balancers' addresses")
	network := flag.String("network", "", "first three bytes of the bridge's network, such as 10.88.60; no addresses are given without it")
	record := flag.String("record", "", "file that lists the addresses in use, for the relay")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		klog.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		klog.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	factory := informers.NewSharedInformerFactory(client, 0)
	var loops []func()
	if *network != "" {
		pools, err := poolsOf(*network)
		if err != nil {
			klog.Fatal(err)
		}
		services := factory.Core().V1().Services()
		b := &balancer{client: client, services: services.Lister(), pools: pools, link: *link, record: *record}
		loops = append(loops, onChange(ctx, "load balancers", b.settle, services.Informer()))
	}
	if *volumes != "" {
		claims, held, classes := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes(), factory.Storage().V1().StorageClasses()
		f := &folders{client: client, root: *volumes, claims: claims.Lister(), volumes: held.Lister(), classes: classes.Lister()}
		loops = append(loops, onChange(ctx, "volumes", f.settle, claims.Informer(), held.Informer(), classes.Informer()))
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for _, loop := range loops {
		go loop()
	}
	<-ctx.Done()
}

// onChange returns a loop that settles everything whenever one of the watched objects changed. A bed has few objects, and whoever
// looks at all of them each time can't forget one.
func onChange(ctx context.Context, what string, settle func(context.Context) error, watched ...cache.SharedIndexInformer) func() {
	changed := make(chan struct{}, 1)
	notice := func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	for _, informer := range watched {
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: func(any) { notice() }, UpdateFunc: func(_, _ any) { notice() }, DeleteFunc: func(any) { notice() },
		}); err != nil {
			klog.Fatal(err)
		}
	}
	return func() {
		notice()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			if err := settle(ctx); err != nil {
				klog.ErrorS(err, "not settled; trying again", "what", what)
				time.AfterFunc(time.Second, notice)
			}
		}
	}
}

// pools are the addresses to give: the lower half to anyone, the upper half to Services that ask for an internal one.
type pools struct{ public, internal pool }

type pool struct{ first, last netip.Addr }

func (p pool) holds(address netip.Addr) bool {
	return p.first.Compare(address) <= 0 && address.Compare(p.last) <= 0
}

func poolsOf(network string) (pools, error) {
	var ends [4]netip.Addr
	for i, last := range []string{".100", ".149", ".150", ".199"} {
		address, err := netip.ParseAddr(network + last)
		if err != nil {
			return pools{}, err
		}
		ends[i] = address
	}
	return pools{public: pool{ends[0], ends[1]}, internal: pool{ends[2], ends[3]}}, nil
}
