// SPDX-License-Identifier: Apache-2.0
#include "plugins/mss-clamp/limits.hpp"

#include <algorithm>

namespace mss_clamp {

Limits::Limits(unsigned workers, const vnet::interface::Table& table)
    : table_(table), rx_(graph::max_interfaces), tx_(graph::max_interfaces) {
    for (unsigned worker = 0; worker < workers; ++worker) {
        counters_.push_back(std::make_unique<graph::StableArray<Counters>>(graph::max_interfaces));
    }
}

void Limits::set(Index interface, const Setting& setting) noexcept {
    const uint32_t word = word_of(setting);
    rx_[interface].store(setting.rx ? word : 0, std::memory_order_relaxed);
    tx_[interface].store(setting.tx ? word : 0, std::memory_order_relaxed);
}

void Limits::clear(Index interface) noexcept {
    rx_[interface].store(0, std::memory_order_relaxed);
    tx_[interface].store(0, std::memory_order_relaxed);
}

Limits::Counts Limits::counts(Index interface) const noexcept {
    Counts counts;
    for (const auto& worker : counters_) {
        counts.clamped += (*worker)[interface].clamped.read();
        counts.malformed += (*worker)[interface].malformed.read();
    }
    return counts;
}

uint16_t Limits::most_of(Index interface, uint32_t word, Headers headers) const noexcept {
    // A number is IPv4's, and so stands for a packet that is longer by its headers.
    const uint32_t packet = word == automatic
                                ? table_.hot(interface).mtu.load(std::memory_order_relaxed)
                                : word + uint32_t(Headers::ip4);
    const uint32_t most = packet - std::min(packet, uint32_t(headers));
    return uint16_t(std::clamp<uint32_t>(most, least_mss, most_mss));
}

Outcome Limits::apply(Side side, Index interface, Headers headers, std::span<std::byte> segment,
                      unsigned worker) const noexcept {
    if (interface >= graph::max_interfaces) {
        return Outcome::unchanged;
    }
    const uint32_t word = (side == Side::rx ? rx_ : tx_)[interface].load(std::memory_order_relaxed);
    if (word == 0) {
        return Outcome::unchanged;
    }
    const Outcome outcome = clamp(segment, most_of(interface, word, headers));
    // No worker but a dry run counts nothing.
    if (outcome != Outcome::unchanged && worker < counters_.size()) {
        Counters& counters = (*counters_[worker])[interface];
        (outcome == Outcome::clamped ? counters.clamped : counters.malformed).add(1);
    }
    return outcome;
}

}  // namespace mss_clamp
