// SPDX-License-Identifier: Apache-2.0
#include "plugins/vxlan/segments.hpp"

#include <fmt/format.h>
#include <rte_cycles.h>

#include <algorithm>
#include <chrono>

#include "vnet/wire/vxlan.hpp"

namespace vxlan {

namespace wire = vnet::wire;
namespace learning = vnet::learning;
using vnet::interface::Change;
using vnet::tunnel::Ends;

namespace {

constexpr std::chrono::milliseconds learning_period{20};
constexpr std::chrono::seconds ageing_period{1};
/// The longest packet that IP has, and what links mostly carry.
constexpr uint32_t longest_packet = 65535;
constexpr uint32_t usual_mtu = 1500;

std::string text_of(const Ip6Address& address) {
    return address.is_ip4_mapped() ? unmapped<Ip4Address>(address).to_string()
                                   : address.to_string();
}

/// In front of a packet in the tunnel: IP, UDP, VXLAN and Ethernet.
uint32_t headers(const Segments::Spec& spec) {
    return uint32_t((spec.is_ip6() ? sizeof(wire::Ip6Header) : sizeof(wire::Ip4Header)) +
                    header(0, 0).size() + sizeof(wire::EthernetHeader));
}

uint32_t seconds_since(learning::Tick heard) {
    const auto passed = int32_t(learning::tick_of(rte_rdtsc()) - heard);
    return passed <= 0 ? 0 : uint32_t((uint64_t(passed) << 30) / rte_get_tsc_hz());
}

Index interface_of(learning::Station station) {
    return Index(station >> 48);
}

}  // namespace

class Segments::Device final : public vnet::interface::Device {
public:
    Device(Segments& owner, Index index) : owner_(owner), index_(index) {}
    ~Device() override {
        // No worker hears for it any more: what they have told is discarded while it is still known
        // whose it was, and not learned by who gets the number of the interface next.
        owner_.learn();
        owner_.segments_.erase(index_);
    }

    std::string_view kind() const override { return Segments::kind; }
    graph::NodeId tx_node() const override { return owner_.tx_node_; }
    MacAddress mac() const override { return spec().mac; }
    uint32_t max_mtu() const override { return longest_packet - headers(spec()); }
    std::string description() const override {
        return fmt::format("vxlan {} {} to many", spec().vni, text_of(spec().local));
    }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const MacAddress& mac) override {
        owner_.segments_.at(index_).spec.mac = mac;
        return absl::OkStatus();
    }
    /// Others may come.
    bool link_up() const override { return true; }

private:
    const Spec& spec() const { return owner_.segments_.at(index_).spec; }

    Segments& owner_;
    const Index index_;
};

Segments::Segments(const Parts& parts, graph::NodeId tx_node) : parts_(parts), tx_node_(tx_node) {}

Segments::~Segments() {
    // Ends that still rest are of these tables.
    parts_.engine.rcu().flush();
}

absl::StatusOr<Index> Segments::find(const std::string& name) const {
    const auto interface = parts_.interfaces.find(name);
    if (!interface.ok()) {
        return interface.status();
    }
    if (!segments_.contains((*interface)->index)) {
        return absl::InvalidArgumentError(fmt::format(
            "interface '{}' is a {}, not a VXLAN tunnel of many ends; `show vxlan tunnel` lists "
            "those, without a remote end",
            name, (*interface)->device->kind()));
    }
    return (*interface)->index;
}

template <class Family>
absl::StatusOr<std::unique_ptr<vnet::tunnel::LocalEnd>> Segments::open_local(const Spec& spec,
                                                                             Index interface) {
    using Address = typename Family::Address;
    const auto local = unmapped<typename Family::Address>(spec.local);
    const vnet::tunnel::Endpoint<Address> any{local, Address(), number_of(spec.port, spec.vni),
                                              spec.vrf};
    auto& takers = SegmentTables::any<Address>(parts_.tables);
    if (const Index other = takers.find(any); other != 0) {
        return absl::AlreadyExistsError(fmt::format("'{}' is the tunnel of VNI {} at {} already",
                                                    parts_.interfaces.name_of(other), spec.vni,
                                                    local));
    }
    auto end = parts_.tunnels.of<Family>().underlay->open_local(spec.vrf, local);
    if (end.ok()) {
        parts_.tables.locals[interface] = spec.local;
        takers.add(any, interface);
    }
    return end;
}

