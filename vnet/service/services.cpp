// SPDX-License-Identifier: Apache-2.0
#include "vnet/service/services.hpp"

#include "vnet/service/configured_routes.hpp"
#include "vnet_descriptors.hpp"

namespace vnet::service {

absl::Status register_all(api::Registry& registry, Router& router) {
    absl::Status status = registry.add_descriptors(vnet_descriptors());
    const auto configured = std::make_shared<ConfiguredRoutes>(router);
    router.vrfs().guard([configured](interface::Vrf vrf) { return configured->check_unused(vrf); });
    status.Update(register_interfaces(registry, router, configured));
    status.Update(register_addresses(registry, router, configured));
    status.Update(register_routes(registry, router, configured));
    for (const auto add : {register_vrfs, register_neighbors, register_next_hop_groups,
                           register_ip6, register_membership, register_events, register_graph,
                           register_workers, register_placement, register_power, register_trace,
                           register_explain, register_drops, register_capture, register_fragments,
                           register_flows, register_memory, register_metrics}) {
        if (status.ok()) {
            status = add(registry, router);
        }
    }
    return status;
}

}  // namespace vnet::service
