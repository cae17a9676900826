// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/status.h>

#include <functional>
#include <string>
#include <utility>

#include "api/registry.hpp"
#include "vnet/router.hpp"

/// What of the engine and the network stands on the metrics page; README.md lists the names. All
/// counters are totals since the start: `clear counters` does not touch them.
namespace vnet::service {

/// Collects families under one owner, and keeps the first error.
class MetricsAdder {
public:
    MetricsAdder(api::Registry& registry, std::string owner)
        : registry_(registry), owner_(std::move(owner)) {}
    void add(api::metrics::Family family, api::metrics::Collector collector) {
        status_.Update(registry_.metrics().add(owner_, std::move(family), std::move(collector)));
    }
    const absl::Status& status() const noexcept { return status_; }

private:
    api::Registry& registry_;
    std::string owner_;
    absl::Status status_;
};

absl::Status add_interface_metrics(api::Registry& registry, Router& router);
absl::Status add_graph_metrics(api::Registry& registry, Router& router);
absl::Status add_worker_metrics(api::Registry& registry, Router& router);
absl::Status add_fragment_metrics(api::Registry& registry, Router& router);
absl::Status add_flow_metrics(api::Registry& registry, Router& router);
absl::Status add_table_metrics(api::Registry& registry, Router& router);

}  // namespace vnet::service
