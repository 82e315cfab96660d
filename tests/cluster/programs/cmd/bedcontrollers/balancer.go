package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
)

// internalAnnotations are the ways to say "no public address" here: each cloud has its own word, and this one also knows two others'.
var internalAnnotations = []string{
	"airlock.test/load-balancer-internal",
	"service.beta.kubernetes.io/aws-load-balancer-internal",
	"service.beta.kubernetes.io/openstack-internal-load-balancer",
}

// balancer gives Services of type LoadBalancer an address on the bridge and takes it away again.
type balancer struct {
	client   kubernetes.Interface
	services corelisters.ServiceLister
	pools    pools
	link     string
	record   string
}

func (b *balancer) settle(ctx context.Context) error {
	all, err := b.services.List(labels.Everything())
	if err != nil {
		return err
	}
	// The oldest first, so that an address stays with who had it.
	slices.SortFunc(all, func(a, b *v1.Service) int {
		if c := a.CreationTimestamp.Compare(b.CreationTimestamp.Time); c != 0 {
			return c
		}
		return strings.Compare(string(a.UID), string(b.UID))
	})
	taken := map[netip.Addr]*v1.Service{}
	var waiting []*v1.Service
	for _, service := range all {
		if service.Spec.Type != v1.ServiceTypeLoadBalancer || service.Spec.LoadBalancerClass != nil || service.DeletionTimestamp != nil {
			if len(service.Status.LoadBalancer.Ingress) > 0 && service.DeletionTimestamp == nil {
				if err := b.publish(ctx, service, nil); err != nil {
					return err
				}
			}
			continue
		}
		address, ok := current(service)
		if ok && b.suits(service, address) && taken[address] == nil {
			taken[address] = service
		} else {
			waiting = append(waiting, service)
		}
	}
	given := map[*v1.Service]netip.Addr{}
	for _, service := range waiting {
		address, ok := b.choose(service, taken)
		if !ok {
			klog.InfoS("no address is left", "service", klog.KObj(service))
			continue
		}
		taken[address], given[service] = service, address
	}
	// The card first: who reads an address in the status may connect to it.
	if err := b.bear(taken); err != nil {
		return err
	}
	for service, address := range given {
		if err := b.publish(ctx, service, &address); err != nil {
			return err
		}
	}
	return b.write(taken)
}

func current(service *v1.Service) (netip.Addr, bool) {
	if len(service.Status.LoadBalancer.Ingress) != 1 {
		return netip.Addr{}, false
	}
	address, err := netip.ParseAddr(service.Status.LoadBalancer.Ingress[0].IP)
	return address, err == nil
}

func (b *balancer) poolOf(service *v1.Service) pool {
	for _, annotation := range internalAnnotations {
		if service.Annotations[annotation] == "true" {
			return b.pools.internal
		}
	}
	return b.pools.public
}

func (b *balancer) suits(service *v1.Service, address netip.Addr) bool {
	if asked := service.Spec.LoadBalancerIP; asked != "" && asked != address.String() {
		return false
	}
	return b.poolOf(service).holds(address)
}

func (b *balancer) choose(service *v1.Service, taken map[netip.Addr]*v1.Service) (netip.Addr, bool) {
	pool := b.poolOf(service)
	for address := pool.first; pool.holds(address); address = address.Next() {
		if taken[address] == nil && b.suits(service, address) {
			return address, true
		}
	}
	return netip.Addr{}, false
}

// publish says in the Service's status which address it has.
func (b *balancer) publish(ctx context.Context, service *v1.Service, address *netip.Addr) error {
	ingress := []v1.LoadBalancerIngress{}
	if address != nil {
		ingress = append(ingress, v1.LoadBalancerIngress{IP: address.String()})
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"loadBalancer": map[string]any{"ingress": ingress}}})
	if err != nil {
		return err
	}
	_, err = b.client.CoreV1().Services(service.Namespace).Patch(ctx, service.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	klog.InfoS("load balancer", "service", klog.KObj(service), "address", address)
	return err
}

// bear makes the card hold exactly the addresses in use; other addresses of it, such as the node's own, stay.
func (b *balancer) bear(taken map[netip.Addr]*v1.Service) error {
	link, err := netlink.LinkByName(b.link)
	if err != nil {
		return err
	}
	for address := range taken {
		wanted, err := netlink.ParseAddr(address.String() + "/32")
		if err != nil {
			return err
		}
		if err := netlink.AddrReplace(link, wanted); err != nil {
			return err
		}
	}
	held, err := netlink.AddrList(link, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, h := range held {
		address, ok := netip.AddrFromSlice(h.IP.To4())
		ours := ok && (b.pools.public.holds(address) || b.pools.internal.holds(address))
		if ours && taken[address] == nil {
			if err := netlink.AddrDel(link, &h); err != nil {
				return err
			}
		}
	}
	return nil
}

// write lists who has which address and ports, one Service a line; the relay at the host reads it.
func (b *balancer) write(taken map[netip.Addr]*v1.Service) error {
	if b.record == "" {
		return nil
	}
	lines := []string{}
	for address, service := range taken {
		for _, port := range service.Spec.Ports {
			lines = append(lines, fmt.Sprintf("%s:%d %s/%s\n", address, port.Port, service.Namespace, service.Name))
		}
	}
	slices.Sort(lines)
	fresh := b.record + ".new"
	if err := os.WriteFile(fresh, []byte(strings.Join(lines, "")), 0o644); err != nil {
		return err
	}
	return os.Rename(fresh, b.record)
}
