// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "plugins/vxlan/segment_tables.hpp"
#include "vnet/interface/table.hpp"
#include "vnet/tunnel/tunnels.hpp"

namespace vxlan {

using vnet::wire::Ip4Address;
using vnet::wire::Ip6Address;
using vnet::wire::MacAddress;

/// Multipoint tunnels: their interfaces, their other ends, which of them gets what is for all, and
/// behind which stations are. Ends are named by Ip6Address, IPv4 as ::ffff:a.b.c.d. Control thread.
class Segments {
public:
    static constexpr const char* kind = "vxlan-multipoint";

    struct Parts {
        graph::Engine& engine;
        vnet::interface::Table& interfaces;
        vnet::tunnel::Tunnels& tunnels;
        SegmentTables& tables;
    };
    /// `tx_node` puts frames into these tunnels. All outlive it, and it its interfaces.
    Segments(const Parts& parts, graph::NodeId tx_node);
    ~Segments();
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

    struct Spec {
        Ip6Address local;
        uint16_t port = 0;
        uint32_t vni = 0;
        vnet::interface::Vrf vrf = vnet::interface::default_vrf;
        vnet::tunnel::Policy policy;
        /// Outer::note.
        uint8_t note = 0;
        MacAddress mac;
        bool mac_is_asked_for = false;
        bool learns = true;
        uint32_t ageing_s = 300;
        uint32_t mac_limit = 65536;

        bool is_ip6() const { return !local.is_ip4_mapped(); }
    };
    /// Makes the interface, down. ALREADY_EXISTS for a name in use or another tunnel with the same
    /// address, port and VNI.
    absl::StatusOr<Index> add(const std::string& name, const Spec& spec);

    /// Who is behind an end, for good. `vni` is that of the tunnel where there is none.
    absl::Status add_mac(const std::string& name, const MacAddress& mac, Ip6Address remote,
                         std::optional<uint32_t> vni);
    /// NOT_FOUND where nobody has said so.
    absl::Status remove_mac(const std::string& name, const MacAddress& mac);
    /// Who gets what is for all. Where `remote` is a group, `link` names the interface that it is
    /// reached by, and that the router listens to it on; it goes with that interface.
    absl::Status add_flood(const std::string& name, Ip6Address remote, std::optional<uint32_t> vni,
                           const std::string& link = {});
    absl::Status remove_flood(const std::string& name, Ip6Address remote);
    /// Forgets what was learned.
    absl::Status forget(const std::string& name);

    /// To be called for each change of an interface.
    void changed(const vnet::interface::Interface& interface, vnet::interface::Change change);
    /// Takes in what workers have heard; forgets who has been silent.
    void learn();
    void age();

    struct Figures {
        uint32_t learned = 0;
        /// Times that a station was not learned, for want of room.
        uint64_t refused = 0;
        uint64_t moves = 0;
    };
    struct Info {
        Index interface;
        const Spec& spec;
        /// Of the narrowest way; 0: there is none.
        uint32_t way_mtu;
        size_t remotes;
        Figures figures;
    };
    /// By interface number.
    std::vector<Info> all() const;
    /// Times that a worker found no room to tell of a station, in all.
    uint64_t untold() const { return parts_.tables.learner.overflow(); }
    bool has(Index interface) const { return segments_.contains(interface); }
    const Spec& spec(Index interface) const { return segments_.at(interface).spec; }
    struct RemoteInfo {
        Ip6Address address;
        uint32_t vni;
        /// 0: there is no way.
        uint32_t way_mtu;
        /// Of a group: the interface that it is reached by; else 0.
        Index link;
    };
    struct MacInfo {
        Index interface;
        MacAddress mac;
        RemoteInfo remote;
        bool is_fixed;
        uint32_t age_s;
    };
    /// By the names of tunnels, then by addresses.
    std::vector<MacInfo> macs() const;
    struct FloodInfo {
        Index interface;
        RemoteInfo remote;
    };
    /// In the same order.
    std::vector<FloodInfo> floods() const;

private:
    class Device;
    struct Segment {
        Spec spec;
        /// In the order in which they were named.
        std::vector<Remote> flood;
        std::unique_ptr<SegmentTables::Flood> published;
        std::set<Remote> remotes;
        Figures figures;
        std::unique_ptr<vnet::tunnel::LocalEnd> local;
    };
    struct Other {
        Index interface = 0;
        Ip6Address address;
        uint32_t vni = 0;
        unsigned users = 0;
        std::unique_ptr<vnet::tunnel::Way> way;
        /// That of the same address and the tunnel's own VNI, which packets come from.
        Remote peer = 0;
        /// Of a group: the interface that it is reached by.
        Index link = 0;
    };

    absl::StatusOr<Index> find(const std::string& name) const;
    /// An end, for one user more.
    absl::StatusOr<Remote> acquire(Index interface, Ip6Address address, uint32_t vni,
                                   Index link = 0);
    /// 0 for what is no group.
    absl::StatusOr<Index> find_link(Ip6Address remote, std::optional<uint32_t> vni,
                                    const std::string& link) const;
    absl::Status set_group(const Other& other, bool taken);
    void drop_flood(Index interface, std::vector<Remote>::iterator at);
    void release(Remote remote);
    absl::StatusOr<Remote> make(Other& other);
    template <class Family>
    absl::Status open(Remote number, Other& other);
    template <class Family>
    absl::StatusOr<std::unique_ptr<vnet::tunnel::LocalEnd>> open_local(const Spec& spec,
                                                                       Index interface);
    void set_peer(const Other& other, Remote number);
    void close(Index interface);
    void publish(Index interface);
    uint32_t way_mtu(const Segment& segment) const;
    /// Soon, once for many changes.
    void fit_soon(Index interface);
    void forget_if(const std::function<bool(vnet::learning::Station,
                                            const vnet::learning::MacTable::Entry&)>& which);
    void hear(const vnet::learning::Learner<HeardMac>::Heard& heard);
    RemoteInfo describe(Remote remote) const;

    Parts parts_;
    const graph::NodeId tx_node_;
    std::map<Index, Segment> segments_;
    std::map<Remote, Other> others_;
    std::map<std::tuple<Index, Ip6Address, uint32_t>, Remote> numbers_;
    std::vector<Remote> free_;
    Remote next_ = 1;
    std::set<Index> to_fit_;
    graph::Control::Handle learning_;
    graph::Control::Handle ageing_;
    /// For what runs later and may find this gone.
    std::shared_ptr<Segments*> self_ = std::make_shared<Segments*>(this);
};

}  // namespace vxlan
