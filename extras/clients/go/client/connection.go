// SPDX-License-Identifier: Apache-2.0

// Package client is a small client of Sluice's binary API: how to connect, how to follow events, text forms of
// addresses. The messages and services are in sluice/pb, which is generated.
package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
)

const (
	defaultTarget = "/run/sluice/api.sock"
	// A batch of events may be large.
	maxReceiveBytes = 16 << 20
)

// Connection says where a daemon is. Target is the path of a socket, or HOST:PORT, which needs all three files.
type Connection struct {
	Target      string
	Certificate string
	Key         string
	CA          string
}

// Flags adds the options --connect, --tls-certificate, --tls-key and --tls-ca, which set the result when they are parsed.
func Flags(flags *flag.FlagSet) *Connection {
	connection := new(Connection)
	flags.StringVar(&connection.Target, "connect", defaultTarget, "the daemon's `socket`, or HOST:PORT with TLS")
	flags.StringVar(&connection.Certificate, "tls-certificate", "", "this client's, a PEM `file`")
	flags.StringVar(&connection.Key, "tls-key", "", "of the certificate, a PEM `file`")
	flags.StringVar(&connection.CA, "tls-ca", "", "who signed the daemon's, a PEM `file`")
	return connection
}

// Open makes a connection, which connects at its first call. The caller closes it.
func (c *Connection) Open() (*grpc.ClientConn, error) {
	wait := backoff.DefaultConfig
	wait.BaseDelay = 100 * time.Millisecond
	wait.MaxDelay = 2 * time.Second
	options := []grpc.DialOption{
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: wait, MinConnectTimeout: 2 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceiveBytes), grpc.ForceCodec(codec{})),
	}
	if strings.Contains(c.Target, "/") {
		path := strings.TrimPrefix(c.Target, "unix:")
		dial := func(ctx context.Context, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
		// A path is no name of a host, which is what HTTP/2 wants to be told.
		options = append(options, grpc.WithInsecure(), grpc.WithContextDialer(dial), grpc.WithAuthority("localhost"))
		return grpc.Dial("passthrough:///"+path, options...)
	}
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	return grpc.Dial(c.Target, append(options, grpc.WithTransportCredentials(credentials.NewTLS(config)))...)
}

func (c *Connection) tls() (*tls.Config, error) {
	if c.Certificate == "" || c.Key == "" || c.CA == "" {
		return nil, fmt.Errorf("%s is reached by TLS: give --tls-certificate, --tls-key and --tls-ca, or the path of a "+
			"socket", c.Target)
	}
	certificate, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(c.CA)
	if err != nil {
		return nil, err
	}
	signers := x509.NewCertPool()
	if !signers.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("there is no certificate in %s; give a PEM file", c.CA)
	}
	return &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: signers, MinVersion: tls.VersionTLS12}, nil
}
