// SPDX-License-Identifier: Apache-2.0
#include "vnet/punt/classes.hpp"

#include <algorithm>

namespace vnet::punt {

namespace {

struct Traits {
    std::string_view name;
    uint32_t rate;
};
constexpr std::array<Traits, class_count> traits = {{{"neighbor", 5'000},
                                                     {"routing", 5'000},
                                                     {"management", 5'000},
                                                     {"icmp", 500},
                                                     {"tcp", 50'000},
                                                     {"other", 1'000}}};

// Registered ports (IANA). BFD: RFC 5881, 5883, 7880.
constexpr std::array<uint16_t, 2> routing_tcp = {179, 646};
constexpr std::array<uint16_t, 6> routing_udp = {520, 521, 646, 3784, 3785, 4784};
constexpr std::array<uint16_t, 2> management_tcp = {22, 830};
constexpr std::array<uint16_t, 1> management_udp = {161};

template <size_t n>
bool has(const std::array<uint16_t, n>& known, const Ports& ports) {
    const auto is = [&](uint16_t port) {
        return std::find(known.begin(), known.end(), port) != known.end();
    };
    // The router's end or the peer's: who began does not matter.
    return is(ports.destination) || is(ports.source);
}

}  // namespace

std::string_view name(Class one) noexcept {
    return traits[size_t(one)].name;
}

uint32_t usual_rate(Class one) noexcept {
    return traits[size_t(one)].rate;
}

Class class_of(wire::IpProtocol protocol, std::optional<Ports> ports) noexcept {
    // RFC 7761 4.9; wire::IpProtocol has no name for it.
    constexpr uint8_t pim = 103;
    if (protocol == wire::IpProtocol::icmp || protocol == wire::IpProtocol::icmp6) {
        return Class::icmp;
    }
    if (protocol == wire::IpProtocol::ospf || uint8_t(protocol) == pim ||
        protocol == wire::IpProtocol::vrrp) {
        return Class::routing;
    }
    if (protocol == wire::IpProtocol::tcp) {
        if (ports && has(routing_tcp, *ports)) {
            return Class::routing;
        }
        return ports && has(management_tcp, *ports) ? Class::management : Class::tcp;
    }
    if (protocol == wire::IpProtocol::udp && ports) {
        if (has(routing_udp, *ports)) {
            return Class::routing;
        }
        return has(management_udp, *ports) ? Class::management : Class::other;
    }
    return Class::other;
}

Limits::Limits(unsigned workers, uint64_t clocks_per_second)
    : known_neighbors_(std::make_unique<RateLimit>(clocks_per_second)), counters_(workers) {
    for (size_t i = 0; i < class_count; ++i) {
        limits_[i] = std::make_unique<RateLimit>(clocks_per_second);
        set_rate(Class(i), traits[i].rate);
    }
}

void Limits::set_rate(Class one, uint32_t rate) noexcept {
    of(one).set(rate);
    if (one == Class::neighbor) {
        known_neighbors_->set(rate);
    }
}

Limits::Counts Limits::counts(Class one) const noexcept {
    Counts counts;
    for (const Counters& worker : counters_) {
        counts.passed += worker.passed[size_t(one)].read();
        counts.limited += worker.limited[size_t(one)].read();
    }
    return counts;
}

}  // namespace vnet::punt
