// SPDX-License-Identifier: Apache-2.0

package client

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"

	"sluice/pb"
)

// ParseAddress reads "192.0.2.1".
func ParseAddress(text string) (uint32, error) {
	address := net.ParseIP(text).To4()
	if address == nil {
		return 0, fmt.Errorf("%q is no IPv4 address", text)
	}
	return binary.BigEndian.Uint32(address), nil
}

func addressText(ip4 uint32, ip6 []byte) string {
	if len(ip6) == net.IPv6len {
		return net.IP(ip6).String()
	}
	return net.IPv4(byte(ip4>>24), byte(ip4>>16), byte(ip4>>8), byte(ip4)).String()
}

// AddressText writes "192.0.2.1" or "2001:db8::1".
func AddressText(address *pb.IpAddress) string {
	return addressText(address.GetIp4(), address.GetIp6())
}

// PrefixText writes "192.0.2.0/24" or "2001:db8::/32".
func PrefixText(prefix *pb.IpPrefix) string {
	return fmt.Sprintf("%s/%d", addressText(prefix.GetIp4(), prefix.GetIp6()), prefix.GetLength())
}

// MacText writes "02:fe:00:00:00:01".
func MacText(mac *pb.MacAddress) string {
	var bytes [8]byte
	binary.BigEndian.PutUint64(bytes[:], mac.GetValue())
	return net.HardwareAddr(bytes[2:]).String()
}

// EventText writes the body of an event in words.
func EventText(event *pb.Event) string {
	switch body := event.Body.(type) {
	case *pb.Event_Interface:
		return fmt.Sprintf("interface %s %s, link %s, MTU %d", body.Interface.Name, stateText(body.Interface.State),
			stateText(body.Interface.Link), body.Interface.Mtu)
	case *pb.Event_Address:
		return fmt.Sprintf("address %s on %s", PrefixText(body.Address.Prefix), body.Address.Interface)
	case *pb.Event_Neighbor:
		return fmt.Sprintf("neighbor %s at %s on %s", AddressText(body.Neighbor.GetAddress()),
			MacText(body.Neighbor.Mac), body.Neighbor.Interface)
	case *pb.Event_Route:
		return routeText(body.Route)
	case *pb.Event_NextHop:
		return fmt.Sprintf("next hop %s by %s", AddressText(body.NextHop.GetAddress()), body.NextHop.Interface)
	case *pb.Event_Resource:
		state := strings.ToLower(strings.TrimPrefix(body.Resource.State.String(), "RESOURCE_STATE_"))
		return fmt.Sprintf("%s %s %s %s, %d of %d in use", body.Resource.Owner, body.Resource.Name, body.Resource.What, state,
			body.Resource.Used, body.Resource.Total)
	case *pb.Event_Plugin:
		if body.Plugin.Reason != "" {
			return fmt.Sprintf("plugin %s: %s", body.Plugin.Name, body.Plugin.Reason)
		}
		return "plugin " + body.Plugin.Name
	}
	return "something that this program does not know"
}

func stateText(state pb.InterfaceState) string {
	if state == pb.InterfaceState_INTERFACE_STATE_UP {
		return "up"
	}
	return "down"
}

func routeText(route *pb.Route) string {
	to := route.LeadsTo
	if route.NextHop != nil {
		to = "via " + AddressText(route.NextHop)
	}
	unused := ""
	if !route.Used {
		unused = ", not used"
	}
	return fmt.Sprintf("route %s %s by %s%s", PrefixText(route.Prefix), to, route.Interface, unused)
}
