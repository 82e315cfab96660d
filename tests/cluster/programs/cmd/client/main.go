// Command client is what the tests of the bed run in pods: small, static, without a shell, and it says what it saw.
//
//	client serve PORT [TEXT]     answers every HTTP request and every line on PORT with TEXT (default: its host name)
//	client connect HOST PORT     succeeds when a TCP connection is accepted within 3 seconds
//	client resolve NAME          prints the addresses of NAME, one a line
//	client get URL               prints the body; fails when the status is 400 or more; trusts the file in SSL_CERT_FILE
//	client write FILE TEXT       writes TEXT and a line end to FILE
//	client read FILE             prints FILE
//	client sleep                 waits until it is told to end
//
// Exit 0: it worked; 1: it did not, with the reason on stderr; 2: wrong usage.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// patience is how long an attempt may take: longer than a lost SYN that is sent again, shorter than a test's.
const patience = 3 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "client:", err)
		stop()
		if _, usage := err.(usageError); usage {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

type usageError string

func (e usageError) Error() string { return string(e) }

func run(ctx context.Context, args []string) error {
	command, rest := "", []string{}
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	switch {
	case command == "serve" && len(rest) == 1:
		name, err := os.Hostname()
		if err != nil {
			return err
		}
		return serve(ctx, rest[0], name)
	case command == "serve" && len(rest) == 2:
		return serve(ctx, rest[0], rest[1])
	case command == "connect" && len(rest) == 2:
		return connect(ctx, net.JoinHostPort(rest[0], rest[1]))
	case command == "resolve" && len(rest) == 1:
		return resolve(ctx, rest[0])
	case command == "get" && len(rest) == 1:
		return get(ctx, rest[0])
	case command == "write" && len(rest) == 2:
		return os.WriteFile(rest[0], []byte(rest[1]+"\n"), 0o644)
	case command == "read" && len(rest) == 1:
		return read(rest[0])
	case command == "sleep" && len(rest) == 0:
		<-ctx.Done()
		return nil
	}
	return usageError("usage: client serve PORT [TEXT] | connect HOST PORT | resolve NAME | get URL | write FILE TEXT | read FILE | sleep")
}

func serve(ctx context.Context, port, text string) error {
	server := &http.Server{
		Addr:              ":" + port,
		ReadHeaderTimeout: patience,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, text) }),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	fmt.Println("listening on", port)
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func connect(ctx context.Context, address string) error {
	connection, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	fmt.Println("connected to", connection.RemoteAddr())
	return connection.Close()
}

func resolve(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, name)
	for _, address := range addresses {
		fmt.Println(address)
	}
	return err
}

func get(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(os.Stdout, file)
	return err
}