absl::StatusOr<Index> Segments::add(const std::string& name, const Spec& spec) {
    using Made = absl::StatusOr<std::unique_ptr<vnet::interface::Device>>;
    const auto index = parts_.interfaces.add(name, [&](Index at) -> Made {
        auto local = spec.is_ip6() ? open_local<vnet::ip6::Family>(spec, at)
                                   : open_local<vnet::ip4::Family>(spec, at);
        if (!local.ok()) {
            return local.status();
        }
        Segment& segment = segments_[at];
        segment.spec = spec;
        segment.local = std::move(*local);
        return std::make_unique<Device>(*this, at);
    });
    if (!index.ok()) {
        return index;
    }
    parts_.interfaces.set_default_mtu(*index, usual_mtu - headers(spec));
    parts_.tables.learns[*index].store(spec.learns, std::memory_order_relaxed);
    if (segments_.size() == 1) {
        learning_ = parts_.engine.control().every(learning_period, [this] { learn(); });
        ageing_ = parts_.engine.control().every(ageing_period, [this] {
            age();
            parts_.engine.rcu().reclaim();
        });
    }
    return index;
}

void Segments::changed(const vnet::interface::Interface& interface, Change change) {
    if (change != Change::removing) {
        return;
    }
    if (segments_.contains(interface.index)) {
        close(interface.index);
        return;
    }
    for (auto& [index, segment] : segments_) {
        // A group goes with the link that it is reached by.
        const auto gone = std::find_if(segment.flood.begin(), segment.flood.end(), [&](Remote one) {
            return others_.at(one).link == interface.index;
        });
        if (gone != segment.flood.end()) {
            drop_flood(index, gone);
        }
    }
}

/// Nothing leads to it, and nothing comes from it, any more. What workers have in hand still does.
void Segments::close(Index interface) {
    Segment& segment = segments_.at(interface);
    const Spec& spec = segment.spec;
    const auto remove = [&]<class Family>(Family) {
        using Address = typename Family::Address;
        SegmentTables::any<Address>(parts_.tables)
            .remove({unmapped<typename Family::Address>(spec.local), Address(),
                     number_of(spec.port, spec.vni), spec.vrf});
    };
    spec.is_ip6() ? remove(vnet::ip6::Family()) : remove(vnet::ip4::Family());
    parts_.tables.learns[interface].store(false, std::memory_order_relaxed);
    const std::vector<Remote> flood = std::exchange(segment.flood, {});
    publish(interface);
    for (const Remote remote : flood) {
        release(remote);
    }
    forget_if([interface](learning::Station station, const auto&) {
        return interface_of(station) == interface;
    });
    if (segments_.size() == 1) {
        learning_.cancel();
        ageing_.cancel();
    }
}

template <class Family>
absl::Status Segments::open(Remote number, Other& other) {
    using Address = typename Family::Address;
    const Spec& spec = segments_.at(other.interface).spec;
    const Ends<Address> ends{unmapped<typename Family::Address>(spec.local),
                             unmapped<typename Family::Address>(other.address)};
    Outer& outer = parts_.tables.outers[number];
    vnet::tunnel::lay(outer, ends, spec.policy, spec.vrf, header(spec.port, other.vni));
    outer.note = spec.note;
    typename vnet::tunnel::Underlay<Family>::Request request{
        .ends = ends,
        .vrf = spec.vrf,
        .interface = other.interface,
        .carries_ethernet = true,
        .outers = {&outer},
        .changed = [this, interface = other.interface] { fit_soon(interface); }};
    auto& underlay = *parts_.tunnels.of<Family>().underlay;
    auto way = other.link == 0 ? underlay.open(request) : underlay.open_group(request, other.link);
    if (!way.ok()) {
        outer.length = 0;
        return way.status();
    }
    other.way = std::move(*way);
    return absl::OkStatus();
}

