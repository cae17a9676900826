// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include "vnet/router.hpp"

namespace vnet::service {

class ConfiguredRoutes;

/// Whether an address may be the router's own on an interface in a VRF: FAILED_PRECONDITION where
/// it is a configured next hop or neighbour there. A router is not its own neighbour or next hop,
/// in whatever order it is said.
template <class Address>
absl::Status check_unused(Router& router, ConfiguredRoutes& routes, interface::Index interface,
                          interface::Vrf vrf, Address address);

/// Puts an interface into another VRF, see vrf::Vrfs::move(); refused where one of its addresses
/// cannot be there, or a configured next hop behind it is an address of the router there.
absl::Status set_vrf(Router& router, ConfiguredRoutes& routes, const std::string& interface,
                     const std::string& vrf);
/// Puts it into the default VRF, without the addresses that cannot be there; routes and members of
/// groups whose next hops cannot be there go as well. Refused, and nothing goes, where there is no
/// room for its routes.
absl::Status reset_vrf(Router& router, ConfiguredRoutes& routes, interface::Index interface);

}  // namespace vnet::service
