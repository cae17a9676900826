// SPDX-License-Identifier: Apache-2.0
#include "perf/flow/keys.hpp"

#include <random>

namespace perf::flow {

using vnet::flow::Key;
using vnet::flow::Ports;
using vnet::flow::Table;
using vnet::flow::Timer;
using vnet::wire::Ip4Address;

Table::Making session(uint64_t number) noexcept {
    constexpr uint8_t tcp = uint8_t(vnet::wire::IpProtocol::tcp);
    constexpr uint32_t outside = 0xc0000200;
    const uint64_t addresses = mix(2 * number);
    const uint64_t ports = mix(2 * number + 1);
    const Ip4Address inside_host{uint32_t(addresses)};
    const Ip4Address outside_host(uint32_t(addresses >> 32));
    const Ip4Address translated(outside | (ports >> 56));
    Table::Making made;
    made.forward = {inside_host, outside_host, Ports{uint32_t(ports)}, 0, tcp, 0};
    made.reverse = {outside_host, translated, Ports{uint32_t(ports >> 24)}, 0, tcp, 0};
    made.timer = Timer::tcp_transitory;
    return made;
}

std::vector<Key> random_keys(uint64_t keys, size_t count, bool strange) {
    std::mt19937_64 random(1);
    std::vector<Key> all;
    all.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        all.push_back(key(random() % keys + (strange ? strangers : 0)));
    }
    return all;
}

}  // namespace perf::flow