/// A number for an end, and its way.
absl::StatusOr<Remote> Segments::make(Other& other) {
    if (free_.empty() && next_ > parts_.tables.room) {
        return absl::ResourceExhaustedError(
            fmt::format("no room for {}: there are {} ends of tunnels", text_of(other.address),
                        others_.size()));
    }
    const Remote number = free_.empty() ? next_ : free_.back();
    const absl::Status status = segments_.at(other.interface).spec.is_ip6()
                                    ? open<vnet::ip6::Family>(number, other)
                                    : open<vnet::ip4::Family>(number, other);
    if (!status.ok()) {
        return status;
    }
    free_.empty() ? void(++next_) : free_.pop_back();
    return number;
}

/// What comes from an end is that of `number`; 0: of none.
void Segments::set_peer(const Other& other, Remote number) {
    const Spec& spec = segments_.at(other.interface).spec;
    const auto set = [&]<class Family>(Family) {
        const vnet::tunnel::Endpoint<typename Family::Address> endpoint{
            unmapped<typename Family::Address>(spec.local),
            unmapped<typename Family::Address>(other.address), number_of(spec.port, spec.vni),
            spec.vrf};
        auto& peers = SegmentTables::peers<typename Family::Address>(parts_.tables);
        number != 0 ? void(peers.add(endpoint, number)) : peers.remove(endpoint);
    };
    spec.is_ip6() ? set(vnet::ip6::Family()) : set(vnet::ip4::Family());
}

/// What comes to the group is this tunnel's, or no longer.
absl::Status Segments::set_group(const Other& other, bool taken) {
    const Spec& spec = segments_.at(other.interface).spec;
    const auto set = [&]<class Family>(Family) -> absl::Status {
        using Address = typename Family::Address;
        const vnet::tunnel::Endpoint<Address> group{unmapped<Address>(other.address), Address(),
                                                    number_of(spec.port, spec.vni), spec.vrf};
        auto& takers = SegmentTables::any<Address>(parts_.tables);
        if (!taken) {
            takers.remove(group);
            return absl::OkStatus();
        }
        if (const Index has = takers.find(group); has != 0) {
            return absl::AlreadyExistsError(
                fmt::format("VNI {} of group {} is that of tunnel '{}' already", spec.vni,
                            text_of(other.address), parts_.interfaces.name_of(has)));
        }
        takers.add(group, other.interface);
        return absl::OkStatus();
    };
    return spec.is_ip6() ? set(vnet::ip6::Family()) : set(vnet::ip4::Family());
}

absl::StatusOr<Remote> Segments::acquire(Index interface, Ip6Address address, uint32_t vni,
                                         Index link) {
    const std::tuple key(interface, address, vni);
    if (const auto known = numbers_.find(key); known != numbers_.end()) {
        ++others_.at(known->second).users;
        return known->second;
    }
    Segment& segment = segments_.at(interface);
    if (address.is_ip4_mapped() == segment.spec.is_ip6()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} and {} cannot be the ends of one tunnel; give two addresses of IPv4 or two of IPv6",
            text_of(segment.spec.local), text_of(address)));
    }
    Other other{interface, address, vni, 1, nullptr, 0, link};
    if (vni != segment.spec.vni) {
        const auto peer = acquire(interface, address, segment.spec.vni);
        if (!peer.ok()) {
            return peer;
        }
        other.peer = *peer;
    }
    if (link != 0) {
        if (absl::Status status = set_group(other, true); !status.ok()) {
            return status;
        }
    }
    const auto number = make(other);
    if (!number.ok()) {
        if (link != 0) {
            (void)set_group(other, false);
        }
        if (other.peer != 0) {
            release(other.peer);
        }
        return number;
    }
    parts_.tables.interfaces[*number].store(interface, std::memory_order_relaxed);
    if (other.peer == 0 && link == 0) {
        set_peer(other, *number);
    }
    segment.remotes.insert(*number);
    numbers_[key] = *number;
    others_[*number] = std::move(other);
    fit_soon(interface);
    return number;
}

