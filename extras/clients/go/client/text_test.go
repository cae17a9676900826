// SPDX-License-Identifier: Apache-2.0

package client

import (
	"net"
	"testing"

	"sluice/pb"
)

func TestAddresses(t *testing.T) {
	value, err := ParseAddress("192.0.2.1")
	if err != nil || value != 0xc0000201 {
		t.Errorf("192.0.2.1 is %x, %v", value, err)
	}
	for _, wrong := range []string{"", "192.0.2", "192.0.2.256", "2001:db8::1", "host"} {
		if _, err := ParseAddress(wrong); err == nil {
			t.Errorf("%q was taken for an address", wrong)
		}
	}
}

func TestTexts(t *testing.T) {
	if text := MacText(&pb.MacAddress{Value: 0x02fe00000001}); text != "02:fe:00:00:00:01" {
		t.Errorf("a MAC address reads %s", text)
	}
	route := &pb.Route{Prefix: &pb.IpPrefix{Family: &pb.IpPrefix_Ip4{Ip4: 0x14000000}, Length: 8}, LeadsTo: "next-hop",
		NextHop: &pb.IpAddress{Family: &pb.IpAddress_Ip4{Ip4: 0x0a000202}}, Interface: "wan"}
	if text := AddressText(&pb.IpAddress{Family: &pb.IpAddress_Ip6{Ip6: net.ParseIP("2001:db8::1")}}); text != "2001:db8::1" {
		t.Errorf("an IPv6 address reads %s", text)
	}
	text := EventText(&pb.Event{Body: &pb.Event_Route{Route: route}})
	if text != "route 20.0.0.0/8 via 10.0.2.2 by wan, not used" {
		t.Errorf("a route reads %s", text)
	}
	if text := EventText(&pb.Event{}); text != "something that this program does not know" {
		t.Errorf("nothing reads %s", text)
	}
}
