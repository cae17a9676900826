// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "graph/stable_array.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/tunnel/endpoints.hpp"
#include "vnet/tunnel/outer.hpp"
#include "vnet/tunnel/tunnels.hpp"

namespace vnet::tunnel {

/// Tunnels of one kind between the router and one other each: their interfaces, the headers that
/// their packets get, and who finds them when packets come. A kind is a plugin's: it brings its
/// header and the nodes. Control thread, but for what workers read.
class PointToPoint {
public:
    /// What packets leave with: one layout for all, or one for each inner family.
    enum class Layouts : uint8_t { one, by_family };

    struct Parts {
        graph::Engine& engine;
        interface::Table& interfaces;
        Tunnels& tunnels;
    };
    /// All parts outlive it, and it its interfaces.
    PointToPoint(const Parts& parts, std::string kind, Layouts layouts);
    PointToPoint(const PointToPoint&) = delete;
    PointToPoint& operator=(const PointToPoint&) = delete;
    /// Who puts packets into tunnels of the kind; before the first one is added.
    void set_tx_node(graph::NodeId node) { tx_node_ = node; }

    /// What lies behind the outer IP header, and what that says is there.
    struct Behind {
        wire::IpProtocol protocol;
        std::vector<std::byte> bytes;
        /// Which of them, from and to, each packet has of its own; those of UDP are known.
        std::vector<std::pair<size_t, size_t>> varying{};
    };
    using EndsOfEither = std::variant<Ends<wire::Ip4Address>, Ends<wire::Ip6Address>>;
    struct Spec {
        /// Their protocol is that of `behind`.
        EndsOfEither ends;
        interface::Vrf vrf = interface::default_vrf;
        Policy policy;
        /// By which, beside its ends, the tunnel is found.
        uint64_t number = 0;
        /// As many as there are layouts, IPv4 first, of the same length.
        std::vector<Behind> behind;
        /// Outer::note of all.
        uint8_t note = 0;
        /// It carries Ethernet, and this is its own address.
        std::optional<wire::MacAddress> mac;
        /// Which was asked for.
        bool mac_is_asked_for = false;
        /// What it is made of, for people.
        std::string description;
    };
    /// Makes the interface, down. ALREADY_EXISTS for a name in use or where another tunnel of the
    /// kind has the ends and number; else as Underlay::open().
    absl::StatusOr<interface::Index> add(const std::string& name, Spec spec);
    /// To be called for each change of an interface: who goes is found no more.
    void changed(const interface::Interface& interface, interface::Change change);

    struct State {
        const Spec& spec;
        /// Of packets in the tunnel that fit the way; 0: there is no way.
        uint32_t way_mtu;
    };
    /// Nothing for an interface of another kind.
    std::optional<State> state(interface::Index index) const;
    /// By their numbers.
    std::vector<interface::Index> all() const;

    // ---- workers ----

    /// `layout` is 0, or 1 for inner IPv6 where there is one for each family.
    const Outer& outer(interface::Index index, size_t layout = 0) const noexcept {
        return outers_[index * layouts_ + layout];
    }
    template <class Address>
    interface::Index find(const Endpoint<Address>& endpoint) const noexcept {
        return endpoints<Address>(*this).find(endpoint);
    }

private:
    class Device;

    template <class Address, class Self>
    static auto& endpoints(Self& self) noexcept {
        if constexpr (std::is_same_v<Address, wire::Ip4Address>) {
            return self.ip4_;
        } else {
            return self.ip6_;
        }
    }
    template <class Address>
    static Endpoint<Address> endpoint_of(const Spec& spec, const Ends<Address>& ends) {
        return {ends.local, ends.remote, spec.number, spec.vrf};
    }
    template <class Address>
    absl::StatusOr<std::unique_ptr<Way>> open(const Spec& spec, const Ends<Address>& ends,
                                              interface::Index index);
    void remember(interface::Index index, Device& device);
    void forget(interface::Index index);

    Parts parts_;
    const std::string kind_;
    const size_t layouts_;
    graph::NodeId tx_node_ = graph::no_node;
    graph::StableArray<Outer> outers_;
    Endpoints<wire::Ip4Address> ip4_;
    Endpoints<wire::Ip6Address> ip6_;
    std::map<interface::Index, Device*> devices_;
};

}  // namespace vnet::tunnel
