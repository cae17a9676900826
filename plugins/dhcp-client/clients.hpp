// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "plugins/dhcp-client/client.hpp"
#include "plugins/dhcp-client/leased_routes.hpp"
#include "plugins/dhcp-client/watch.hpp"
#include "vnet/router.hpp"

namespace dhcp_client {

/// The clients of all interfaces: gives them time, the messages that come in, the link's state, and
/// does in the router what they ask for. Control thread.
class Clients {
public:
    /// What it sends by, and who takes in what is for an address.
    struct Nodes {
        graph::NodeId output;
        graph::NodeId lookup;
        graph::NodeId input;
    };
    /// The feature "dhcp-client-listen" is on its arc. All outlive it.
    Clients(vnet::Router& router, Watch& watch, const Nodes& nodes);
    ~Clients();
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    /// Gives an interface a client, or a client other settings, with which it begins anew.
    /// NOT_FOUND for an unknown interface, ALREADY_EXISTS where the port is taken.
    absl::Status set(const std::string& interface, const Settings& settings);
    /// Takes the client and its lease from an interface. NOT_FOUND where it has none.
    absl::Status reset(const std::string& interface);

    struct Info {
        Index interface;
        const Client* client;
    };
    /// By name, valid until the next change.
    std::vector<Info> all() const;

    /// Packets that the node "dhcp-client-input" let pass; they change hands.
    void receive(std::span<graph::Packet*> packets);
    /// To be told of changes of all interfaces.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);

private:
    class Session;
    void address_gone(Index interface, const vnet::wire::Ip4Prefix& address);
    void start(const vnet::interface::Interface& interface, const Settings& settings);
    void tick();
    void schedule();

    vnet::Router& router_;
    Watch& watch_;
    const Nodes nodes_;
    LeasedRoutes& routes_of(vnet::interface::Vrf vrf);

    /// While it is there, whoever observes for it finds it: observers are never taken back.
    std::shared_ptr<Clients*> self_ = std::make_shared<Clients*>(this);
    std::map<vnet::interface::Vrf, LeasedRoutes> routes_;
    std::mt19937 random_{std::random_device{}()};
    std::map<Index, std::unique_ptr<Session>> sessions_;
    graph::Control::Handle timer_;
};

}  // namespace dhcp_client
