// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "vnet/fib/testing/net.hpp"
#include "vnet/icmp6/error.hpp"
#include "vnet/icmp6/input.hpp"
#include "vnet/ip6/addresses.hpp"
#include "vnet/ip6/fib.hpp"
#include "vnet/ip6/input.hpp"
#include "vnet/ip6/joined_groups.hpp"
#include "vnet/ip6/link_locals.hpp"
#include "vnet/ip6/local.hpp"
#include "vnet/ip6/lookup.hpp"
#include "vnet/ip6/rewrite.hpp"
#include "vnet/ip6/unreachable.hpp"

/// The small IPv6 router of the tests: 2001:db8::1/64 on lan, 2001:db8:1::1/64 on wan, and the
/// link-local addresses that follow from their MAC addresses. All are in use from the start.
namespace vnet::ip6::testing {

struct Kit;
using Net = fib::testing::Net<Kit>;
using fib::testing::Bytes;
using fib::testing::Case;
using fib::testing::without_ethernet;

struct Kit {
    using Family = ip6::Family;
    using Lookup = ip6::Lookup;
    using Deliver = ip6::Deliver;
    using Unreachable = ip6::Unreachable;
    using IcmpError = icmp6::Error;
    using ErrorRequest = icmp6::ErrorRequest;
    struct More {
        std::unique_ptr<JoinedGroups> groups;
        std::unique_ptr<LinkLocals> link_locals;
        std::unique_ptr<std::atomic<bool>> sends_redirects =
            std::make_unique<std::atomic<bool>>(false);
    };

    static constexpr const char* ip = "ip6";
    static constexpr const char* icmp = "icmp6";
    static constexpr const char* lan_network = "2001:db8::1/64";
    static constexpr const char* wan_network = "2001:db8:1::1/64";
    static constexpr const char* host = "2001:db8::2";
    static constexpr const char* gateway = "2001:db8:1::2";

    static wire::Ip6Address address(std::string_view text) { return wire::testing::ip6(text); }
    static wire::Ip6Prefix prefix(std::string_view text) { return wire::testing::prefix6(text); }
    static size_t header_length(std::span<const std::byte> packet) noexcept;
    static std::shared_ptr<const Input> input(Net& net, graph::ArcId arc);
    static std::shared_ptr<const Rewrite> rewrite(Net& net, graph::ArcId arc);
    static std::shared_ptr<const Local> local(Net& net, graph::ArcId arc);
    static std::shared_ptr<const IcmpError> error(Net& net, IcmpError::Limit limit);
    static std::shared_ptr<const icmp6::Input> icmp_input(Net& net);
    static void before_addresses(Net& net);
    static void behind_addresses(Net& net);
};

inline void check(const std::function<std::unique_ptr<Net>()>& make, const std::string& node,
                  const std::vector<Case>& cases) {
    fib::testing::check<Kit>(make, node, cases);
}

/// Of the router, from the MAC addresses of lan and wan.
inline constexpr const char* lan_link_local = "fe80::ff:fe00:a1";
inline constexpr const char* wan_link_local = "fe80::ff:fe00:a2";

}  // namespace vnet::ip6::testing

extern template class vnet::fib::testing::Net<vnet::ip6::testing::Kit>;
