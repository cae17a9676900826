// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "graph/testing/bench.hpp"
#include "vnet/fib/addresses.hpp"
#include "vnet/fib/fibs.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/fib/tables.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/wire/testing/packets.hpp"

/// A small router of one family on the bench, for the tests of its nodes: two interfaces of fake
/// devices, "lan" with index 1 and "wan" with index 2, an address on each, and a neighbour behind
/// each that is resolved.
namespace vnet::fib::testing {

using wire::testing::Bytes;

/// `Kit` says what is the family's own: `ip4::testing::Kit` or `ip6::testing::Kit`.
template <class Kit>
class Net {
public:
    using Family = typename Kit::Family;
    using Address = typename Family::Address;
    using ErrorRequest = typename Kit::ErrorRequest;
    using IcmpError = typename Kit::IcmpError;

    static constexpr interface::Index lan = 1;
    static constexpr interface::Index wan = 2;
    static constexpr const char* lan_mac = "02:00:00:00:00:a1";
    static constexpr const char* wan_mac = "02:00:00:00:00:a2";
    /// Of Kit::host, a host on lan, and of Kit::gateway, a router on wan.
    static constexpr const char* host_mac = "02:00:00:00:00:b1";
    static constexpr const char* router_mac = "02:00:00:00:00:b2";

    Net();
    ~Net();

    /// The nodes of this layer; what is not added is a collector of its name.
    void add_input();
    void add_lookup();
    void add_rewrite();
    void add_local();
    void add_deliver();
    void add_unreachable();
    void add_error(typename IcmpError::Limit limit = {1'000'000'000, 1'000'000});
    void add_icmp_input();
    /// Behind the nodes: routes, addresses and neighbours.
    void start();

    using Change = std::function<void(graph::Packet&)>;
    /// Packets of these bytes, from Ethernet on, as if "ethernet-input" had sent them to `node`,
    /// each after `change`.
    std::vector<graph::testing::Result> run(const std::string& node, const Bytes& bytes,
                                            unsigned count = 1, interface::Index from = lan,
                                            const Change& change = {});
    /// Adds a route of source "configured"; throws where it is refused.
    void route(const std::string& prefix, const Via<Address>& via);
    /// A neighbour that is resolved, and the route to it.
    void neighbor(interface::Index interface, const std::string& address, const std::string& mac);
    /// A second segment with these bytes.
    void append_segment(graph::Packet& packet, const Bytes& bytes);

    graph::testing::Bench bench;
    std::unique_ptr<graph::Engine> engine;
    interface::Table interfaces;
    ForwardingTable forwarding;
    Tables<typename Family::Table> tables;
    /// Of the default VRF, as `fib`.
    typename Family::Table& table;
    ip4::LocalTable local;
    std::optional<graph::Slot<ErrorRequest>> slot;
    std::vector<std::shared_ptr<interface::testing::FakeState>> devices;
    std::unique_ptr<NextHops<Address>> next_hops;
    std::unique_ptr<Fibs<Family>> fibs;
    Fib<Family>* fib = nullptr;
    std::unique_ptr<Addresses<Family>> addresses;
    typename Fib<Family>::Paths paths{};
    /// What only this family has.
    typename Kit::More more;

private:
    static std::string of_ip(const char* what) { return Kit::ip + std::string("-") + what; }
    graph::ArcId arc(const std::string& name, graph::ArcSide side, const std::string& start,
                     const std::string& end);
    std::vector<std::string> ends_;
};

/// A packet of a test: what comes in, and what is to come of it.
struct Case {
    std::string what;
    Bytes in;
    /// The node it is sent to, or, for a drop, "drop".
    std::string next;
    std::string drop;
    /// What it is then; empty: what it was.
    Bytes out = {};
    std::function<void(graph::Packet&)> change = {};
    interface::Index from = 1;
};

/// Runs each case at every burst size against a net that `make` makes.
template <class Kit>
void check(const std::function<std::unique_ptr<Net<Kit>>()>& make, const std::string& node,
           const std::vector<Case>& cases);

/// Without the Ethernet header.
Bytes without_ethernet(const Bytes& frame);

}  // namespace vnet::fib::testing
