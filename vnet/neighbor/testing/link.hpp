// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "graph/engine.hpp"
#include "graph/mailbox.hpp"
#include "vnet/fib/next_hops.hpp"
#include "vnet/interface/testing/fake_device.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/neighbor/arp.hpp"
#include "vnet/neighbor/nd.hpp"
#include "vnet/network.hpp"
#include "vnet/punt/classes.hpp"
#include "vnet/wire/testing/packets.hpp"

/// A router with running workers (one, where no more are asked for) and two links that a test
/// listens to: "lan" with index 1 and 10.0.0.1/24, "wan" with index 2 and 10.1.0.1/24. Time stands
/// still until the test moves it.
namespace vnet::neighbor::testing {

using wire::testing::Bytes;

/// A frame as it left, and by which interface.
struct Sent {
    interface::Index interface;
    Bytes bytes;
    friend bool operator==(const Sent&, const Sent&) = default;
};
std::ostream& operator<<(std::ostream& out, const Sent& sent);

class Link {
public:
    static constexpr interface::Index lan = 1;
    static constexpr interface::Index wan = 2;
    static constexpr const char* lan_mac = "02:00:00:00:00:a1";
    static constexpr const char* wan_mac = "02:00:00:00:00:a2";

    explicit Link(const Settings& settings = {}, unsigned workers = 1);
    ~Link();

    /// Gives a worker a frame that came in by an interface; an IP packet begins at its lookup,
    /// ARP at arp-input and neighbor discovery at nd-input.
    void receive(interface::Index interface, const Bytes& frame, uint16_t flags = 0,
                 unsigned worker = 0);
    /// What left since the last call, in order, when workers and control have nothing to do any
    /// more.
    std::vector<Sent> sent();
    /// The workers that sent what the last call of sent() told of.
    const std::vector<unsigned>& senders() const noexcept { return senders_; }
    /// The workers have nothing to do any more; control has not looked at what came from them.
    void settle_worker();
    /// Worker and control have nothing to do any more.
    void settle();
    /// Moves time on and does what is due.
    void pass(std::chrono::milliseconds time);
    /// A drop counter's value, over all threads.
    uint64_t drops(const std::string& node, const std::string& reason) const;
    /// "address state mac" of each neighbour.
    std::vector<std::string> neighbors() const;

private:
    class Capture;

public:
    std::unique_ptr<graph::Engine> engine;
    interface::Table interfaces;
    fib::ForwardingTable forwarding;
    Network<ip4::Family, Arp> ip4;
    Network<ip6::Family, Nd> ip6;
    std::unique_ptr<ip6::LinkLocals> link_locals;
    punt::Limits limits;
    /// Of IPv4, for short.
    ip4::Fib*& fib = ip4.fib;
    std::unique_ptr<ip4::Addresses>& addresses = ip4.addresses;
    std::unique_ptr<Arp>& table = ip4.neighbors;
    std::shared_ptr<interface::testing::FakeState> devices[2];

private:
    std::shared_ptr<Capture> capture_;
    std::vector<unsigned> senders_;
    unsigned workers() const noexcept { return unsigned(engine->workers().size()); }
    void add_ip4_nodes(const Settings& settings);
    void add_ip6_nodes(const Settings& settings);
    template <class Family, class Neighbors>
    void make_fib(Network<Family, Neighbors>& network, graph::NodeId resolve, graph::NodeId rewrite,
                  graph::NodeId end, graph::NodeId lookup_vrf);

    std::atomic<bool> redirects_{true};
    graph::NodeId output_ = 0;
    graph::NodeId lookup_ = 0;
    graph::NodeId lookup6_ = 0;
    graph::NodeId arp_input_ = 0;
    graph::NodeId nd_input_ = 0;
    graph::NodeId tx_ = 0;
    Clock::time_point now_{std::chrono::hours(1)};
};

}  // namespace vnet::neighbor::testing
