// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "plugins/qos/interfaces.hpp"
#include "plugins/qos/qos.pb.h"
#include "vnet/plugin/registry.hpp"

namespace qos {

/// The settings as they were asked for.
struct Statements {
    using Place = std::tuple<std::string, Side, uint32_t>;
    std::map<std::string, sluice::qos::QosMap> maps;
    std::map<std::string, sluice::qos::QosPolicer> policers;
    /// By interface.
    std::map<std::string, sluice::qos::QosTrust> trusts;
    std::map<std::string, sluice::qos::QosMarking> markings;
    std::map<std::pair<std::string, Side>, sluice::qos::QosInterfacePolicer> attached;
    std::map<Place, sluice::qos::QosRule> rules;

    void forget(const std::string& interface);
};

/// Registers the methods of sluice.qos and the running configuration. All live as long as the
/// registry's plugin.
absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces,
                              std::shared_ptr<Statements> statements);
/// And the counters of policers for the metrics page.
absl::Status register_metrics(vnet::plugin::Registry& registry, const Interfaces& interfaces,
                              std::shared_ptr<const Statements> statements);

}  // namespace qos
