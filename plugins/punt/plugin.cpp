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
    const auto to_kernel = std::make_shared<ToKernel>(registry.interfaces(), router.punt_limits());
    const auto punt = registry.add_node(std::shared_ptr<const ToKernel>(to_kernel));
    const auto from_kernel =
        registry.add_node(std::make_shared<const FromKernel>(router.routes(), router.forwarding()));
    const auto tx = registry.add_node(std::make_shared<const Transmit>());
    absl::Status status = punt.status();
    status.Update(from_kernel.status());
    status.Update(tx.status());
    status.Update(
        registry.add_interface_kind(KernelInterface::kind, std::string(Transmit::info.name)));
    if (!status.ok()) {
        return status;
    }
    for (const char* from : {"ip4-deliver", "icmp4-input"}) {
        registry.link(from, std::string(ToKernel::info.name));
    }
    const auto input = add_input(registry, *from_kernel);
    if (!input.ok()) {
        return input.status();
    }
    registry.keep(std::shared_ptr<UsualRates>(new UsualRates{router.punt_limits()}));
    registry.keep(to_kernel);
    const auto kernel = KernelInterface::create(router, *to_kernel, {*input, *punt, *tx});
    registry.keep(kernel);
    return register_service(registry, *kernel);
}

}  // namespace punt
