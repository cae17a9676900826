// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vnet/fib/testing/net.hpp"
#include "vnet/icmp4/error.hpp"
#include "vnet/icmp4/input.hpp"
#include "vnet/ip4/addresses.hpp"
#include "vnet/ip4/fib.hpp"
#include "vnet/ip4/input.hpp"
#include "vnet/ip4/local.hpp"
#include "vnet/ip4/lookup.hpp"
#include "vnet/ip4/rewrite.hpp"
#include "vnet/ip4/unreachable.hpp"

/// The small IPv4 router of the tests: 10.0.0.1/24 on lan, 10.1.0.1/24 on wan.
namespace vnet::ip4::testing {

struct Kit;
using Net = fib::testing::Net<Kit>;
using fib::testing::Bytes;
using fib::testing::Case;
using fib::testing::without_ethernet;

struct Kit {
    using Family = ip4::Family;
    using Lookup = ip4::Lookup;
    using Deliver = ip4::Deliver;
    using Unreachable = ip4::Unreachable;
    using IcmpError = icmp4::Error;
    using ErrorRequest = icmp4::ErrorRequest;
    struct More {};

    static constexpr const char* ip = "ip4";
    static constexpr const char* icmp = "icmp4";
    static constexpr const char* lan_network = "10.0.0.1/24";
    static constexpr const char* wan_network = "10.1.0.1/24";
    static constexpr const char* host = "10.0.0.2";
    static constexpr const char* gateway = "10.1.0.2";

    static wire::Ip4Address address(std::string_view text) { return wire::testing::ip(text); }
    static wire::Ip4Prefix prefix(std::string_view text) { return wire::testing::prefix(text); }
    static size_t header_length(std::span<const std::byte> packet) noexcept;
    static std::shared_ptr<const Input> input(Net& net, graph::ArcId arc);
    static std::shared_ptr<const Rewrite> rewrite(Net& net, graph::ArcId arc);
    static std::shared_ptr<const Local> local(Net& net, graph::ArcId arc);
    static std::shared_ptr<const IcmpError> error(Net& net, IcmpError::Limit limit);
    static std::shared_ptr<const icmp4::Input> icmp_input(Net& net);
    static void before_addresses(Net&) {}
    static void behind_addresses(Net&) {}
};

inline void check(const std::function<std::unique_ptr<Net>()>& make, const std::string& node,
                  const std::vector<Case>& cases) {
    fib::testing::check<Kit>(make, node, cases);
}

}  // namespace vnet::ip4::testing

extern template class vnet::fib::testing::Net<vnet::ip4::testing::Kit>;
