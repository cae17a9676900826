// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "graph/dry_run.hpp"
#include "vnet/proto/trace.pb.h"
#include "vnet/router.hpp"
#include "vnet/service/steps.hpp"

namespace vnet::service {

/// Tells what would happen to a packet: runs it dry through the graph and puts into words what it
/// met. Control thread.
class Explain {
public:
    explicit Explain(Router& router) : router_(router), steps_(router) {}
    absl::StatusOr<sluice::Explanation> packet(const sluice::ExplainRequest& request) const;

private:
    absl::StatusOr<std::vector<graph::DryRun::Path>> run(const std::vector<std::byte>& bytes,
                                                         interface::Index interface) const;
    sluice::ExplainedPacket describe(const graph::DryRun::Path& path, bool received) const;
    void describe_end(const graph::DryRun::Path& path, sluice::ExplainedPacket& packet) const;
    void add_arcs(const graph::TraceRecord& at, const graph::TraceRecord* next,
                  sluice::ExplainedStep& step) const;
    void add_arc(const graph::Graph::Arc& arc, const graph::Metadata& meta,
                 sluice::ExplainedStep& step) const;
    std::string text(const sluice::ExplainedPacket& packet) const;

    Router& router_;
    const Steps steps_;
};

}  // namespace vnet::service
