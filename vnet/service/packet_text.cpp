// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/packet_text.hpp"

#include <fmt/chrono.h>

#include "vnet/capture/link_layer.hpp"
#include "vnet/wire/dissect.hpp"

namespace vnet::service {

namespace {
constexpr uint64_t ns_per_s = 1'000'000'000;
constexpr uint64_t ns_per_us = 1000;
}  // namespace

std::string packet_text(const graph::Metadata& meta, std::span<const std::byte> bytes) {
    if (capture::link_layer_of(meta) == capture::LinkLayer::ethernet) {
        return wire::describe(bytes, wire::FirstLayer::ethernet);
    }
    const bool is_ip6 = !bytes.empty() && uint8_t(bytes[0]) >> 4 == 6;
    return wire::describe(bytes, is_ip6 ? wire::FirstLayer::ip6 : wire::FirstLayer::ip4);
}

std::string time_text(uint64_t unix_ns) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::time_t(unix_ns / ns_per_s)),
                       unix_ns % ns_per_s / ns_per_us);
}

}  // namespace vnet::service