void Segments::release(Remote remote) {
    Other& other = others_.at(remote);
    if (--other.users != 0) {
        return;
    }
    const Remote peer = other.peer;
    if (other.link != 0) {
        (void)set_group(other, false);
    } else if (peer == 0) {
        set_peer(other, 0);
    }
    segments_.at(other.interface).remotes.erase(remote);
    numbers_.erase({other.interface, other.address, other.vni});
    fit_soon(other.interface);
    others_.erase(remote);
    // Whoever has it in hand still sends by it.
    parts_.engine.rcu().retire([weak = std::weak_ptr(self_), remote] {
        if (const auto self = weak.lock()) {
            (*self)->parts_.tables.outers[remote].length = 0;
            (*self)->free_.push_back(remote);
        }
    });
    if (peer != 0) {
        release(peer);
    }
}

void Segments::publish(Index interface) {
    Segment& segment = segments_.at(interface);
    auto made = std::make_unique<SegmentTables::Flood>(segment.flood);
    parts_.tables.floods[interface].store(made->empty() ? nullptr : made.get(),
                                          std::memory_order_release);
    if (auto old = std::shared_ptr<SegmentTables::Flood>(std::move(segment.published))) {
        parts_.engine.rcu().retire([old] {});
    }
    segment.published = std::move(made);
}

uint32_t Segments::way_mtu(const Segment& segment) const {
    uint32_t smallest = 0;
    for (const Remote remote : segment.remotes) {
        const uint32_t mtu = describe(remote).way_mtu;
        if (mtu != 0 && (smallest == 0 || mtu < smallest)) {
            smallest = mtu;
        }
    }
    return smallest;
}

void Segments::fit_soon(Index interface) {
    if (!to_fit_.insert(interface).second) {
        return;
    }
    parts_.engine.control().post([weak = std::weak_ptr(self_), interface] {
        const auto self = weak.lock();
        if (!self) {
            return;
        }
        Segments& all = **self;
        all.to_fit_.erase(interface);
        const auto found = all.segments_.find(interface);
        if (found != all.segments_.end()) {
            const uint32_t mtu = all.way_mtu(found->second);
            all.parts_.interfaces.set_default_mtu(
                interface, mtu != 0 ? mtu : usual_mtu - headers(found->second.spec));
        }
    });
}

absl::Status Segments::add_mac(const std::string& name, const MacAddress& mac, Ip6Address remote,
                               std::optional<uint32_t> vni) {
    const auto index = find(name);
    if (!index.ok()) {
        return index.status();
    }
    if (!mac.is_unicast()) {
        return absl::InvalidArgumentError(
            fmt::format("{} cannot be a station's address; give a unicast MAC address", mac));
    }
    Segment& segment = segments_.at(*index);
    const auto number = acquire(*index, remote, vni.value_or(segment.spec.vni));
    if (!number.ok()) {
        return number.status();
    }
    const auto station = learning::station(*index, mac);
    const auto* known = parts_.tables.macs.find(station);
    const Remote before = known == nullptr ? 0 : known->interface();
    segment.figures.learned -= known != nullptr && !known->fixed();
    if (!parts_.tables.macs.put(station, *number, true, 0)) {
        release(*number);
        return absl::ResourceExhaustedError(
            fmt::format("no room for station {}: there are {}", mac, parts_.tables.macs.size()));
    }
    if (before != 0) {
        release(before);
    }
    return absl::OkStatus();
}

