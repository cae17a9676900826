// SPDX-License-Identifier: Apache-2.0
#include "vnet/ip4/testing/net.hpp"

#include "vnet/fib/testing/net_body.hpp"

namespace vnet::ip4::testing {

size_t Kit::header_length(std::span<const std::byte> packet) noexcept {
    const auto* ip = wire::view<wire::Ip4Header>(packet);
    return ip == nullptr ? 0 : ip->header_length();
}
std::shared_ptr<const Input> Kit::input(Net& net, graph::ArcId arc) {
    return std::make_shared<const Input>(net.interfaces, *net.slot, arc);
}
std::shared_ptr<const Rewrite> Kit::rewrite(Net& net, graph::ArcId arc) {
    return std::make_shared<const Rewrite>(net.tables, net.forwarding, *net.slot, arc);
}
std::shared_ptr<const Local> Kit::local(Net& net, graph::ArcId arc) {
    return std::make_shared<const Local>(net.tables, net.forwarding, arc);
}
std::shared_ptr<const icmp4::Error> Kit::error(Net& net, IcmpError::Limit limit) {
    return std::make_shared<const icmp4::Error>(net.interfaces, *net.slot, 1, limit);
}
std::shared_ptr<const icmp4::Input> Kit::icmp_input(Net& net) {
    return std::make_shared<const icmp4::Input>(net.local);
}

}  // namespace vnet::ip4::testing

template class vnet::fib::testing::Net<vnet::ip4::testing::Kit>;
template void vnet::fib::testing::check<vnet::ip4::testing::Kit>(
    const std::function<std::unique_ptr<vnet::ip4::testing::Net>()>&, const std::string&,
    const std::vector<vnet::fib::testing::Case>&);
