// Command relay lets the person at the host into the bed: it listens on the host's loopback and dials inside the bed's network.
//
//	relay -netns /proc/PID/ns/net -listen 127.0.0.1:16443 -target 10.88.60.11:6443
//	relay -netns /proc/PID/ns/net -listen 127.0.0.1:18443 -targets FILE -port 443 -resolver 10.88.60.254:53
//
// With -targets, each connection goes to an address in FILE that serves the port: the one that the asked host has in the bed's DNS, else
// the first. The file is the load balancers' own list, so the relay may be started before anything is installed. With -round-trip, the way is as long as to a distant data centre: bytes
// arrive half of it later in each direction, and a new connection waits once for the whole of it, as a handshake would.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netns"
)

func main() {
	namespace := flag.String("netns", "", "network namespace to dial in")
	listen := flag.String("listen", "", "address to listen on")
	target := flag.String("target", "", "address to dial")
	targets := flag.String("targets", "", "file with one address:port a line, to choose from")
	port := flag.String("port", "", "port to look for in -targets")
	resolver := flag.String("resolver", "", "the bed's DNS server, to choose from -targets by host")
	roundTrip := flag.Duration("round-trip", 0, "delay to add to each round trip")
	flag.Parse()

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	inside, err := netns.GetFromPath(*namespace)
	if err != nil {
		log.Fatal(err)
	}
	log.Print("listening on ", listener.Addr())
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			var err error
			address, read := *target, []byte(nil)
			if *targets != "" {
				var name string
				var wanted []string
				if name, read = serverName(connection); name != "" {
					wanted = lookup(inside, *resolver, name)
				}
				if address, err = choose(*targets, *port, wanted); err != nil {
					log.Print(err)
					return
				}
			}
			if err := join(inside, connection, read, address, *roundTrip); err != nil {
				log.Print(err)
			}
		}()
	}
}

// choose finds the address in the list that serves the port and is one of the wanted, else the first that serves the port.
func choose(list, port string, wanted []string) (string, error) {
	file, err := os.Open(list)
	if err != nil {
		return "", err
	}
	defer file.Close()
	first := ""
	for lines := bufio.NewScanner(file); lines.Scan(); {
		address, _, _ := strings.Cut(lines.Text(), " ")
		host, serves, found := strings.Cut(address, ":")
		if !found || serves != port {
			continue
		}
		if slices.Contains(wanted, host) {
			return address, nil
		}
		if first == "" {
			first = address
		}
	}
	if first == "" {
		return "", fmt.Errorf("no load balancer serves port %s yet", port)
	}
	return first, nil
}

// join passes bytes both ways until both sides have ended, beginning with those that were read already.
func join(inside netns.NsHandle, outer net.Conn, read []byte, address string, roundTrip time.Duration) error {
	inner, err := dial(inside, address)
	if err != nil {
		return err
	}
	defer inner.Close()
	time.Sleep(roundTrip)
	if _, err := inner.Write(read); err != nil {
		return err
	}
	var both sync.WaitGroup
	move := func(to, from net.Conn) {
		defer both.Done()
		if roundTrip == 0 {
			_, _ = io.Copy(to, from)
		} else {
			carry(to, from, roundTrip/2)
		}
		if half, ok := to.(*net.TCPConn); ok {
			_ = half.CloseWrite()
		}
	}
	both.Add(2)
	go move(inner, outer)
	go move(outer, inner)
	both.Wait()
	return nil
}

// carry copies so that each byte arrives `late` after it was read, while reading goes on: it adds delay and takes no throughput.
func carry(to io.Writer, from io.Reader, late time.Duration) {
	type parcel struct {
		due   time.Time
		bytes []byte
	}
	road := make(chan parcel, 4096)
	go func() {
		defer close(road)
		for {
			bytes := make([]byte, 32*1024)
			n, err := from.Read(bytes)
			if n > 0 {
				road <- parcel{time.Now().Add(late), bytes[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
	for parcel := range road {
		time.Sleep(time.Until(parcel.due))
		if _, err := to.Write(parcel.bytes); err != nil {
			// The reader must not wait for a road that nobody empties.
			for range road {
			}
			return
		}
	}
}

// dial connects inside the namespace. A socket stays in the namespace where it was made, so only its making has to happen there;
// the thread is never given back to the scheduler and ends with the goroutine.
func dial(inside netns.NsHandle, address string) (net.Conn, error) {
	type result struct {
		connection net.Conn
		err        error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(inside); err != nil {
			done <- result{nil, err}
			return
		}
		host, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			done <- result{nil, err}
			return
		}
		// DialTCP to a literal address makes its socket on the calling thread.
		dialer := net.Dialer{Timeout: 5 * time.Second}
		connection, err := dialer.Dial("tcp4", host.String())
		done <- result{connection, err}
	}()
	r := <-done
	return r.connection, r.err
}
