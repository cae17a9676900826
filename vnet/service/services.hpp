// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <memory>

#include "api/registry.hpp"
#include "vnet/router.hpp"

/// The API of vnet/ and graph/: each function registers one service's methods, whose handlers run
/// on the control thread and hold a reference to the router.
namespace vnet::service {

class ConfiguredRoutes;

absl::Status register_interfaces(api::Registry& registry, Router& router,
                                 std::shared_ptr<ConfiguredRoutes> configured);
absl::Status register_vrfs(api::Registry& registry, Router& router);
absl::Status register_addresses(api::Registry& registry, Router& router,
                                std::shared_ptr<ConfiguredRoutes> configured);
absl::Status register_routes(api::Registry& registry, Router& router,
                             std::shared_ptr<ConfiguredRoutes> configured);
absl::Status register_neighbors(api::Registry& registry, Router& router);
absl::Status register_next_hop_groups(api::Registry& registry, Router& router);
absl::Status register_ip6(api::Registry& registry, Router& router);
/// Multicast groups of both families: what the router listens to, and who asks.
absl::Status register_membership(api::Registry& registry, Router& router);
absl::Status register_events(api::Registry& registry, Router& router);
absl::Status register_graph(api::Registry& registry, Router& router);
absl::Status register_workers(api::Registry& registry, Router& router);
absl::Status register_placement(api::Registry& registry, Router& router);
absl::Status register_power(api::Registry& registry, Router& router);
absl::Status register_trace(api::Registry& registry, Router& router);
absl::Status register_explain(api::Registry& registry, Router& router);
absl::Status register_drops(api::Registry& registry, Router& router);
absl::Status register_capture(api::Registry& registry, Router& router);
absl::Status register_fragments(api::Registry& registry, Router& router);
absl::Status register_flows(api::Registry& registry, Router& router);
absl::Status register_memory(api::Registry& registry, Router& router);
/// The metrics of all that, and of the API itself.
absl::Status register_metrics(api::Registry& registry, Router& router);

/// All of the above, and their descriptors with comments.
absl::Status register_all(api::Registry& registry, Router& router);

}  // namespace vnet::service
