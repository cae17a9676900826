// SPDX-License-Identifier: Apache-2.0

// Load_routes loads many routes into a Sluice router by one stream of batches, and says how many a second.
//
//	load_routes --next-hop 10.0.2.2                     100000 routes, 20.0.0.0/24 and up
//	load_routes --delete                                takes them away
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc/status"

	"sluice/client"
	"sluice/pb"
)

const subnet = 256 // Addresses in a /24.

type options struct {
	routes, batch             int
	first, nextHop, throughIf string
	delete                    bool
}

func makeBatches(o options) ([]*pb.RouteBatch, error) {
	first, err := client.ParseAddress(o.first)
	if err != nil {
		return nil, err
	}
	var nextHop *pb.IpAddress
	if !o.delete {
		value, err := client.ParseAddress(o.nextHop)
		if err != nil {
			return nil, fmt.Errorf("the next hop: %w; give --next-hop, or --delete", err)
		}
		nextHop = &pb.IpAddress{Family: &pb.IpAddress_Ip4{Ip4: value}}
	}
	var through *string
	if o.throughIf != "" {
		through = &o.throughIf
	}
	if o.batch < 1 {
		return nil, errors.New("--batch is 1 or more")
	}
	var batches []*pb.RouteBatch
	for n := 0; n < o.routes; n++ {
		if n%o.batch == 0 {
			batches = append(batches, new(pb.RouteBatch))
		}
		batch := batches[len(batches)-1]
		prefix := &pb.IpPrefix{Family: &pb.IpPrefix_Ip4{Ip4: first + uint32(n)*subnet}, Length: 24}
		if o.delete {
			batch.Delete = append(batch.Delete, prefix)
		} else {
			batch.Add = append(batch.Add, &pb.ConfiguredRoute{Prefix: prefix, NextHop: nextHop, Interface: through})
		}
	}
	return batches, nil
}

func load(connection *client.Connection, batches []*pb.RouteBatch) (*pb.LoadRoutesReply, error) {
	daemon, err := connection.Open()
	if err != nil {
		return nil, err
	}
	defer daemon.Close()
	stream, err := pb.NewRoutesClient(daemon).Load(context.Background())
	if err != nil {
		return nil, err
	}
	for _, batch := range batches {
		// At its end before ours the stream carries the daemon's verdict, which is read below.
		if err := stream.Send(batch); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return stream.CloseAndRecv()
}

func main() {
	var o options
	connection := client.Flags(flag.CommandLine)
	flag.IntVar(&o.routes, "routes", 100000, "how many")
	flag.StringVar(&o.first, "first", "20.0.0.0", "`address` of the first /24")
	flag.StringVar(&o.nextHop, "next-hop", "", "`address` where they lead")
	flag.StringVar(&o.throughIf, "interface", "", "to the next hop; found by the router where it is left out")
	flag.IntVar(&o.batch, "batch", 1000, "routes a message")
	flag.BoolVar(&o.delete, "delete", false, "delete them instead")
	flag.Parse()
	// Made before the clock runs: it is the router that is measured.
	batches, err := makeBatches(o)
	begin := time.Now()
	var reply *pb.LoadRoutesReply
	if err == nil {
		reply, err = load(connection, batches)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", status.Convert(err).Message())
		os.Exit(1)
	}
	seconds := time.Since(begin).Seconds()
	fmt.Printf("%d added, %d deleted in %.3f s, %.0f routes a second\n", reply.Added, reply.Deleted, seconds,
		float64(reply.Added+reply.Deleted)/seconds)
}
