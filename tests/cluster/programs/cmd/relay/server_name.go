package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/vishvananda/netns"
)

// serverName reads the name that a TLS client asks for. It returns all bytes that it has read, which are still to be passed on;
// who does not speak TLS, or asks for no name, has none.
func serverName(connection net.Conn) (name string, read []byte) {
	var seen bytes.Buffer
	enough := errors.New("the name is known")
	_ = connection.SetReadDeadline(time.Now().Add(5 * time.Second))
	_ = tls.Server(silent{connection, io.TeeReader(connection, &seen)}, &tls.Config{
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			name = hello.ServerName
			return nil, enough
		},
	}).Handshake()
	_ = connection.SetReadDeadline(time.Time{})
	return name, seen.Bytes()
}

// silent only listens: what the handshake would answer stays unsaid, because the server inside will answer.
type silent struct {
	net.Conn
	from io.Reader
}

func (s silent) Read(into []byte) (int, error)  { return s.from.Read(into) }
func (s silent) Write(from []byte) (int, error) { return len(from), nil }

// lookup asks the bed's own DNS, over TCP, so that the question takes the same way as everything else.
func lookup(inside netns.NsHandle, resolver, name string) []string {
	limited, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	company := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return dial(inside, resolver) }}
	addresses, err := company.LookupHost(limited, name+".")
	if err != nil {
		return nil
	}
	return addresses
}
