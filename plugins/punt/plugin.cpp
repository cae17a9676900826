// SPDX-License-Identifier: Apache-2.0
#include "plugins/punt/interface.hpp"
#include "plugins/punt/service.hpp"
#include "vnet/plugin/registry.hpp"

namespace punt {

namespace {

/// The node that packets from the kernel are counted for, and the arc from there.
absl::StatusOr<vnet::device::InputPath> add_input(vnet::plugin::Registry& registry,
                                                  graph::NodeId next) {
    const std::string end(FromKernel::info.name);
    graph::NodeSpec spec;
    spec.name = "kernel-rx";
    spec.kind = graph::NodeKind::input;
    spec.edges = {end};
    spec.owner = registry.name();
    const auto input = registry.engine().graph().add(std::move(spec));
    if (!input.ok()) {
        return input.status();
    }
    const auto arc = registry.add_arc({"kernel-input", graph::ArcSide::rx, {"kernel-rx"}, end});
    if (!arc.ok()) {
        return arc.status();
    }
    return vnet::device::InputPath{*input, next, *arc};
}

/// What the plugin has set of the router's own is as it was when it goes.
struct UsualRates {
    vnet::punt::Limits& limits;
    ~UsualRates() {
        for (size_t i = 0; i < vnet::punt::class_count; ++i) {
            const auto one = vnet::punt::Class(i);
            limits.set_rate(one, vnet::punt::usual_rate(one));
        }
    }
};

}  // namespace

absl::Status register_plugin(vnet::plugin::Registry& registry) {
    vnet::Router& router = registry.router();
    const auto ip4 = std::make_shared<Ip4ToKernel>(registry.interfaces(), router.punt_limits());
    const auto ip6 = std::make_shared<Ip6ToKernel>(registry.interfaces(), router.punt_limits());
    const auto ip4_punt = registry.add_node(std::shared_ptr<const Ip4ToKernel>(ip4));
    const auto ip6_punt = registry.add_node(std::shared_ptr<const Ip6ToKernel>(ip6));
    const auto from_kernel = registry.add_node(std::make_shared<const FromKernel>(
        router.ip4().tables, router.ip6().tables, router.forwarding()));
    const auto tx = registry.add_node(std::make_shared<const Transmit>());
    absl::Status status = ip4_punt.status();
    status.Update(ip6_punt.status());
    status.Update(from_kernel.status());
    status.Update(tx.status());
    status.Update(
        registry.add_interface_kind(KernelInterface::kind, std::string(Transmit::info.name)));
    if (!status.ok()) {
        return status;
    }
    for (const char* from : {"ip4-deliver", "icmp4-input"}) {
        registry.link(from, std::string(Ip4ToKernel::info.name));
    }
    for (const char* from : {"ip6-deliver", "icmp6-input"}) {
        registry.link(from, std::string(Ip6ToKernel::info.name));
    }
    const auto input = add_input(registry, *from_kernel);
    if (!input.ok()) {
        return input.status();
    }
    registry.keep(std::shared_ptr<UsualRates>(new UsualRates{router.punt_limits()}));
    registry.keep(ip4);
    registry.keep(ip6);
    const auto kernel =
        KernelInterface::create(router, {*ip4, *ip6}, {*input, *ip4_punt, *ip6_punt, *tx});
    registry.keep(kernel);
    return register_service(registry, *kernel);
}

}  // namespace punt