absl::Status Segments::remove_mac(const std::string& name, const MacAddress& mac) {
    const auto index = find(name);
    if (!index.ok()) {
        return index.status();
    }
    const auto station = learning::station(*index, mac);
    const auto* known = parts_.tables.macs.find(station);
    if (known == nullptr || !known->fixed()) {
        return absl::NotFoundError(fmt::format(
            "{} was not configured as a station of tunnel '{}'; `show vxlan mac` lists those", mac,
            name));
    }
    const Remote remote = known->interface();
    parts_.tables.macs.remove(station);
    release(remote);
    return absl::OkStatus();
}

absl::StatusOr<Index> Segments::find_link(Ip6Address remote, std::optional<uint32_t> vni,
                                          const std::string& link) const {
    const bool is_group = remote.is_ip4_mapped() ? unmapped<Ip4Address>(remote).is_multicast()
                                                 : remote.is_multicast();
    if (is_group == link.empty()) {
        return absl::InvalidArgumentError(
            is_group ? fmt::format("{} is a group; name the interface that it is reached by",
                                   text_of(remote))
                     : fmt::format("{} is no group; routes say by which interface it is reached",
                                   text_of(remote)));
    }
    if (!is_group) {
        return Index(0);
    }
    if (vni) {
        return absl::InvalidArgumentError(fmt::format(
            "who listens to group {} takes the tunnel's own VNI; leave it out", text_of(remote)));
    }
    const auto interface = parts_.interfaces.find(link);
    return interface.ok() ? absl::StatusOr<Index>((*interface)->index) : interface.status();
}

absl::Status Segments::add_flood(const std::string& name, Ip6Address remote,
                                 std::optional<uint32_t> vni, const std::string& link) {
    const auto index = find(name);
    const auto by = find_link(remote, vni, link);
    if (!index.ok() || !by.ok()) {
        return index.ok() ? by.status() : index.status();
    }
    Segment& segment = segments_.at(*index);
    // By another link it is another way.
    const auto other_way =
        std::find_if(segment.flood.begin(), segment.flood.end(), [&](Remote one) {
            return others_.at(one).address == remote && others_.at(one).link != *by;
        });
    if (other_way != segment.flood.end()) {
        drop_flood(*index, other_way);
    }
    const auto number = acquire(*index, remote, vni.value_or(segment.spec.vni), *by);
    if (!number.ok()) {
        return number.status();
    }
    const auto at = std::find_if(segment.flood.begin(), segment.flood.end(),
                                 [&](Remote one) { return others_.at(one).address == remote; });
    if (at == segment.flood.end()) {
        segment.flood.push_back(*number);
        publish(*index);
        return absl::OkStatus();
    }
    const Remote before = std::exchange(*at, *number);
    publish(*index);
    release(before);
    return absl::OkStatus();
}

absl::Status Segments::remove_flood(const std::string& name, Ip6Address remote) {
    const auto index = find(name);
    if (!index.ok()) {
        return index.status();
    }
    Segment& segment = segments_.at(*index);
    const auto at = std::find_if(segment.flood.begin(), segment.flood.end(),
                                 [&](Remote one) { return others_.at(one).address == remote; });
    if (at == segment.flood.end()) {
        return absl::NotFoundError(
            fmt::format("{} does not get what is for all of tunnel '{}'; `show vxlan flood` lists "
                        "who does",
                        text_of(remote), name));
    }
    drop_flood(*index, at);
    return absl::OkStatus();
}

void Segments::drop_flood(Index interface, std::vector<Remote>::iterator at) {
    const Remote number = *at;
    segments_.at(interface).flood.erase(at);
    publish(interface);
    release(number);
}

void Segments::forget_if(
    const std::function<bool(learning::Station, const learning::MacTable::Entry&)>& which) {
    std::vector<Remote> released;
    parts_.tables.macs.remove_if([&](learning::Station station, const auto& entry) {
        const bool there = which(station, entry);
        if (there) {
            released.push_back(entry.interface());
            segments_.at(interface_of(station)).figures.learned -= !entry.fixed();
        }
        return there;
    });
    for (const Remote remote : released) {
        release(remote);
    }
}

