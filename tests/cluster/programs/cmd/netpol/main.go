// Command netpol enforces NetworkPolicies on the node where it runs: kube-router's policy controller and nothing else of kube-router.
//
// It needs ipset and iptables, a node with an InternalIP, and the right to list and watch pods, namespaces, and policies.
package main

import (
	"context"
	"flag"
	"fmt"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

// From one writing of the rules to the next: each starts dozens of programs, and what happens meanwhile goes into the next one.
const pause = time.Second

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "who to be")
	node := flag.String("hostname-override", "", "name of this node")
	services := flag.String("service-cluster-ip-range", "10.96.0.0/12", "addresses of Services, which are judged by the pods behind them")
	period := flag.Duration("sync-period", 5*time.Minute, "how often to write all rules anew, changed or not")
	flag.Parse()

	config := options.NewKubeRouterConfig()
	config.HostnameOverride, config.ClusterIPCIDRs = *node, []string{*services}
	config.IPTablesSyncPeriod = *period
	config.EnableIPv4, config.EnableIPv6 = true, false

	rest, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		klog.Fatal(err)
	}
	rest.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		klog.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := enforce(ctx, client, config); err != nil {
		klog.Fatal(err)
	}
}

// enforce follows pods, namespaces, and policies until the context ends. The rules stay: a pod isn't opened because its guard went home.
func enforce(ctx context.Context, client kubernetes.Interface, config *options.KubeRouterConfig) error {
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithTransform(withoutManagedFields))
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("cannot list %v", kind)
		}
	}

	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		return err
	}
	for family, handler := range iptables {
		iptables[family] = &fixedRules{IPTablesHandler: handler}
	}
	var setsInUse sync.Mutex
	controller, err := netpol.NewNetworkPolicyController(client, config, pods, policies, namespaces, &setsInUse, iptables, ipsets)
	if err != nil {
		return err
	}
	for informer, handler := range map[cache.SharedIndexInformer]cache.ResourceEventHandler{
		pods: controller.PodEventHandler, namespaces: controller.NamespaceEventHandler, policies: controller.NetworkPolicyEventHandler,
	} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}

	// The controller reports that it lives before it writes the rules, and waits until somebody listens.
	heartbeats := make(chan *healthcheck.ControllerHeartbeat)
	go func() {
		for range heartbeats {
			time.Sleep(pause)
		}
	}()
	var running sync.WaitGroup
	running.Add(1)
	go controller.Run(heartbeats, ctx.Done(), &running)
	<-ctx.Done()
	running.Wait()
	return nil
}

// withoutManagedFields drops what takes half of an object's memory and says nothing about policies.
func withoutManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}
