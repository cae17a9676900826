// SPDX-License-Identifier: Apache-2.0
#include "vnet/tunnel/point_to_point.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "vnet/wire/ethernet.hpp"
#include "vnet/wire/flow_hash.hpp"

namespace vnet::tunnel {

namespace {
/// The longest packet that IP has.
constexpr uint32_t longest_packet = 65535;
/// What links mostly carry, where there is no way that would say.
constexpr uint32_t usual_mtu = 1500;

constexpr size_t ip_header_length(const PointToPoint::EndsOfEither& ends) {
    return ends.index() == 0 ? sizeof(wire::Ip4Header) : sizeof(wire::Ip6Header);
}

/// An address for a tunnel that has none, from which its IPv6 addresses are made: always the same
/// for the same tunnel, and another one at its other end.
wire::MacAddress identifier_of(const PointToPoint::Spec& spec) {
    uint64_t state = spec.number << 8 | spec.vrf;
    std::visit(
        [&state](const auto& ends) {
            for (const auto address : {ends.local, ends.remote}) {
                for (const std::byte byte : std::as_bytes(std::span(&address, 1))) {
                    state = wire::detail::mix(state + uint8_t(byte));
                }
            }
        },
        spec.ends);
    constexpr uint64_t local_bit = 0x02'00'00'00'00'00;
    constexpr uint64_t group_bit = 0x01'00'00'00'00'00;
    return wire::MacAddress::from_uint64((state & 0xffff'ffff'ffff & ~group_bit) | local_bit);
}
}  // namespace

class PointToPoint::Device final : public interface::Device {
public:
    Device(PointToPoint& owner, Spec spec, interface::Index index)
        : owner_(owner), spec_(std::move(spec)), identifier_(identifier_of(spec_)), index_(index) {
        owner_.remember(index_, *this);
    }
    ~Device() override {
        way_.reset();
        owner_.forget(index_);
    }

    std::string_view kind() const override { return owner_.kind_; }
    graph::NodeId tx_node() const override { return owner_.tx_node_; }
    wire::MacAddress mac() const override { return spec_.mac ? *spec_.mac : identifier_; }
    uint32_t max_mtu() const override { return longest_packet - headers(); }
    uint32_t tag_room() const override { return 0; }
    std::string description() const override { return spec_.description; }
    bool carries_ethernet() const override { return spec_.mac.has_value(); }
    absl::Status set_up(bool) override { return absl::OkStatus(); }
    absl::Status set_mtu(uint32_t) override { return absl::OkStatus(); }
    absl::Status set_mac(const wire::MacAddress& mac) override {
        if (!spec_.mac) {
            return absl::FailedPreconditionError(
                fmt::format("interface '{}' carries no Ethernet frames and has no MAC address",
                            owner_.parts_.interfaces.name_of(index_)));
        }
        spec_.mac = mac;
        return absl::OkStatus();
    }
    bool link_up() const override { return way_mtu() != 0; }

    void open(std::unique_ptr<Way> way) { way_ = std::move(way); }
    /// What is left of the way for packets of the tunnel's interface.
    uint32_t way_mtu() const {
        const uint32_t mtu = way_->mtu();
        const uint32_t ethernet = spec_.mac ? sizeof(wire::EthernetHeader) : 0;
        return mtu > ethernet ? mtu - ethernet : 0;
    }
    /// Where there is no way it stays as it was: a way through the tunnel itself is none, and must
    /// not be made anew by an MTU that is another one for it.
    void fit_mtu() const {
        if (way_mtu() != 0) {
            owner_.parts_.interfaces.set_default_mtu(index_, way_mtu());
        }
    }
    /// At first.
    void guess_mtu() const {
        owner_.parts_.interfaces.set_default_mtu(index_, usual_mtu - headers());
    }
    const Spec& spec() const { return spec_; }

private:
    uint32_t headers() const {
        return uint32_t(ip_header_length(spec_.ends) + spec_.behind.front().bytes.size() +
                        (spec_.mac ? sizeof(wire::EthernetHeader) : 0));
    }

