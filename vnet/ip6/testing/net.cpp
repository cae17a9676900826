// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip6/testing/net.hpp"

#include "vnet/fib/testing/net_body.hpp"
#include "vnet/wire/ip6_extensions.hpp"

namespace vnet::ip6::testing {

namespace {
JoinedGroups& groups_of(Net& net) {
    if (net.more.groups == nullptr) {
        net.more.groups = std::make_unique<JoinedGroups>(net.engine->rcu());
    }
    return *net.more.groups;
}
}  // namespace

/// As ip6-input leaves it: where the upper layer begins.
size_t Kit::header_length(std::span<const std::byte> packet) noexcept {
    const wire::Ip6Chain chain = wire::walk_ip6(packet);
    return chain.fault == wire::Ip6ChainFault::none ? chain.upper_offset : sizeof(wire::Ip6Header);
}
std::shared_ptr<const Input> Kit::input(Net& net, graph::ArcId arc) {
    return std::make_shared<const Input>(net.interfaces, net.tables, net.forwarding, groups_of(net),
                                         *net.slot, arc);
}
std::shared_ptr<const Rewrite> Kit::rewrite(Net& net, graph::ArcId arc) {
    return std::make_shared<const Rewrite>(net.tables, net.forwarding, *net.slot, arc,
                                           *net.more.sends_redirects);
}
std::shared_ptr<const Local> Kit::local(Net& net, graph::ArcId arc) {
    return std::make_shared<const Local>(net.tables, net.forwarding, *net.slot, arc);
}
std::shared_ptr<const icmp6::Error> Kit::error(Net& net, IcmpError::Limit limit) {
    return std::make_shared<const icmp6::Error>(net.interfaces, net.tables, net.forwarding,
                                                *net.slot, 1, limit);
}
std::shared_ptr<const icmp6::Input> Kit::icmp_input(Net& net) {
    return std::make_shared<const icmp6::Input>(net.interfaces, net.local);
}
void Kit::before_addresses(Net& net) {
    groups_of(net).follow(*net.addresses);
    net.more.link_locals = std::make_unique<LinkLocals>(net.interfaces, *net.addresses);
}
void Kit::behind_addresses(Net& net) {
    const auto all = net.addresses->all();
    for (const auto& [interface, prefixes] : all) {
        for (const wire::Ip6Prefix& prefix : prefixes) {
            net.addresses->assign(interface, prefix.address());
        }
    }
}

}  // namespace vnet::ip6::testing

template class vnet::fib::testing::Net<vnet::ip6::testing::Kit>;
template void vnet::fib::testing::check<vnet::ip6::testing::Kit>(
    const std::function<std::unique_ptr<vnet::ip6::testing::Net>()>&, const std::string&,
    const std::vector<vnet::fib::testing::Case>&);
