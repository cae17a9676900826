// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "plugins/policy-routing/policies.hpp"
#include "plugins/policy-routing/policy_routing.pb.h"
#include "vnet/plugin/registry.hpp"

namespace policy_routing {

/// The rules as they were asked for, by interface and number.
using Statements = std::map<std::pair<std::string, uint32_t>, sluice::policy_routing::PolicyRule>;

/// What a request says; the sentence says what cannot be.
absl::StatusOr<Clauses> read_rule(vnet::Router& router,
                                  const sluice::policy_routing::PolicyRule& request);

/// Registers the methods of sluice.policy_routing and the running configuration. Both live as long
/// as the registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Policies& policies,
                              std::shared_ptr<Statements> statements);

}  // namespace policy_routing