absl::Status Segments::forget(const std::string& name) {
    const auto index = find(name);
    if (index.ok()) {
        forget_if([&](learning::Station station, const auto& entry) {
            return interface_of(station) == *index && !entry.fixed();
        });
    }
    return index.status();
}

void Segments::learn() {
    parts_.tables.learner.drain([this](const auto& heard) { hear(heard); });
}

void Segments::hear(const learning::Learner<HeardMac>::Heard& heard) {
    const learning::Station station = heard.what.station;
    const auto found = segments_.find(interface_of(station));
    // It may be gone by now.
    if (found == segments_.end() || !parts_.tables.learns[found->first].load()) {
        return;
    }
    Segment& segment = found->second;
    const auto* known = parts_.tables.macs.find(station);
    const Remote before = known == nullptr ? 0 : known->interface();
    if (known != nullptr && (known->fixed() || others_.at(before).address == heard.what.from)) {
        return;
    }
    if (known == nullptr && segment.figures.learned >= segment.spec.mac_limit) {
        ++segment.figures.refused;
        return;
    }
    const auto number = acquire(found->first, heard.what.from, segment.spec.vni);
    if (!number.ok()) {
        ++segment.figures.refused;
        return;
    }
    if (!parts_.tables.macs.put(station, *number, false, heard.tick)) {
        ++segment.figures.refused;
        release(*number);
        return;
    }
    if (before != 0) {
        ++segment.figures.moves;
        release(before);
    } else {
        ++segment.figures.learned;
    }
}

void Segments::age() {
    forget_if([this](learning::Station station, const learning::MacTable::Entry& entry) {
        return !entry.fixed() && seconds_since(entry.heard.load(std::memory_order_relaxed)) >
                                     spec(interface_of(station)).ageing_s;
    });
}

Segments::RemoteInfo Segments::describe(Remote remote) const {
    const Other& other = others_.at(remote);
    const uint32_t mtu = other.way->mtu();
    constexpr uint32_t ethernet = sizeof(wire::EthernetHeader);
    return {other.address, other.vni, mtu > ethernet ? mtu - ethernet : 0, other.link};
}

std::vector<Segments::Info> Segments::all() const {
    std::vector<Info> infos;
    for (const auto& [index, segment] : segments_) {
        infos.push_back(
            {index, segment.spec, way_mtu(segment), segment.remotes.size(), segment.figures});
    }
    return infos;
}

std::vector<Segments::MacInfo> Segments::macs() const {
    std::vector<MacInfo> infos;
    parts_.tables.macs.visit([&](learning::Station station, const auto& entry) {
        infos.push_back({interface_of(station), MacAddress::from_uint64(station),
                         describe(entry.interface()), entry.fixed(),
                         entry.fixed() ? 0 : seconds_since(entry.heard.load())});
    });
    std::sort(infos.begin(), infos.end(), [this](const MacInfo& a, const MacInfo& b) {
        return a.interface == b.interface ? a.mac < b.mac
                                          : parts_.interfaces.name_of(a.interface) <
                                                parts_.interfaces.name_of(b.interface);
    });
    return infos;
}

std::vector<Segments::FloodInfo> Segments::floods() const {
    std::vector<FloodInfo> infos;
    for (const auto& [index, segment] : segments_) {
        for (const Remote remote : segment.flood) {
            infos.push_back({index, describe(remote)});
        }
    }
    std::sort(infos.begin(), infos.end(), [this](const FloodInfo& a, const FloodInfo& b) {
        return a.interface == b.interface ? a.remote.address < b.remote.address
                                          : parts_.interfaces.name_of(a.interface) <
                                                parts_.interfaces.name_of(b.interface);
    });
    return infos;
}

}  // namespace vxlan