    PointToPoint& owner_;
    Spec spec_;
    const wire::MacAddress identifier_;
    const interface::Index index_;
    std::unique_ptr<Way> way_;
};

PointToPoint::PointToPoint(const Parts& parts, std::string kind, Layouts layouts)
    : parts_(parts),
      kind_(std::move(kind)),
      layouts_(layouts == Layouts::one ? 1 : 2),
      outers_(graph::max_interfaces * layouts_),
      ip4_(parts.engine.rcu()),
      ip6_(parts.engine.rcu()) {}

template <class Address>
absl::StatusOr<std::unique_ptr<Way>> PointToPoint::open(const Spec& spec, const Ends<Address>& ends,
                                                        interface::Index index) {
    const Endpoint<Address> endpoint = endpoint_of(spec, ends);
    if (const interface::Index other = endpoints<Address>(*this).find(endpoint); other != 0) {
        return absl::AlreadyExistsError(fmt::format("'{}' is the tunnel between {} and {} already",
                                                    parts_.interfaces.name_of(other), ends.local,
                                                    ends.remote));
    }
    using Family =
        std::conditional_t<std::is_same_v<Address, wire::Ip4Address>, ip4::Family, ip6::Family>;
    typename Underlay<Family>::Request request{
        .ends = ends,
        .vrf = spec.vrf,
        .interface = index,
        .carries_ethernet = spec.mac.has_value(),
        .outers = {},
        .varying = spec.behind.front().varying,
        .changed = [this, index] { devices_.at(index)->fit_mtu(); }};
    for (size_t layout = 0; layout < layouts_; ++layout) {
        Outer& outer = outers_[index * layouts_ + layout];
        const Behind& behind = spec.behind[layout];
        lay(outer, {ends.local, ends.remote, behind.protocol}, spec.policy, spec.vrf, behind.bytes);
        outer.note = spec.note;
        request.outers.push_back(&outer);
    }
    auto way = parts_.tunnels.template of<Family>().underlay->open(request);
    if (way.ok()) {
        endpoints<Address>(*this).add(endpoint, index);
    } else {
        forget(index);
    }
    return way;
}

absl::StatusOr<interface::Index> PointToPoint::add(const std::string& name, Spec spec) {
    const auto index = parts_.interfaces.add(
        name, [&](interface::Index at) -> absl::StatusOr<std::unique_ptr<interface::Device>> {
            auto way =
                std::visit([&](const auto& ends) { return open(spec, ends, at); }, spec.ends);
            if (!way.ok()) {
                return way.status();
            }
            auto device = std::make_unique<Device>(*this, std::move(spec), at);
            device->open(std::move(*way));
            return device;
        });
    if (index.ok()) {
        devices_.at(*index)->guess_mtu();
        devices_.at(*index)->fit_mtu();
    }
    return index;
}

void PointToPoint::changed(const interface::Interface& interface, interface::Change change) {
    const auto found = devices_.find(interface.index);
    if (change == interface::Change::removing && found != devices_.end()) {
        const Spec& spec = found->second->spec();
        std::visit(
            [&]<class Address>(const Ends<Address>& ends) {
                endpoints<Address>(*this).remove(endpoint_of(spec, ends));
            },
            spec.ends);
    }
}

void PointToPoint::remember(interface::Index index, Device& device) {
    devices_[index] = &device;
}

void PointToPoint::forget(interface::Index index) {
    devices_.erase(index);
    for (size_t layout = 0; layout < layouts_; ++layout) {
        outers_[index * layouts_ + layout].length = 0;
    }
}

std::optional<PointToPoint::State> PointToPoint::state(interface::Index index) const {
    const auto found = devices_.find(index);
    return found == devices_.end()
               ? std::nullopt
               : std::optional(State{found->second->spec(), found->second->way_mtu()});
}

std::vector<interface::Index> PointToPoint::all() const {
    std::vector<interface::Index> indexes;
    for (const auto& [index, device] : devices_) {
        indexes.push_back(index);
    }
    return indexes;
}

}  // namespace vnet::tunnel
